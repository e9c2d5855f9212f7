package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// tree makes files below a new folder: those that end in png as pictures of 4 x 4
// px, others with the text after "=".
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range files {
		name, text, _ := strings.Cut(f, "=")
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		data := []byte(text)
		if strings.HasSuffix(name, ".png") && text == "" {
			data = picture(t, 4, 4, 255)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// picture is a PNG of one grey level.
func picture(t *testing.T, w, h int, level uint8) []byte {
	t.Helper()
	img, err := imgio.NewRGB(w, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = level
	}
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// show lists a set with paths relative to root.
func show(root string, s *Set) string {
	var b strings.Builder
	rel := func(p string) string {
		r, err := filepath.Rel(root, p)
		if err != nil || p == "" {
			return "-"
		}
		return filepath.ToSlash(r)
	}
	for _, c := range s.Classes {
		fmt.Fprintf(&b, "%s\n", c)
		for _, v := range c.Samples {
			fmt.Fprintf(&b, "  %s %s %s\n", v.Defect, rel(v.Path), rel(v.Mask))
		}
		for _, n := range c.Notes {
			fmt.Fprintf(&b, "  note %s\n", filepath.ToSlash(strings.TrimPrefix(n, root)))
		}
	}
	return b.String()
}

const visaHead = "object,split,label,image,mask\n"

func TestLayouts(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		want  string
	}{
		{
			"MVTec, two classes",
			[]string{
				"readme.txt=x", "b/train/good/1.png", "b/train/good/0.png", "b/test/good/0.png", "b/test/cut/0.png", "b/ground_truth/cut/0_mask.png",
				"b/train/good/.hidden.png", "b/train/good/notes.txt=x", "b/ground_truth/cut/7_mask.png", "a/train/good/0.PNG",
			},
			`a (mvtec): 1 train, 0 good and 0 defective test images
   a/train/good/0.PNG -
b (mvtec): 2 train, 1 good and 1 defective test images
   b/train/good/0.png -
   b/train/good/1.png -
   b/test/good/0.png -
  cut b/test/cut/0.png b/ground_truth/cut/0_mask.png
  note /b/ground_truth/cut/7_mask.png: mask without a picture
`,
		},
		{
			"BTAD, a mask of another ending",
			[]string{"01/train/ok/0.bmp=x", "01/test/ok/1.bmp=x", "01/test/ko/2.bmp=x", "01/ground_truth/ko/2.png"},
			`01 (btad): 1 train, 1 good and 1 defective test images
   01/train/ok/0.bmp -
   01/test/ok/1.bmp -
  ko 01/test/ko/2.bmp 01/ground_truth/ko/2.png
`,
		},
		{
			"VisA converted",
			[]string{"nut/train/good/0.jpg=x", "nut/test/bad/1.JPG=x", "nut/ground_truth/bad/1.png"},
			`nut (mvtec): 1 train, 0 good and 1 defective test images
   nut/train/good/0.jpg -
  bad nut/test/bad/1.JPG nut/ground_truth/bad/1.png
`,
		},
		{
			"VisA raw, one of two classes here",
			[]string{
				"split_csv/1cls.csv=" + visaHead + "nut,train,normal,nut/Data/Images/Normal/0.JPG,\nnut,test,normal,nut/Data/Images/Normal/1.JPG,\n" +
					"nut,test,anomaly,nut/Data/Images/Anomaly/0.JPG,nut/Data/Masks/Anomaly/0.png\nfoo,train,normal,foo/Data/Images/Normal/0.JPG,\n",
				"nut/Data/Images/Normal/0.JPG=x", "nut/Data/Images/Normal/1.JPG=x", "nut/Data/Images/Anomaly/0.JPG=x", "nut/Data/Masks/Anomaly/0.png",
			},
			`nut (visa): 1 train, 1 good and 1 defective test images
   nut/Data/Images/Normal/0.JPG -
   nut/Data/Images/Normal/1.JPG -
  bad nut/Data/Images/Anomaly/0.JPG nut/Data/Masks/Anomaly/0.png
  note : class "foo" of the split table is not here
`,
		},
		{
			"folders of good parts",
			[]string{"bolt/b.png", "bolt/line2/a.png", "nut/0.png"},
			`bolt (folder): 2 train, 0 good and 0 defective test images
   bolt/b.png -
   bolt/line2/a.png -
nut (folder): 1 train, 0 good and 0 defective test images
   nut/0.png -
`,
		},
		{
			"no ground truth at all",
			[]string{"a/train/good/0.png", "a/test/cut/0.png"},
			`a (mvtec): 1 train, 0 good and 1 defective test images
   a/train/good/0.png -
  cut a/test/cut/0.png -
`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, test.files...)
			s, err := Open(root)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(root, s); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// TestClassFolder opens one class by its own folder, also as "." inside it.
func TestClassFolder(t *testing.T) {
	root := tree(t, "bolt/train/good/0.png", "bolt/train/good/1.png")
	t.Chdir(filepath.Join(root, "bolt"))
	for _, dir := range []string{".", filepath.Join(root, "bolt"), "../bolt/"} {
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		train, err := s.Train()
		if err != nil {
			t.Fatal(err)
		}
		if len(train) != 2 || train[0].Class != "bolt" || train[1].Path != filepath.Join(dir, "train", "good", "1.png") {
			t.Errorf("%s: %+v", dir, train)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		is    error
		want  string // parts of the error, after one another
	}{
		{"nothing", nil, ErrEmpty, "no pictures and no class folders"},
		{"only text", []string{"a.txt=x"}, ErrEmpty, "no pictures"},
		{"an empty class", []string{"a/train/good/0.png", "b/train/good/"}, ErrEmpty, `class "b"`},
		{"a folder of nothing", []string{"a/train/good/0.png", "b/c/d.txt=x"}, ErrLayout, "b: unknown layout"},
		{"unlabelled train", []string{"a/train/0.png"}, ErrLayout, "train: unknown layout: 1 pictures without a label"},
		{"defects in train", []string{"a/train/good/0.png", "a/train/cut/0.png"}, ErrLayout, "good parts only"},
		{"folders in a kind", []string{"a/train/good/x/0.png"}, ErrLayout, "good: unknown layout: folders below"},
		{"a missing mask", []string{"a/test/cut/0.png", "a/test/cut/1.png", "a/ground_truth/cut/0_mask.png"}, ErrMask, "1.png: mask missing or ambiguous: no 1_mask.png"},
		{"a missing mask folder", []string{"a/test/cut/0.png", "a/test/dent/0.png", "a/ground_truth/cut/0_mask.png"}, ErrMask, `"dent" has no folder`},
		{"two masks", []string{"a/test/cut/0.png", "a/ground_truth/cut/0_mask.png", "a/ground_truth/cut/0.png"}, ErrMask, "0.png and 0_mask.png"},
		{"one mask, two pictures", []string{"a/test/cut/0.png", "a/test/cut/0.jpg=x", "a/ground_truth/cut/0.png"}, ErrMask, "belongs to another picture"},
		{"good beside bad", []string{"good/0.png", "scratched/0.png"}, ErrLayout, `"good" is a label`},
		{"a stray picture above classes", []string{"preview.png", "a/train/good/0.png", "a/test/cut/0.png"}, ErrLayout, "test: unknown layout: below"},
		{"bad parts below good ones", []string{"a/0.png", "a/bad/0.png"}, ErrLayout, "bad: unknown layout: below"},
		{"VisA without table", []string{"a/Data/Images/Normal/0.JPG=x"}, ErrLayout, "split_csv/1cls.csv"},
		{"VisA, other columns", []string{"split_csv/1cls.csv=a,b,c,d,e\n"}, ErrLayout, "columns [a b c d e]"},
		{"VisA, short row", []string{"split_csv/1cls.csv=" + visaHead + "a,b\n"}, ErrLayout, "wrong number of fields"},
		{"VisA, no file", []string{"split_csv/1cls.csv=" + visaHead + "a,train,normal,a/0.jpg,\n", "a/"}, fs.ErrNotExist, "row 2: stat"},
		{"VisA, no class", []string{"split_csv/1cls.csv=" + visaHead + "a,train,normal,a/0.jpg,\n"}, ErrEmpty, "none of the class folders"},
		{"VisA, a way out", []string{"split_csv/1cls.csv=" + visaHead + "a,train,normal,../0.jpg,\n"}, ErrLayout, "leads out"},
		{"VisA, a class that is a way out", []string{"split_csv/1cls.csv=" + visaHead + "..,train,normal,0.jpg,\n"}, ErrLayout, "no folder name"},
		{"VisA, split", []string{"split_csv/1cls.csv=" + visaHead + "a,val,normal,a/0.jpg,\n"}, ErrLayout, `split "val"`},
		{"VisA, label", []string{"split_csv/1cls.csv=" + visaHead + "a,test,odd,a/0.jpg,\n"}, ErrLayout, `label "odd"`},
		{"VisA, anomaly to learn", []string{"split_csv/1cls.csv=" + visaHead + "a,train,anomaly,a/0.jpg,m.png\n"}, ErrLayout, "in the train half"},
		{"VisA, no mask", []string{"split_csv/1cls.csv=" + visaHead + "a,test,anomaly,a/0.jpg,\n"}, ErrMask, "no mask for a/0.jpg"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, test.files...)
			s, err := Open(root)
			if !errors.Is(err, test.is) {
				t.Fatalf("got %+v and error %v, want %v", s, err, test.is)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), root) {
				t.Errorf("error %q, want %q and the path", err, test.want)
			}
		})
	}
	if _, err := Open(); !errors.Is(err, ErrEmpty) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "absent") {
		t.Errorf("absent folder: %v", err)
	}
	one, two := tree(t, "a/train/good/0.png"), tree(t, "a/train/good/0.png")
	if _, err := Open(one, two); !errors.Is(err, ErrClash) || !strings.Contains(err.Error(), one) || !strings.Contains(err.Error(), two) {
		t.Errorf("a class twice: %v", err)
	}
}

// TestLinks follows links, as data sets are often linked into place, and ends on
// one that leads to a folder above.
func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs rights that a test does not have")
	}
	root := tree(t, "real/train/good/0.png", "set/", "loop/0.png")
	for from, to := range map[string]string{"set/bolt": "../real", "loop/again": "."} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(filepath.Join(root, "set"))
	if err != nil || len(s.Classes) != 1 || s.Classes[0].Name != "bolt" || len(s.Classes[0].Samples) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := Open(filepath.Join(root, "loop")); !errors.Is(err, ErrLayout) {
		t.Errorf("a loop: %v", err)
	}
}

