package guest

// Kind says which part of the method made a map.
type Kind uint32

const (
	Base    Kind = 0 // the base model
	Refined Kind = 1 // the diffusion refiner
)

// Image is what a rule knows of an image before its first map. ABI.md in wasm/abi explains each field.
type Image struct {
	Width, Height             int     // of every map and of the heatmap, pixels
	Maps                      int     // how many will come
	SourceWidth, SourceHeight int     // of the photo before resizing; 0 when unknown
	MeanFilter                int     // the configured box of the mean filter, pixels, odd
	Weights                   Weights // as configured
	Class                     string  // the product, or ""
	Params                    []Param // of --rule-param
}

// Weights make the heatmap of the two maps: Refined * refined + Base * base + Shift.
type Weights struct{ Refined, Base, Shift float32 }

// Param is a parameter given by --rule-param key=value.
type Param struct{ Key, Value string }

// Map is one map. Pixels, [Height, Width] row by row, are valid only during the call that gets them.
type Map struct {
	Index    int
	Kind     Kind
	Timestep int // 1..1000; 0 in the base map
	Cell     int // pixels; 0 in the base map
	Scale    int // 1 full size, 2 half...; 0 in the base map
	Pixels   []float32
}

// Rule fuses the maps of one image.
type Rule interface {
	// Map takes the next map.
	Map(m Map)
	// Finish writes all of the heatmap, [Height, Width], and returns the score. Both must be finite.
	Finish(heatmap []float32) (score float32)
}

// begin makes the rule of an image; Register sets it.
var begin func(Image) (Rule, error)

// Register says how a rule starts; call it once, in an init function. start gets every image before its maps; its error ends the image
// with those words.
func Register(start func(Image) (Rule, error)) { begin = start }

// Param returns the value of a parameter, and whether it was given. The last one counts.
func (m Image) Param(key string) (string, bool) {
	for i := len(m.Params) - 1; i >= 0; i-- {
		if m.Params[i].Key == key {
			return m.Params[i].Value, true
		}
	}
	return "", false
}
