package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Every shell asks the program itself what fits, through
//
//	drdc completion candidates --current=WORD -- WORDS BEFORE IT...
//
// so the scripts hold no list that could grow stale. The word being typed is
// part of a flag because PowerShell before 7.3 drops empty arguments.
func completion() command {
	return command{
		name:    "completion",
		summary: "writes a completion script for a shell",
		args:    "bash|zsh|fish|powershell",
		minArgs: 1,
		maxArgs: -1,
		choices: shells,
		examples: []string{
			`source <(drdc completion bash)`,
			`drdc completion zsh > "${fpath[1]}/_drdc"`,
			`drdc completion fish > ~/.config/fish/completions/drdc.fish`,
			`drdc completion powershell | Out-String | Invoke-Expression`,
		},
		setup: func(flags *pflag.FlagSet) runFunc {
			current := flags.String("current", "", "the word being typed (used by the scripts)")
			flags.Lookup("current").Hidden = true
			return func(_ context.Context, env *environment, args []string) error {
				if args[0] == "candidates" {
					for _, word := range candidates(args[1:], *current) {
						if _, err := fmt.Fprintln(env.stdout, word); err != nil {
							return err
						}
					}
					return nil
				}
				script, ok := scripts()[args[0]]
				if !ok || len(args) > 1 {
					return usageError("completion: want one of %s", strings.Join(shells(), ", "))
				}
				_, err := fmt.Fprint(env.stdout, script)
				return err
			}
		},
	}
}

func shells() []string { return slices.Sorted(maps.Keys(scripts())) }

func scripts() map[string]string {
	return map[string]string{
		"bash": `_drdc() {
    local IFS=$'\n'
    COMPREPLY=($(drdc completion candidates --current="${COMP_WORDS[COMP_CWORD]}" -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null))
}
complete -o default -F _drdc drdc
`,
		"zsh": `#compdef drdc
_drdc() {
    local -a found
    found=("${(@f)$(drdc completion candidates --current="${words[CURRENT]}" -- "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
    if [[ -n "$found" ]]; then
        compadd -- "${found[@]}"
    else
        _files
    fi
}
if [[ "$funcstack[1]" = _drdc ]]; then _drdc "$@"; else compdef _drdc drdc; fi
`,
		"fish": `function __drdc
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (drdc completion candidates --current="$current" -- $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c drdc -f -a '(__drdc)'
`,
		"powershell": `Register-ArgumentCompleter -Native -CommandName drdc -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($wordToComplete) { $words = @($words | Select-Object -SkipLast 1) }
    drdc completion candidates "--current=$wordToComplete" '--' @words | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
`,
	}
}

// offeredValues is the key of a flag's annotation that lists values for
// completion.
const offeredValues = "values"

// offer tells completion what values a flag takes.
func offer(flags *pflag.FlagSet, name string, values ...string) {
	if err := flags.SetAnnotation(name, offeredValues, values); err != nil {
		panic(err) // the flag was not declared: a mistake in this package
	}
}

// candidates lists what the current word may become, given the words before
// it. No candidates means a file name.
func candidates(before []string, current string) []string {
	_, name, after, err := split(before)
	if err != nil {
		// A flag that still waits for its value ends the line.
		name, after = "", before
	}
	flags := flagSet(name)
	words := commandNames
	uses := usesDevice | usesSeed | usesProfile // before a command's name
	if name != "" {
		c, ok := find(name)
		if !ok {
			return nil
		}
		c.setup(flags)
		words, uses = c.choices, c.uses
	}
	new(common).declare(flags)
	hideUnused(flags, uses)

	if len(after) > 0 {
		if f := valueFlag(flags, after[len(after)-1]); f != nil {
			return withPrefix(f.Annotations[offeredValues], current)
		}
	}
	if strings.HasPrefix(current, "-") {
		var names []string
		flags.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		})
		return withPrefix(append(names, "--help"), current)
	}
	if flags.Parse(after) != nil || flags.NArg() > 0 || words == nil {
		return nil
	}
	return withPrefix(words(), current)
}

// valueFlag is the flag that a word names, if the next word is its value.
func valueFlag(flags *pflag.FlagSet, word string) *pflag.Flag {
	var f *pflag.Flag
	switch {
	case strings.HasPrefix(word, "--"):
		f = flags.Lookup(word[2:])
	case len(word) == 2 && word[0] == '-':
		f = flags.ShorthandLookup(word[1:])
	}
	if f == nil || f.NoOptDefVal != "" {
		return nil
	}
	return f
}

func withPrefix(words []string, prefix string) []string {
	var found []string
	for _, w := range words {
		if strings.HasPrefix(w, prefix) {
			found = append(found, w)
		}
	}
	slices.Sort(found)
	return found
}