func TestHalves(t *testing.T) {
	for _, test := range []struct {
		name        string
		files       []string
		train, test string // part of the error, or ""
	}{
		{"one image to learn from", []string{"a/train/good/0.png", "a/test/good/0.png"}, `class "a": too few images: 1 training images`, ""},
		{"no test", []string{"a/train/good/0.png", "a/train/good/1.png"}, "", `class "a": too few images: 0 test images`},
		{"one class of two", []string{"a/0.png", "a/1.png", "b/0.png"}, `class "b": too few images: 1`, `0 test`},
		{"no train", []string{"a/test/good/0.png"}, "0 training images", ""},
	} {
		s, err := Open(tree(t, test.files...))
		if err != nil {
			t.Fatal(err)
		}
		_, train := s.Train()
		_, measure := s.Test()
		for _, half := range []struct {
			err  error
			want string
		}{{train, test.train}, {measure, test.test}} {
			if half.want == "" && half.err == nil {
				continue
			}
			if half.want == "" || !errors.Is(half.err, ErrEmpty) || !strings.Contains(half.err.Error(), half.want) {
				t.Errorf("%s: error %v, want %q", test.name, half.err, half.want)
			}
		}
	}
}

func TestTruth(t *testing.T) {
	root := tree(t)
	write := func(name string, data []byte) string {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lim := imgio.DefaultLimits()
	for _, test := range []struct {
		name   string
		sample Sample
		want   string
	}{
		{"good", Sample{}, "[0 0 0 0] false 0x0"},
		{"no mask", Sample{Anomalous: true}, "[] false 0x0"},
		{"full", Sample{Anomalous: true, Mask: write("full.png", picture(t, 8, 6, 255))}, "[1 1 1 1] false 8x6"},
		{"level 1 counts", Sample{Anomalous: true, Mask: write("one.png", picture(t, 2, 2, 1))}, "[1 1 1 1] false 2x2"},
		{"empty", Sample{Anomalous: true, Mask: write("empty.png", picture(t, 5, 5, 0))}, "[] true 5x5"},
	} {
		got, err := test.sample.Truth(2, 2, lim)
		if err != nil {
			t.Fatal(err)
		}
		if s := fmt.Sprintf("%v %v %dx%d", got.Labels, got.Empty, got.MaskW, got.MaskH); s != test.want || (got.Labels == nil) != strings.HasPrefix(test.want, "[] ") {
			t.Errorf("%s: %s, want %s", test.name, s, test.want)
		}
	}
	broken := Sample{Path: write("a.png", []byte("not a picture")), Mask: write("b.png", picture(t, 9, 9, 0)[:40]), Anomalous: true}
	if _, err := broken.Load(lim); !errors.Is(err, imgio.ErrFormat) || !strings.Contains(err.Error(), broken.Path) {
		t.Errorf("broken picture: %v", err)
	}
	if _, err := broken.Truth(2, 2, lim); !errors.Is(err, imgio.ErrCorrupt) || !strings.Contains(err.Error(), broken.Mask) {
		t.Errorf("broken mask: %v", err)
	}
	gone := Sample{Path: filepath.Join(root, "gone.png")}
	if _, err := gone.Load(lim); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "gone.png") {
		t.Errorf("missing picture: %v", err)
	}
}

