package web

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"golang.org/x/image/tiff"
)

// hands does what a user does with the mouse, the keyboard and the camera, on a page
// whose model is ready and that has no image yet.
func (u *use) hands() {
	u.Helper()
	u.drop()
	u.keyboard()
	u.folder()
	u.pick()
	u.camera()
	u.layout("bench")
	if *all {
		u.many()
	}
	u.run(`document.getElementById("clear").click()`)
	u.holds(`document.body.dataset.state === "empty"`)
	u.layout("empty")
}

// write puts files into a folder of their own and returns their paths.
func (u *use) write(files map[string][]byte) (dir string) {
	u.Helper()
	dir = u.TempDir()
	for name, data := range files {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			u.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			u.Fatal(err)
		}
	}
	return dir
}

// drag drops files on the page, as a file manager does.
func (u *use) drag(files ...string) {
	u.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	send := func(what input.DispatchDragEventType) {
		u.Helper()
		u.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, input.DispatchDragEvent, input.DispatchDragEventParams{Type: what, X: 500, Y: 300, Data: data})
			return err
		}))
	}
	before := value[int](u.tab, `document.querySelectorAll("#list li").length`)
	u.run(`const veil = document.getElementById("veil"); self.veiled = false;
		new MutationObserver(() => { self.veiled ||= !veil.hidden; }).observe(veil, {attributes: true})`)
	send(input.DispatchDragEventTypeDragEnter)
	send(input.DispatchDragEventTypeDragOver)
	u.holds(`veiled`)
	send(input.DispatchDragEventTypeDragCancel)
	u.holds(fmt.Sprintf(`document.getElementById("veil").hidden && document.querySelectorAll("#list li").length === %d`, before))
	send(input.DispatchDragEventTypeDragEnter)
	send(input.DispatchDragEventTypeDragOver)
	send(input.DispatchDragEventTypeDrop)
	u.holds(`document.getElementById("veil").hidden`)
}

// length waits until the list has so many images, all of them looked at.
func (u *use) length(n int) {
	u.Helper()
	u.holds(fmt.Sprintf(`document.querySelectorAll("#list li").length === %d`, n))
	u.finished()
}

// says waits until the image of a number has failed, with a text that says so.
func (u *use) says(i int, want string) {
	u.Helper()
	u.choose(i)
	u.holds(`document.getElementById("badge").textContent === "Failed"`)
	u.holds(fmt.Sprintf(`document.getElementById("frame-text").textContent.includes(%q)`, want))
}

// drop: an image that no browser but Safari reads, among files that are none.
func (u *use) drop() {
	u.Helper()
	good, img := example(u.tab, "bolt/good/000.png")
	picture := image.NewNRGBA(image.Rect(0, 0, img.W, img.H))
	for i := range img.W * img.H {
		copy(picture.Pix[4*i:], append(slices.Clone(img.Pix[3*i:3*i+3]), 255))
	}
	var scan bytes.Buffer
	if err := tiff.Encode(&scan, picture, nil); err != nil {
		u.Fatal(err)
	}
	dir := u.write(map[string][]byte{"bolt.tif": scan.Bytes(), "notes.png": []byte("not an image\n"), "bomb.png": bomb(u.T), "empty.jpg": nil, "torn.png": good[:len(good)/2]})
	var files []string
	for _, name := range []string{"notes.png", "bolt.tif", "bomb.png", "empty.jpg", "torn.png"} {
		files = append(files, filepath.Join(dir, name))
	}
	u.drag(files...)
	u.length(5)
	u.holds(`document.getElementById("tally").textContent.endsWith(", 4 failed")`)
	u.says(0, "Unsupported format: starts with \"not an i\"")
	u.shot("not-an-image")
	u.says(2, "65000 x 65000 px")
	u.says(3, "the file is empty")
	u.says(4, "Corrupt file: PNG")
	u.choose(1)
	u.holds(`["Normal", "Anomalous"].includes(document.getElementById("badge").textContent)`)
	u.holds(fmt.Sprintf(`!document.getElementById("photo").hidden && document.getElementById("photo").naturalWidth === %d && document.querySelectorAll("#list canvas")[1].width > 50`, img.W))
	u.shot("some-failed")
}

