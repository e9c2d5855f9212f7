(() => {
  const data = JSON.parse($("data").textContent);
  const rowHeight = 76;

  // verdict: "f" failed, "a" anomalous, "n" normal, "" without a threshold.
  const rows = data.rows.map((r, i) => ({ ...r, index: i, verdict: r.error ? "f" : r.anomalous === null ? "" : r.anomalous ? "a" : "n" }));
  const verdicts = { f: "✕ Failed", a: "▲ Anomalous", n: "✓ Normal", "": "–" };
  const badge = r => el("span", { class: "badge " + r.verdict }, verdicts[r.verdict]);
  const tally = v => rows.reduce((n, r) => n + (r.verdict === v), 0);
  const total = { all: rows.length, a: tally("a"), n: tally("n"), f: tally("f") };
  const scored = rows.filter(r => r.verdict !== "f");
  const hasThreshold = data.threshold !== null;
  const classes = [...new Set(rows.map(r => r.class).filter(Boolean))].sort();

  // What all folders have in common is not shown.
  const folder = path => path.slice(0, path.lastIndexOf("/") + 1);
  let common = rows.length ? folder(rows[0].path) : "";
  for (const r of rows) while (!r.path.startsWith(common)) common = folder(common.slice(0, -1));

  // ---- summary
  $("title").textContent = data.title;
  $("lead").textContent = "Anomaly report, " + count(rows.length) + (rows.length === 1 ? " image" : " images") +
    (data.missing ? ", stopped with " + count(data.missing) + " still to do" : "") + ".";
  $("tiles").append(tile(count(rows.length), "images"));
  if (hasThreshold) $("tiles").append(tile(count(total.a), "anomalous", total.a ? "bad" : ""), tile(count(total.n), "normal", "good"));
  $("tiles").append(tile(count(total.f), "failed", total.f ? "fail" : ""));
  $("tiles").append(tile(hasThreshold ? digits(data.threshold) : "none", "threshold"));
  if (scored.length) {
    const seconds = scored.reduce((s, r) => s + r.seconds, 0) / scored.length;
    $("tiles").append(tile(digits(Math.round(seconds * 1000) / 1000) + " s", "per image"));
  }

  const run = $("run");
  if (common) entry(run, "Images in", common);
  entry(run, "Model", data.model);
  entry(run, "Digest", data.digest, true);
  entry(run, data.adapters.length > 1 ? "Adapters" : "Adapter", data.adapters.join(", ") || "–");
  entry(run, "Fusion rule", data.rule);
  entry(run, "Threshold", hasThreshold ? String(data.threshold) : "none: scores only; drdc calibrate stores one in a model");
  for (const [k, v] of Object.entries(data.settings || {})) entry($("settings"), k, typeof v === "string" ? v : JSON.stringify(v), true);

  // ---- histogram of scores
  function histogram() {
    $("histogram").replaceChildren();
    if (!scored.length) { $("histogram").append(el("p", { class: "empty" }, "No scores.")); return; }
    const W = Math.max(240, $("histogram").clientWidth), H = 215, left = 40, bottom = 26, top = 18, bins = Math.min(48, Math.max(12, Math.ceil(2 * Math.sqrt(scored.length))));
    const values = scored.map(r => r.score);
    let lo = values.reduce((a, b) => Math.min(a, b)), hi = values.reduce((a, b) => Math.max(a, b));
    if (hasThreshold) { lo = Math.min(lo, data.threshold); hi = Math.max(hi, data.threshold); }
    if (hi === lo) hi = lo + (Math.abs(lo) || 1) * 0.1;
    const normal = new Array(bins).fill(0), anomalous = new Array(bins).fill(0);
    for (const r of scored) {
      const b = Math.min(bins - 1, Math.floor((r.score - lo) / (hi - lo) * bins));
      (r.verdict === "a" ? anomalous : normal)[b]++;
    }
    const most = normal.reduce((m, v, i) => Math.max(m, v + anomalous[i]), 1);
    const x = v => left + (v - lo) / (hi - lo) * (W - left - 8), y = n => H - bottom - n / most * (H - bottom - top);
    const picture = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `Histogram of ${scored.length} scores from ${digits(lo)} to ${digits(hi)}` });
    for (const n of [...new Set([0, Math.round(most / 2), most])]) {
      picture.append(svg("line", { class: "axis", x1: left, x2: W - 8, y1: y(n), y2: y(n) }), svg("text", { x: left - 7, y: y(n) + 4, "text-anchor": "end" }, String(n)));
    }
    const step = (W - left - 8) / bins;
    for (let i = 0; i < bins; i++) {
      const at = left + i * step, n = normal[i], a = anomalous[i];
      if (n) picture.append(svg("rect", { class: hasThreshold ? "n" : "none", x: at + 1, y: y(n), width: step - 2, height: y(0) - y(n), rx: 1.5 }));
      if (a) picture.append(svg("rect", { class: "a", x: at + 1, y: y(n + a), width: step - 2, height: y(0) - y(a), rx: 1.5 }));
      const from = lo + (hi - lo) / bins * i, to = lo + (hi - lo) / bins * (i + 1);
      picture.append(svg("rect", { class: "hit", x: at, y: top, width: step, height: H - bottom - top }, svg("title", {}, `${digits(from)} to ${digits(to)}: ${n + a}`)));
    }
    const ticks = W < 420 ? 2 : 4;
    for (let i = 0; i <= ticks; i++) {
      const v = lo + (hi - lo) * i / ticks;
      picture.append(svg("text", { x: x(v), y: H - 8, "text-anchor": i === 0 ? "start" : i === ticks ? "end" : "middle" }, Number(v.toPrecision(3)).toString()));
    }
    if (hasThreshold) {
      const at = x(data.threshold), right = at < W * 0.7;
      picture.append(svg("line", { class: "cut", x1: at, x2: at, y1: 4, y2: y(0) }),
        svg("text", { class: "cut-label", x: at + (right ? 6 : -6), y: 12, "text-anchor": right ? "start" : "end" }, "threshold " + digits(data.threshold)));
    }
    $("histogram").append(picture);
    if (hasThreshold) {
      const key = (c, t) => el("span", {}, el("i", { style: "background:var(--" + c + ")" }), t);
      $("histogram").append(el("div", { class: "legend" }, key("good", "normal"), key("bad", "anomalous")));
    }
  }
  new ResizeObserver(histogram).observe($("histogram"));

  // ---- the table: only rows near the screen exist
  let shown = [], sort = { key: "score", down: true }, filter = "all", words = "", klass = "", active = 0, drawn = "";
  const columns = [
    { key: "thumbs", label: "Image, heatmap" },
    { key: "path", label: "Path", value: r => r.path },
    { key: "score", label: "Score", value: r => r.verdict === "f" ? NaN : r.score, down: true },
    { key: "verdict", label: "Result", value: r => "fan".indexOf(r.verdict) },
    { key: "class", label: "Class", value: r => r.class || "", hide: !classes.length },
    { key: "size", label: "Size", value: r => r.width * r.height, num: true },
    { key: "seconds", label: "Seconds", value: r => r.verdict === "f" ? NaN : r.seconds, num: true, down: true },
  ].filter(c => !c.hide);
  for (const c of columns) {
    $("head").append(el("th", { scope: "col", class: "c-" + c.key + (c.num ? " num" : "") + (c.value ? "" : " plain") },
      c.value ? el("button", { type: "button", onclick: () => { sort = { key: c.key, down: sort.key === c.key ? !sort.down : !!c.down }; update(); } }, c.label) : c.label));
  }
  const options = [["all", "All"]];
  if (hasThreshold) options.push(["a", "Anomalous"], ["n", "Normal"]);
  if (total.f) options.push(["f", "Failed"]);
  for (const [key, label] of options) {
    $("filters").append(el("button", { type: "button", "data-key": key, onclick: () => { filter = key; update(); } }, label + " ", el("small", {}, count(total[key]))));
  }
  if (classes.length) {
    $("class").append(el("option", { value: "" }, "All classes"), ...classes.map(c => el("option", { value: c }, c)));
    $("class").closest("label").hidden = false;
  }
  $("class").addEventListener("change", e => { klass = e.target.value; update(); });
  $("search").addEventListener("input", e => { words = e.target.value.toLowerCase(); update(); });

  function update() {
    const value = columns.find(c => c.key === sort.key).value, sign = sort.down ? -1 : 1;
    shown = rows.filter(r => (filter === "all" || r.verdict === filter) && (!klass || r.class === klass) && (!words || r.path.toLowerCase().includes(words)));
    shown.sort((a, b) => {
      const x = value(a), y = value(b);
      if (x !== x || y !== y) return (x !== x) - (y !== y) || a.index - b.index; // failed images last
      return (x < y ? -sign : x > y ? sign : 0) || a.index - b.index;
    });
    active = 0;
    [...$("head").children].forEach((th, i) => {
      if (columns[i].value) th.setAttribute("aria-sort", columns[i].key === sort.key ? sort.down ? "descending" : "ascending" : "none");
    });
    for (const b of $("filters").children) b.setAttribute("aria-pressed", String(b.dataset.key === filter));
    $("empty").hidden = shown.length > 0;
    $("table").setAttribute("aria-rowcount", String(shown.length + 1));
    $("count").textContent = count(shown.length) + " of " + count(rows.length) + " images shown";
    drawn = "";
    draw();
  }

  const top = scored.reduce((m, r) => Math.max(m, r.score), hasThreshold ? data.threshold : 0) || 1;
  const share = v => Math.max(0, Math.min(100, v / top * 100)) + "%";

  function line(r, i) {
    const slash = r.path.lastIndexOf("/");
    const thumb = (src, alt) => el("span", {}, src ? el("img", { src, alt, loading: "lazy", decoding: "async" }) : null);
    const cells = {
      thumbs: () => el("div", { class: "thumbs" }, thumb(r.image, ""), thumb(r.overlay, "")),
      path: () => [el("span", { class: "name", title: r.path }, r.path.slice(slash + 1)),
        r.error ? el("span", { class: "why", title: r.error }, r.error) : el("span", { class: "dir" }, folder(r.path).slice(common.length, -1))],
      score: () => r.verdict === "f" ? "–" : [el("span", { class: "score" }, digits(r.score)),
        el("span", { class: "meter " + r.verdict }, el("i", { style: "width:" + share(r.score) }), hasThreshold ? el("u", { style: "left:" + share(data.threshold) }) : null)],
      verdict: () => badge(r),
      class: () => r.class || "–",
      size: () => r.verdict === "f" ? "–" : r.width + " × " + r.height,
      seconds: () => r.verdict === "f" ? "–" : r.seconds.toFixed(r.seconds < 10 ? 2 : 1),
    };
    return el("tr", { class: "row", "aria-rowindex": i + 2, "data-i": i, tabindex: i === active ? 0 : -1, "aria-label": r.path + ", " + verdicts[r.verdict].replace(/^\W+/, "") },
      ...columns.map(c => el("td", { class: "c-" + c.key + (c.num ? " num" : "") }, ...[cells[c.key]()].flat())));
  }

  function draw() {
    const at = $("body").getBoundingClientRect().top, extra = 6;
    const from = Math.max(0, Math.min(shown.length, Math.floor(-at / rowHeight) - extra));
    const to = Math.min(shown.length, Math.max(from, Math.ceil((innerHeight - at) / rowHeight) + extra));
    const key = from + "," + to;
    if (key === drawn) return;
    drawn = key;
    const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.i : undefined;
    const pad = n => el("tr", { class: "pad", "aria-hidden": "true" }, el("td", { colspan: columns.length, style: "height:" + n * rowHeight + "px" }));
    $("body").replaceChildren(...(from ? [pad(from)] : []), ...shown.slice(from, to).map((r, i) => line(r, from + i)), ...(to < shown.length ? [pad(shown.length - to)] : []));
    if (focused !== undefined) {
      const row = $("body").querySelector(`[data-i="${focused}"]`);
      if (row) row.focus({ preventScroll: true });
    }
  }
  addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", draw);

  function activate(i) {
    active = Math.max(0, Math.min(shown.length - 1, i));
    const y = $("body").getBoundingClientRect().top + active * rowHeight;
    if (y < 46) scrollBy(0, y - 46);
    else if (y + rowHeight > innerHeight) scrollBy(0, y + rowHeight - innerHeight);
    drawn = "";
    draw();
    const row = $("body").querySelector(`[data-i="${active}"]`);
    if (row) row.focus({ preventScroll: true });
  }
  $("body").addEventListener("click", e => {
    const row = e.target.closest("tr.row");
    if (row) show(Number(row.dataset.i));
  });
  $("body").addEventListener("keydown", e => {
    const row = e.target.closest("tr.row");
    if (!row) return;
    const i = Number(row.dataset.i), page = Math.max(1, Math.floor(innerHeight / rowHeight) - 2);
    const move = { ArrowDown: i + 1, ArrowUp: i - 1, PageDown: i + page, PageUp: i - page, Home: 0, End: shown.length - 1 }[e.key];
    if (move !== undefined) { e.preventDefault(); activate(move); }
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); show(i); }
  });

  // ---- the viewer
  let open = 0, wipe = false;
  // A picture starts with its preview and takes the full file once that is there.
  function picture(img, preview, full, alt) {
    img.alt = alt;
    img.removeAttribute("src");
    if (preview) img.src = preview;
    if (!full) return;
    const want = img.dataset.want = full, loader = new Image();
    loader.onload = () => { if (img.dataset.want === want) img.src = full; };
    loader.src = full;
  }
  function show(i) {
    open = active = i;
    const r = shown[i], failed = r.verdict === "f";
    $("v-name").textContent = r.path;
    $("v-badge").replaceChildren(badge(r));
    $("v-place").textContent = count(i + 1) + " of " + count(shown.length);
    $("v-prev").disabled = i === 0;
    $("v-next").disabled = i === shown.length - 1;
    $("v-error").hidden = !failed;
    $("v-error").textContent = r.error || "";
    for (const f of $("v-stage").querySelectorAll("figure")) f.style.display = failed ? "none" : "";
    $("v-mode").disabled = failed;
    const shows = /\.(png|jpe?g|bmp|webp)$/i.test(r.original || "");
    delete $("v-image").dataset.want;
    delete $("v-overlay").dataset.want;
    picture($("v-image"), r.image, shows ? r.original : "", "Image " + r.path);
    picture($("v-overlay"), r.overlay, r.files && r.files.overlay, "Heatmap over " + r.path);
    const fact = (k, v) => el("span", {}, k + " ", el("b", {}, v));
    const foot = $("v-foot");
    foot.replaceChildren();
    if (!failed) {
      foot.append(fact("Score", String(Number(r.score.toPrecision(6)))));
      if (hasThreshold) foot.append(fact("Threshold", digits(data.threshold)));
      if (r.class) foot.append(fact("Class", r.class));
      foot.append(fact("Size", r.width + " × " + r.height), fact("Time", r.seconds.toFixed(2) + " s"));
      const links = el("span", { class: "links" });
      if (r.original) links.append(el("a", { href: r.original, target: "_blank", rel: "noopener" }, "original"));
      for (const [k, v] of Object.entries(r.files || {})) links.append(el("a", { href: v, target: "_blank", rel: "noopener" }, k));
      foot.append(links);
    }
    layout();
    if (!$("viewer").open) $("viewer").showModal();
  }
  function layout() {
    const on = wipe && shown[open].verdict !== "f";
    $("v-stage").classList.toggle("wipe", on);
    $("v-wipe").hidden = !on;
    $("v-mode").setAttribute("aria-pressed", String(wipe));
    // The slider cuts the heatmap where the picture is, not where its box is.
    const img = $("v-overlay"), box = img.getBoundingClientRect(), r = shown[open];
    const w = on && r.width ? Math.min(box.width, box.height * r.width / r.height) : 0;
    const cut = (box.width - w) / 2 + w * $("v-slider").value / 100;
    img.style.clipPath = on ? `inset(0 0 0 ${cut}px)` : "";
  }
  const step = d => { const i = open + d; if (i >= 0 && i < shown.length) show(i); };
  const toggle = () => { wipe = !wipe; layout(); requestAnimationFrame(layout); };
  $("v-prev").addEventListener("click", () => step(-1));
  $("v-next").addEventListener("click", () => step(1));
  $("v-close").addEventListener("click", () => $("viewer").close());
  $("v-mode").addEventListener("click", toggle);
  $("v-slider").addEventListener("input", layout);
  addEventListener("resize", () => { if ($("viewer").open) layout(); });
  $("viewer").addEventListener("close", () => activate(open));
  $("viewer").addEventListener("click", e => { if (e.target === $("viewer")) $("viewer").close(); });
  $("viewer").addEventListener("keydown", e => {
    const slider = e.target === $("v-slider");
    if (e.key === "ArrowLeft" && !slider) step(-1);
    else if (e.key === "ArrowRight" && !slider) step(1);
    else if (e.key === "w") toggle();
    else return;
    e.preventDefault();
  });

  update();
})();