// TestCheckMask: a mask that belongs to another picture is found before anything runs.
func TestCheckMask(t *testing.T) {
	root := tree(t)
	write := func(name string, data []byte) string {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lim := imgio.DefaultLimits()
	part, cut := write("part.png", picture(t, 8, 6, 90)), write("cut.png", picture(t, 8, 6, 90)[:60])
	for _, test := range []struct {
		name   string
		sample Sample
		want   error
		text   string
	}{
		{"good", Sample{Path: "nowhere.png"}, nil, ""},
		{"its own", Sample{Path: part, Mask: write("own.png", picture(t, 8, 6, 255))}, nil, ""},
		{"of a larger one", Sample{Path: part, Mask: write("large.png", picture(t, 16, 12, 255))}, ErrMaskSize, "large.png: mask of another size than its picture: 16 x 12 px, " + part + " has 8 x 6"},
		{"turned", Sample{Path: part, Mask: write("turned.png", picture(t, 6, 8, 255))}, ErrMaskSize, "6 x 8 px"},
		{"broken", Sample{Path: part, Mask: write("broken.png", []byte("no picture"))}, imgio.ErrFormat, "broken.png"},
		{"of a broken picture", Sample{Path: write("bad.png", []byte("no picture")), Mask: filepath.Join(root, "own.png")}, nil, ""},
		{"of a picture cut short", Sample{Path: cut, Mask: filepath.Join(root, "own.png")}, nil, ""},
		{"of no picture", Sample{Path: filepath.Join(root, "gone.png"), Mask: filepath.Join(root, "own.png")}, fs.ErrNotExist, "gone.png"},
	} {
		err := test.sample.CheckMask(lim)
		if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %v with %q", test.name, err, test.want, test.text)
		}
	}
}

// TestRealData counts the sets that their README describes.
func TestRealData(t *testing.T) {
	const root = "../../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Logf("no real data: %v; nothing was checked", err)
		return
	}
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.Classes {
		got = append(got, c.String())
	}
	want := "cookie (mvtec): 31 train, 14 good and 32 defective test images; mtd (mvtec): 761 train, 191 good and 392 defective test images"
	if strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	samples, err := s.Test()
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for _, v := range samples {
		if err := v.CheckMask(imgio.DefaultLimits()); err != nil {
			t.Error(err)
		}
		truth, err := v.Truth(224, 224, imgio.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if truth.Empty {
			empty++
		}
	}
	if empty != 6 { // counted with PIL; the README of the data names four of them
		t.Errorf("%d empty masks, want the 6 of mtd", empty)
	}
}