// bomb is a PNG of 433 bytes that says it has 65000x65000 pixels.
func bomb(t *testing.T) []byte {
	t.Helper()
	img, err := imgio.NewRGB(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	header := data[12 : 12+4+13] // IHDR and what is in it
	binary.BigEndian.PutUint32(header[4:], 65000)
	binary.BigEndian.PutUint32(header[8:], 65000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(header))
	return slices.Concat(data, make([]byte, max(433-len(data), 0)))
}

// many: a photo of 50 megapixels, and 300 images that fail at once.
func (u *use) many() {
	u.Helper()
	img, err := imgio.NewRGB(8000, 6250)
	if err != nil {
		u.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = uint8(i/7 + i/90_000)
	}
	var photo bytes.Buffer
	if err := imgio.EncodeJPEG(&photo, img, 80); err != nil {
		u.Fatal(err)
	}
	files := map[string][]byte{"photo.jpg": photo.Bytes()}
	for i := range 300 {
		files[fmt.Sprintf("torn/%03d.png", i)] = photo.Bytes()[:200]
	}
	dir := u.write(files)
	u.run(`document.getElementById("clear").click()`)
	u.drag(filepath.Join(dir, "photo.jpg"))
	u.length(1)
	u.holds(`document.getElementById("photo").naturalWidth === 8000 && document.querySelector("#list canvas").width > 50`)
	row := string(u.save("json"))
	if !strings.Contains(row, `"width":8000,"height":6250,"score":`) {
		u.Errorf("row of 50 megapixels: %s", row)
	}
	u.shot("50-megapixels")
	u.drag(filepath.Join(dir, "torn"))
	u.length(301)
	u.holds(`document.getElementById("tally").textContent.endsWith(", 300 failed")`)
	u.shot("many")
}

// folder: the images of a dropped folder, by their paths.
func (u *use) folder() {
	u.Helper()
	good, _ := example(u.tab, "bolt/good/000.png")
	dir := u.write(map[string][]byte{"parts/b/10.png": good, "parts/b/9.png": good, "parts/a.png": good, "parts/notes.txt": []byte("left out\n")})
	u.drag(filepath.Join(dir, "parts"))
	u.holds(`document.querySelectorAll("#list li").length === 3`)
	if got := value[[]string](u.tab, `[...document.querySelectorAll("#list li")].map(li => li.title)`); !slices.Equal(got, []string{"parts/a.png", "parts/b/9.png", "parts/b/10.png"}) {
		u.Errorf("a dropped folder gives %q", got)
	}
	u.run(`document.getElementById("clear").click()`)
}

// pick chooses a file in the dialog.
func (u *use) pick() {
	u.Helper()
	good, _ := example(u.tab, "bolt/good/000.png")
	u.do(chromedp.SetUploadFiles("#files", []string{filepath.Join(u.write(map[string][]byte{"picked.png": good}), "picked.png")}))
	u.holds(`document.getElementById("h-name").textContent === "picked.png"`)
	u.run(`document.getElementById("clear").click()`)
}

// camera takes a picture with the browser's imitation of one.
func (u *use) camera() {
	u.Helper()
	u.run(`document.getElementById("camera").click()`)
	u.holds(`document.getElementById("camera-dialog").open && document.querySelector("#camera-dialog video").videoWidth > 0`)
	u.shot("camera")
	u.run(`self.stream = document.querySelector("#camera-dialog video").srcObject; document.querySelector("#camera-dialog .shoot").click()`)
	u.holds(`document.querySelectorAll("#list li").length === 1`)
	size := value[string](u.tab, `(() => { const v = document.querySelector("#camera-dialog video"); return '"width":' + v.videoWidth + ',"height":' + v.videoHeight; })()`)
	u.run(`document.querySelector("#camera-dialog .turn").click()`)
	u.holds(`document.querySelector("#camera-dialog video").srcObject && document.querySelector("#camera-dialog video").srcObject !== stream`)
	u.run(`document.querySelector("#camera-dialog .close").click()`)
	u.holds(`!document.getElementById("camera-dialog").open && document.querySelector("#camera-dialog video").srcObject === null`)
	u.holds(`stream.getTracks().every(t => t.readyState === "ended")`)
	u.length(1)
	row := string(u.save("json"))
	if !strings.Contains(row, `"path":"camera-`) || !strings.Contains(row, size) {
		u.Errorf("row of a picture of the camera: %s, want %s", row, size)
	}
	// There is a way to it beside the images, too.
	u.run(`document.getElementById("camera-more").click()`)
	u.holds(`document.getElementById("camera-dialog").open && document.querySelector("#camera-dialog video").videoWidth > 0`)
	u.do(chromedp.KeyEvent(kb.Escape))
	u.holds(`!document.getElementById("camera-dialog").open && document.querySelector("#camera-dialog video").srcObject === null`)
}

// keyboard reaches every control by Tab, and uses the page without a mouse.
func (u *use) keyboard() {
	u.Helper()
	key := func(k string) {
		u.Helper()
		u.do(chromedp.KeyEvent(k))
	}
	u.run(`document.activeElement.blur()`)
	key(kb.Tab)
	u.holds(`document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().width > 60`)
	key(kb.Enter)
	u.holds(`document.activeElement.id === "main"`)
	key("?")
	u.holds(`document.getElementById("keys").open`)
	key(kb.Escape)
	u.holds(`!document.getElementById("keys").open`)
	u.run(`document.getElementById("settings").open = true; document.activeElement.blur(); scrollTo(0, 0)`)
	// Each control that can be seen has its turn, and shows that it has it.
	want := value[[]string](u.tab, named+`[...document.querySelectorAll("button, input, select, summary, a[href], [tabindex='0']")].filter(e => !e.disabled && e.checkVisibility({visibilityProperty: true}) && e.tabIndex >= 0).map(named)`)
	got := map[string]bool{}
	for range len(want) + 1 { // once it is the browser's turn
		key(kb.Tab)
		if value[bool](u.tab, `document.activeElement === document.body`) {
			continue
		}
		got[value[string](u.tab, named+`named(document.activeElement)`)] = true
		if !value[bool](u.tab, `getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
			u.Errorf("%s has the focus and does not show it", value[string](u.tab, named+`named(document.activeElement)`))
		}
	}
	for _, name := range want {
		if !got[name] {
			u.Errorf("Tab does not reach %s", name)
		}
	}
	if len(want) < 30 {
		u.Errorf("%d controls", len(want))
	}
	u.run(`document.getElementById("settings").open = false; document.getElementById("list").focus()`)
	u.choose(1)
	key(kb.ArrowUp)
	u.holds(`document.querySelectorAll("#list li")[0].getAttribute("aria-selected") === "true" && document.getElementById("list").getAttribute("aria-activedescendant") === document.querySelectorAll("#list li")[0].id`)
	key(kb.ArrowRight)
	u.holds(`document.querySelectorAll("#list li")[1].getAttribute("aria-selected") === "true"`)
	key("w")
	u.holds(`!document.getElementById("divider").hidden`)
	key("i")
	u.holds(`document.getElementById("heat").hidden`)
	key("o")
	u.holds(`!document.getElementById("heat").hidden`)
	before := value[float64](u.tab, `document.getElementById("threshold-number").valueAsNumber`)
	key("+")
	u.holds(fmt.Sprintf(`document.getElementById("threshold-number").valueAsNumber > %g`, before))
	u.run(`document.getElementById("clear").focus()`)
	key(kb.Enter)
	u.holds(`document.body.dataset.state === "empty"`)
}

// named calls a control by what it is.
const named = `self.named ??= e => e.id || e.name || e.dataset?.view || e.dataset?.kind || e.dataset?.step || e.className || e.textContent.trim().slice(0, 20) || e.tagName; `

// layout looks at a state on a wide and on a narrow screen, light and dark: nothing is
// wider than the screen, and all texts can be told from what is behind them.
func (u *use) layout(state string) {
	u.Helper()
	for _, width := range []int64{1360, 360} {
		u.do(chromedp.EmulateViewport(width, 900))
		for _, theme := range []string{"light", "dark"} {
			u.theme(theme)
			u.run(`for (const d of document.querySelectorAll("details")) d.open = true`)
			if wide := value[[]string](u.tab, wider); len(wide) > 0 {
				u.Errorf("%s at %d px, %s: these are wider than the screen: %q", state, width, theme, wide)
			}
			// Half a second after a change of theme no transition runs.
			if pale := value[[]string](u.tab, pale); len(pale) > 0 {
				u.Errorf("%s at %d px, %s: these are hard to read: %q", state, width, theme, pale)
			}
			u.shot(fmt.Sprintf("%s-%d-%s", state, width, theme))
		}
	}
	u.run(`for (const d of document.querySelectorAll("details")) d.open = false`)
	u.do(chromedp.EmulateViewport(1360, 1000))
	u.theme("light")
}

// theme has the browser ask for a light or a dark page, as a desktop does.
func (u *use) theme(name string) {
	u.Helper()
	u.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	}))
	u.holds(`getComputedStyle(document.body).backgroundColor === "` + map[string]string{"light": "rgb(245, 246, 248)", "dark": "rgb(15, 19, 26)"}[name] + `"`)
}

// wider lists what reaches over the edge of the screen and cannot be scrolled to inside
// of something.
const wider = `(() => {
	const scrolls = e => e && (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
	const out = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(e.parentElement));
	return [...document.documentElement.scrollWidth > innerWidth ? ["the page"] : [], ...out.map(e => e.tagName + " " + (e.id || e.className))];
})()`

// pale lists the texts whose contrast is below 4.5 (WCAG 2.2, 1.4.3).
const pale = `(() => {
	const parse = c => { const [r, g, b, a = 1] = c.match(/[0-9.]+/g).map(Number); return {rgb: [r, g, b], a}; };
	const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
	const light = rgb => { const [r, g, b] = rgb.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), bad = [];
	for (let n; (n = texts.nextNode());) {
		const e = n.parentElement;
		if (!n.data.trim() || !e.checkVisibility({opacityProperty: true, visibilityProperty: true}) || e.closest(":disabled, option, .sr, noscript, script")) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color).rgb), light(behind(e))], contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < 4.5) bad.push(n.data.trim().slice(0, 30) + " " + contrast.toFixed(2));
	}
	return bad;
})()`
