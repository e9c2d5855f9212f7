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
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/admit/craft"
)

// mutants is how many mutated modules TestCompile makes.
var mutants = flag.Int("mutants", 100, "mutated modules to compile in a child process")

// only limits the heavy modules to those whose name has these words.
var only = flag.String("heavy", "", "compile only the heavy modules with these words in their names")

// The bounds of compiling what the scanner admits.
const (
	compileTime   = 3 * time.Second
	compileMemory = 256 << 20
)

// child, in the environment, makes TestCompile the process that compiles.
const child = "DRDC_TEST_COMPILE"

// TestCompile compiles, in a child process, the heaviest modules and mutated ones that the scanner admits: in 3 s of processor time
// and 256 MiB each, without a crash, and in three times that always.
func TestCompile(t *testing.T) {
	if os.Getenv(child) != "" {
		compileAll()
		return
	}
	var names []string
	var modules [][]byte
	for name, module := range heavy() {
		if !strings.Contains(name, *only) {
			continue
		}
		if _, err := admit.Scan(module); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		names, modules = append(names, name), append(modules, module)
	}
	heaviest := len(names)
	random := rand.New(rand.NewPCG(1, 2))
	seeds := [][]byte{craft.Minimal().Bytes()}
	for _, name := range []string{"paper-c", "paper-rust", "border-mask-as", "maximum-wat", "cell-weights-rust", "mean-c"} {
		seeds = append(seeds, read(t, prebuilt, name))
	}
	tried := 0
	for len(modules)-heaviest < *mutants {
		module := mutate(random, seeds)
		tried++
		if _, err := admit.Scan(module); err == nil {
			names, modules = append(names, fmt.Sprintf("mutant %d", tried)), append(modules, module)
		}
	}

	var c *compiler
	defer func() { c.stop() }()
	var slowest time.Duration
	var most, valid int
	for i, module := range modules {
		if c == nil {
			c = startCompiler(t)
		}
		r, err := c.compile(module)
		for try := 1; err == nil && *nightly && r.took > compileTime && try < 4; try++ {
			again, failed := c.compile(module)
			r.took, err = min(r.took, again.took), failed
		}
		if err != nil {
			t.Errorf("%s, %d bytes: %v", names[i], len(module), err)
			c.stop()
			c = nil
			continue
		}
		if r.took > compileTime { // a core that is shared takes up to twice as long for the same work
			late(t, "%s, %d bytes: %v, want at most %v", names[i], len(module), r.took, compileTime)
		}
		if r.memory > compileMemory {
			t.Errorf("%s, %d bytes: %d MiB, want at most %d", names[i], len(module), r.memory>>20, compileMemory>>20)
		}
		if i < heaviest {
			t.Logf("%-45s %7d bytes: %8v, %4d MiB, valid %d", names[i], len(module), r.took.Round(time.Millisecond), r.memory>>20, r.valid)
		} else {
			valid += r.valid
		}
		slowest, most = max(slowest, r.took), max(most, r.memory)
	}
	figure(t, "%d heavy modules and %d mutants of %d tried (%d of them valid): slowest %v (3s), most %d MiB (256)", heaviest, len(modules)-heaviest, tried, valid, slowest, most>>20)
}

// compiler is the child process.
type compiler struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	stderr bytes.Buffer
}

// compiled is what one module took.
type compiled struct {
	took          time.Duration // of the processor
	memory, valid int           // bytes; 1 or 0
}

func startCompiler(t *testing.T) *compiler {
	c := &compiler{cmd: exec.Command(os.Args[0], "-test.run=^TestCompile$", "-test.timeout=2h")}
	c.cmd.Env = append(os.Environ(), child+"=1")
	c.cmd.Stderr = &c.stderr
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// compile lets the process have three times the bound, of the processor, for other processes share this machine.
func (c *compiler) compile(module []byte) (r compiled, err error) {
	before := processorTimeOf(c.cmd.Process.Pid)
	tick, done := time.NewTicker(time.Second), make(chan struct{})
	defer tick.Stop()
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if processorTimeOf(c.cmd.Process.Pid)-before > 3*compileTime {
					c.cmd.Process.Kill()
				}
			}
		}
	}()
	if _, err := c.stdin.Write(craft.Join(binary.LittleEndian.AppendUint32(nil, uint32(len(module))), module)); err != nil {
		return r, err
	}
	if !c.lines.Scan() {
		return r, fmt.Errorf("the process ended, at the latest after %v of the processor: %.2000s", 3*compileTime, c.stderr.String())
	}
	_, err = fmt.Sscan(strings.TrimPrefix(c.lines.Text(), "compiled"), (*int64)(&r.took), &r.memory, &r.valid)
	return r, err
}

func (c *compiler) stop() {
	if c != nil {
		c.stdin.Close()
		c.cmd.Wait()
	}
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

// processorTimeOf is that of another process, 0 when it is gone.
func processorTimeOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in brackets may hold spaces; behind it come the state and, 11 fields on, user and system time in ticks of 10 ms.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		panic(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the largest resident memory so far, in bytes; or, with reset, the present one, from which counting starts again.
func peak(reset bool) int {
	field := "VmHWM:"
	if reset {
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			panic(err)
		}
		field = "VmRSS:"
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, _ := bytes.Cut(status, []byte(field))
	var kib int
	if _, err := fmt.Sscan(string(after), &kib); err != nil {
		panic(err)
	}
	return kib << 10
}
