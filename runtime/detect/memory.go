package detect

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// Memory is what a Detector holds on the device, in bytes; zero on the CPU.
type Memory struct {
	graph.Memory
	// Batch is how many samples (sets times cell sizes) the refiner sees at once; 0
	// without a refiner.
	Batch int
}

func (m Memory) String() string {
	if m.Batch == 0 {
		return m.Memory.String()
	}
	return fmt.Sprintf("%v with %d samples at once", m.Memory, m.Batch)
}

// Memory reports what the Detector holds.
func (d *Detector) Memory() Memory { return d.memory }

// count sums the plans; a parameter that several places read is there once.
func (m *Memory) count(plans []*graph.Plan, graphs ...*graph.Graph) {
	m.Memory = graph.Memory{}
	seen := map[string]bool{}
	for i, p := range plans {
		if p == nil {
			continue
		}
		one := p.Memory()
		m.IO += one.IO
		m.Arenas += one.Arenas
		m.Live += one.Live
		for _, prm := range graphs[i].Params() {
			if !seen[prm.Name] {
				seen[prm.Name] = true
				m.Params += prm.Tensor.Bytes()
			}
		}
	}
}
