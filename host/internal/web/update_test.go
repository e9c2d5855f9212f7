package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestUpdate: a new version of the page is fetched in the background and there on the
// next visit, and no page ever runs files of two versions: not one that is open when
// the new version comes, and not from a host that has only half of the new files.
func TestUpdate(t *testing.T) {
	version := func(name string) *Site {
		s := newSite(t)
		// A worker that says which versions the files that it imports have.
		if err := s.add("probe.js", []byte(`import "./draw.js"; postMessage([...self.versions].join());`)); err != nil {
			t.Fatal(err)
		}
		// A page without WebGPU is soon done.
		s.amend(t, fmt.Sprintf("\n(self.versions ??= new Set()).add(%q);\n", name), map[string]string{"page.js": "delete Navigator.prototype.gpu;\n"})
		return s
	}
	first, second, third := version("first"), version("second"), version("third")
	v := serveSite(t, first, nil)
	p := openTab(t)
	visit := func(p tab, want string) {
		t.Helper()
		p.do(chromedp.Navigate(v.url))
		p.settles(`document.body.dataset.state === "failed" && [...self.versions].join() === "` + want + `"`)
	}
	// has is how many versions the browser keeps, and which one a page and a worker of it
	// get when they ask for files.
	has := func(what string, p tab, want string) {
		t.Helper()
		got := later[string](p, `const kept = (await caches.keys()).filter(k => k.startsWith("drdc-page-")).length;
			const worker = new Worker("probe.js", {type: "module"});
			const inside = await new Promise((resolve, reject) => { worker.onmessage = e => resolve(e.data); worker.onerror = reject; });
			worker.terminate();
			return [kept, /add\("(.*)"\)/.exec(await (await fetch("painter.js")).text())[1], inside].join(" ");`)
		if got != want {
			t.Errorf("%s: versions kept, and that of a file: %s, want %s", what, got, want)
		}
	}
	const update = `const r = await navigator.serviceWorker.getRegistration(), rest = () => new Promise(f => setTimeout(f, 20));
		const before = r.active;
		await r.update().catch(() => {});
		while (r.installing || r.waiting || r.active?.state !== "activated") await rest();`

	visit(p, "first")
	later[any](p, update+`while (!navigator.serviceWorker.controller) await rest();`)
	has("first visit", p, "1 first first")

	v.change(second)
	visit(p, "first") // while the second version is fetched
	later[any](p, update)
	has("the new version has come", p, "2 first first")
	visit(p, "second")
	has("next visit", p, "2 second second") // the first may have been open a moment ago

	// A host that is being updated: the list of files is new, one of them is old.
	half := version("third")
	half.files["stage.js"] = second.files["stage.js"]
	v.change(half)
	visit(p, "second")
	later[any](p, update)
	has("half of an update", p, "2 second second")
	visit(p, "second")

	// Each of two tabs keeps the version that it was opened with.
	v.change(third)
	later[any](p, update)
	other := p.another()
	visit(other, "third")
	has("a new tab", other, "3 third third")
	has("the old tab", p, "3 second second")
	// What no page has is dropped, once it is not new.
	later[any](p, `const pins = await caches.open("drdc-pins");
		for (const k of await pins.keys()) await pins.put(k, new Response(await (await pins.match(k)).text(), {headers: {Date: new Date(0).toUTCString()}}));`)
	visit(other, "third")
	later[any](other, `while ((await caches.keys()).filter(k => k.startsWith("drdc-page-")).length !== 2) await new Promise(f => setTimeout(f, 20));`)
	has("the old tab has its version", p, "2 second second")
	visit(p, "third")
	has("all tabs are new", p, "2 third third")
}

// settles waits until an expression is true, through reloads of the page.
func (p tab) settles(expression string) {
	p.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var holds bool
		if holds, err = chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression)); holds {
			return
		}
	}
	p.Log(later[any](p, `const r = await navigator.serviceWorker.getRegistration(); return [r.installing?.state, r.waiting?.state, r.active?.state, navigator.serviceWorker.controller?.state, document.visibilityState, document.readyState, document.body.dataset.state, [...self.versions ?? []].join(), performance.now(), performance.getEntriesByType("resource").map(e=>e.name.split("/").pop() + Math.round(e.startTime) + "+" + Math.round(e.duration)), await caches.keys()].join(" ");`))
	p.Fatalf("%s does not hold: %v\n%s", expression, err, value[string](p, `document.body?.innerText ?? ""`))
}
