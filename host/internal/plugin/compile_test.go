package plugin_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
)

// mutants is how many mutated modules TestCompile makes.
var mutants = flag.Int("mutants", 100, "mutated modules to compile in a child process")

// The bounds of compiling what the scanner admits.
const (
	compileTime   = 3 * time.Second
	compileMemory = 256 << 20
)

// child, in the environment, makes TestCompile the process that compiles.
const child = "DRDC_TEST_COMPILE"

// heavy are modules at the limits, each the worst of its kind that was found.
func heavy() map[string][]byte {
	getSet := func(n int) []byte {
		var b []byte
		for i := range n {
			b = join(b, []byte{0x20}, uleb(uint64(i)), []byte{0x41, 1, 0x6a, 0x21}, uleb(uint64(i)))
		}
		return b
	}
	loops := func(nested, locals int) []byte {
		b := join(bytes.Repeat([]byte{0x03, 0x40}, nested), getSet(locals))
		for range nested {
			b = join(b, []byte{0x20, 0, 0x0d, 0, 0x0b})
		}
		return b
	}
	beside := func(n int) []byte {
		return bytes.Repeat(join([]byte{0x03, 0x40}, []byte{0x20, 0, 0x41, 1, 0x6a, 0x21, 0, 0x20, 0, 0x0d, 0, 0x0b}), n)
	}
	ifs := func(nested, locals int) []byte {
		var b []byte
		for i := range nested {
			b = join(b, []byte{0x20, 0, 0x04, 0x40, 0x41, 1, 0x21}, uleb(uint64(i%locals)))
		}
		for i := range nested {
			b = join(b, []byte{0x05, 0x41, 2, 0x21}, uleb(uint64(i%locals)), []byte{0x0b})
		}
		return b
	}
	live := func(n int) []byte {
		b := bytes.Repeat([]byte{0x20, 0, 0x41, 1, 0x6a}, n)
		return join(b, bytes.Repeat([]byte{0x6a}, n-1), []byte{0x1a})
	}
	table := func(n int) []byte {
		one := join([]byte{0x02, 0x40, 0x20, 0, 0x0e}, uleb(4096), make([]byte, 4097), []byte{0x0b})
		return bytes.Repeat(one, n)
	}
	loads := bytes.Repeat([]byte{0x41, 0, 0x41, 0, 0x28, 2, 0, 0x36, 2, 0}, 13_000)
	calls := bytes.Repeat([]byte{0x10, 5}, 65_000)
	vectors := bytes.Repeat(join([]byte{0xfd, 0x0c}, make([]byte, 16), []byte{0x1a}), 6_800)
	return map[string][]byte{
		"nested loops that carry 1,000 locals":   extras(32, locals(1000, loops(1000, 1000)...)),
		"nested loops that carry 200 locals":     extras(160, locals(200, loops(1000, 200)...)),
		"8,000 loops side by side":               extras(16, locals(250, beside(8000)...)),
		"nested ifs that set 1,000 locals":       extras(32, locals(1000, ifs(1000, 1000)...)),
		"20,000 values at once":                  extras(32, locals(1, live(20_000)...)),
		"31 tables of 4,096 targets a function":  extras(32, locals(1, table(31)...)),
		"128 KiB of loads and stores a function": extras(31, code(loads...)),
		"65,000 calls a function":                extras(31, code(calls...)),
		"128-bit constants":                      extras(31, code(vectors...)),
		"10,000 functions":                       extras(9_990, locals(20, getSet(20)...)),
	}
}

// TestCompile compiles, in a child process, the heaviest modules and mutated ones that the scanner admits: in 3 s of processor time
// and 256 MiB each, without a crash.
func TestCompile(t *testing.T) {
	if os.Getenv(child) != "" {
		compileAll()
		return
	}
	var names []string
	var modules [][]byte
	for name, module := range heavy() {
		if _, err := plugin.Scan(module); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		names, modules = append(names, name), append(modules, module)
	}
	heaviest := len(names)
	random := rand.New(rand.NewPCG(1, 2))
	seeds := [][]byte{minimal().bytes()}
	for _, name := range []string{"paper-c", "paper-rust", "border-mask-as", "maximum-wat", "cell-weights-rust", "mean-c"} {
		seeds = append(seeds, read(t, prebuilt, name))
	}
	tried := 0
	for len(modules)-heaviest < *mutants {
		module := mutate(random, seeds)
		tried++
		if _, err := plugin.Scan(module); err == nil {
			names, modules = append(names, fmt.Sprintf("mutant %d", tried)), append(modules, module)
		}
	}

	cmd := exec.Command(os.Args[0], "-test.run=^TestCompile$", "-test.timeout=2h")
	cmd.Env = append(os.Environ(), child+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	lines := bufio.NewScanner(stdout)
	var slowest time.Duration
	var most, valid int
	for i, module := range modules {
		length := binary.LittleEndian.AppendUint32(nil, uint32(len(module)))
		if _, err := stdin.Write(join(length, module)); err != nil {
			t.Fatalf("%s: %v: %s", names[i], err, stderr.String())
		}
		var took time.Duration
		var memory, ok int
		if !lines.Scan() {
			t.Fatalf("%s: the process ended: %.2000s", names[i], stderr.String())
		}
		if _, err := fmt.Sscan(strings.TrimPrefix(lines.Text(), "compiled"), &took, &memory, &ok); err != nil {
			t.Fatalf("%s: %q: %v", names[i], lines.Text(), err)
		}
		if took > compileTime || memory > compileMemory {
			t.Errorf("%s, %d bytes: %v and %d MiB, want at most %v and %d MiB", names[i], len(module), took, memory>>20, compileTime, compileMemory>>20)
		}
		if i < heaviest {
			t.Logf("%-45s %7d bytes: %8v, %4d MiB, valid %d", names[i], len(module), took.Round(time.Millisecond), memory>>20, ok)
		} else {
			valid += ok
		}
		slowest, most = max(slowest, took), max(most, memory)
	}
	figure(t, "%d heavy modules and %d mutants of %d tried (%d of them valid): slowest %v (3s), most %d MiB (256)", heaviest, len(modules)-heaviest, tried, valid, slowest, most>>20)
}

// compileAll compiles what comes on stdin and writes for each module the processor time, the bytes of memory that the process
// grew by at most, and whether it was valid.
func compileAll() {
	in := bufio.NewReader(os.Stdin)
	for {
		var length uint32
		if binary.Read(in, binary.LittleEndian, &length) != nil {
			return
		}
		module := make([]byte, length)
		if _, err := io.ReadFull(in, module); err != nil {
			panic(err)
		}
		before, start := peak(true), processorTime()
		p, err := plugin.Open(context.Background(), module, plugin.Options{Deadline: time.Second})
		took := processorTime() - start
		memory := peak(false) - before
		if err == nil {
			p.Close(context.Background())
		}
		valid := 1
		if err != nil {
			valid = 0
		}
		fmt.Printf("compiled %d %d %d\n", took, max(0, memory), valid)
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
