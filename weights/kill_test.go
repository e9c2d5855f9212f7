//go:build unix

package weights

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var kills = flag.Int("kills", 20, "how often TestKillDuringWrite kills a writer; 200 at night")

const killTarget = "DRDC_KILL_TARGET"

// TestMain turns the test program into a writer that never stops when it is told so.
func TestMain(m *testing.M) {
	if path := os.Getenv(killTarget); path != "" {
		fmt.Println("writing")
		for seed := uint64(0); ; seed++ {
			set := []Named{{Name: "base.w", Shape: []int{1 << 16}, Data: gauss(seed%2, 1<<16)}}
			if _, err := Write(path, testMeta, set); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// TestKillDuringWrite kills a writer with SIGKILL at random moments (seed 2): the file is always a whole one.
func TestKillDuringWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.drdc")
	if _, err := Write(path, testMeta, []Named{{Name: "base.w", Shape: []int{1 << 16}, Data: gauss(0, 1<<16)}}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 0))
	for i := range *kills {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), killTarget+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "writing\n" {
			t.Fatalf("the writer says %q (%v)", line, err)
		}
		time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		f, err := Open(path)
		if err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		if err := f.Verify(context.Background(), true, nil); err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		f.Close()
	}
	t.Logf("figure: %d kills of the writer of a model: the file is whole after each", *kills)
}
