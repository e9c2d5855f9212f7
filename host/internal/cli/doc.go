// Package cli is the command line of drdc: the table of commands, their flags,
// help, shell completion, exit codes, signals and progress. It may import
// runtime, weights, wasm/abi and the rest of host; nothing imports it but
// host/drdc.
//
// Output. Stdout carries machine output only: JSON with --json, and completion
// scripts. Everything for people goes to stderr.
//
// To add a command: one file NAME.go with a function that returns its command,
// and one line in the table of commands.go.
//
//	func hello() command {
//		return command{
//			name:     "hello",
//			summary:  "greets a class of images",
//			args:     "CLASS",
//			minArgs:  1,
//			maxArgs:  1,
//			examples: []string{"drdc hello screw"},
//			setup: func(flags *pflag.FlagSet) runFunc {
//				loud := flags.Bool("loud", false, "greet in capitals")
//				return func(ctx context.Context, env *environment, args []string) error {
//					...
//					return env.printJSON(greeting)
//				}
//			},
//		}
//	}
package cli
