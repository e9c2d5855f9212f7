package job

import (
	"os"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

func TestMain(m *testing.M) {
	workertest.ServeIfAsked()
	serveJobIfAsked()
	os.Exit(m.Run())
}
