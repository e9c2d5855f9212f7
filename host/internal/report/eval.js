(() => {
  const data = JSON.parse($("data").textContent);
  const percent = v => v === null || v === undefined ? "–" : (100 * v).toFixed(1);
  const classes = data.classes;
  const total = classes.reduce((n, c) => n + c.images, 0);
  const cutOf = c => c.threshold === undefined ? data.threshold : c.threshold;

  // ---- summary
  $("title").textContent = data.title;
  $("lead").textContent = "Evaluation of " + data.model + " on " + count(total) + (total === 1 ? " image" : " images") + " of " +
    (classes.length === 1 ? "one class" : classes.length + " classes") + (data.left_out.length ? "; " + data.left_out.length + " left out" : "") + ".";
  const mean = data.mean;
  for (const [key, label] of [["image_auroc", "image AUROC"], ["image_ap", "image AP"], ["pixel_auroc", "pixel AUROC"], ["pixel_ap", "pixel AP"], ["aupro", "AUPRO up to 30%"]]) {
    $("tiles").append(tile(percent(mean[key]), label));
  }
  if (data.threshold !== null) $("tiles").append(tile(digits(data.threshold), "threshold"));

  // ---- tables
  const metrics = [["image_auroc", "image AUROC"], ["image_ap", "AP"], ["image_f1max", "F1-max"], ["pixel_auroc", "pixel AUROC"], ["pixel_ap", "AP"], ["pixel_f1max", "F1-max"], ["aupro", "AUPRO"]];
  const counted = (c, anomalous, wrong) => {
    const of = c.scores.filter(s => s[1] === anomalous);
    return el("td", {}, String(of.filter(wrong).length), el("span", { class: "of" }, " of " + of.length));
  };
  const head = (first, ...more) => el("thead", {}, el("tr", {}, el("th", { scope: "col" }, first), ...more.map(t => el("th", { scope: "col" }, t))));
  const cells = m => metrics.map(([key]) => el("td", {}, percent(m[key])));
  const withCut = classes.some(c => cutOf(c) !== null);
  $("classes").append(head("class", "images", ...metrics.map(m => m[1]), ...(withCut ? ["false alarms", "misses"] : [])),
    el("tbody", {}, ...classes.map((c, i) => el("tr", {}, el("td", {}, el("button", { type: "button", onclick: () => { choose(String(i)); $("class").scrollIntoView({ block: "start" }); } }, c.name)),
      el("td", {}, count(c.images)), ...cells(c),
      ...(withCut ? [counted(c, 0, s => s[0] >= cutOf(c)), counted(c, 1, s => s[0] < cutOf(c))] : []))),
    el("tr", { class: "strong" }, el("td", {}, "mean"), el("td", {}, ""), ...cells(mean), ...(withCut ? [el("td", {}, ""), el("td", {}, "")] : []))));
  $("classes-hint").textContent = "In per cent. Image figures come from one score per image, pixel figures from all pixels of a class; AUPRO up to 30% false positives. A dash: no ground truth for it." +
    (withCut ? " False alarms and misses are at the model's threshold." : "");
  if (data.comparison.length) {
    $("compared").hidden = false;
    $("h-compared").textContent = data.compared;
    $("comparison").append(head("", ...metrics.map(m => m[1])), el("tbody", {}, ...data.comparison.map(r => el("tr", {}, el("td", {}, r.name), ...cells(r)))));
    $("notes").append(...data.notes.map(n => el("li", {}, n)));
  }

  // ---- curves
  let chosen = "all";
  $("class").append(el("option", { value: "all" }, "All classes"), ...classes.map((c, i) => el("option", { value: i }, c.name)));
  $("class").addEventListener("change", e => choose(e.target.value));
  function choose(value) {
    chosen = $("class").value = value;
    drawAll();
    cases();
  }
  // A point is [threshold, recall, false-positive rate, precision, overlap].
  const limit = data.pro_limit;
  const charts = [
    { title: "ROC of images", curve: "image_curve", metric: "image_auroc", label: "AUROC", x: 2, y: 1, xName: "false positives", yName: "recall", chance: true },
    { title: "ROC of pixels", curve: "pixel_curve", metric: "pixel_auroc", label: "AUROC", x: 2, y: 1, xName: "false positives", yName: "recall", chance: true },
    { title: "Precision and recall of images", curve: "image_curve", metric: "image_ap", label: "AP", x: 1, y: 3, xName: "recall", yName: "precision", step: true },
    { title: "Precision and recall of pixels", curve: "pixel_curve", metric: "pixel_ap", label: "AP", x: 1, y: 3, xName: "recall", yName: "precision", step: true },
    { title: "Overlap with each region (PRO)", curve: "pixel_curve", metric: "aupro", label: "AUPRO", x: 2, y: 4, xName: "false positives", yName: "overlap", xMax: limit },
  ];
  for (const c of charts) {
    c.box = el("div");
    c.read = el("p", { class: "read" });
    $("charts").append(el("div", { class: "card chart" }, el("h3", {}, c.title), c.box, c.read));
    new ResizeObserver(() => draw(c)).observe(c.box);
  }
  const scores = { box: el("div"), read: el("p", { class: "read" }) };
  $("charts").append(el("div", { class: "card chart" }, el("h3", {}, "Scores of images"), scores.box, scores.read));
  new ResizeObserver(histogram).observe(scores.box);

  // The points of a class's curve up to xMax, from the left edge on.
  function line(chart, c) {
    const points = c[chart.curve];
    if (!points) return null;
    const at = points.map(p => ({ x: p[chart.x], y: p[chart.y], threshold: p[0] }));
    at.unshift({ x: 0, y: chart.step ? at[0].y : 0, threshold: null });
    const end = chart.xMax;
    if (end === undefined) return at;
    const i = at.findIndex(p => p.x > end);
    if (i < 0) return at;
    const a = at[i - 1], b = at[i];
    return [...at.slice(0, i), { x: end, y: a.y + (b.y - a.y) * (end - a.x) / (b.x - a.x), threshold: b.threshold }];
  }
  function axes(picture, W, H, m, xMax, xName, yName, x, y) {
    for (const v of [0, 0.5, 1]) {
      picture.append(svg("line", { class: "axis", x1: m.left, x2: W - m.right, y1: y(v), y2: y(v) }), svg("text", { x: m.left - 7, y: y(v) + 4, "text-anchor": "end" }, String(v)));
      picture.append(svg("text", { x: x(v * xMax), y: H - 20, "text-anchor": v === 0 ? "start" : v === 1 ? "end" : "middle" }, digits(v * xMax)));
    }
    picture.append(svg("text", { x: m.left + (W - m.left - m.right) / 2, y: H - 3, "text-anchor": "middle" }, xName));
    picture.append(svg("text", { x: 11, y: (H - m.bottom + m.top) / 2, "text-anchor": "middle", transform: `rotate(-90 11 ${(H - m.bottom + m.top) / 2})` }, yName));
  }
  function draw(chart) {
    const W = Math.max(230, chart.box.clientWidth), H = 250, m = { left: 46, right: 8, top: 8, bottom: 40 }, xMax = chart.xMax || 1;
    const x = v => m.left + v / xMax * (W - m.left - m.right), y = v => H - m.bottom - v * (H - m.top - m.bottom);
    const picture = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img" });
    axes(picture, W, H, m, xMax, chart.xName, chart.yName, x, y);
    if (chart.chance) picture.append(svg("line", { class: "chance", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
    const path = points => points.map((p, i) => i === 0 ? `M${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}` :
      (chart.step ? `V${y(p.y).toFixed(1)}` : "") + `L${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`).join("");
    const mine = chosen === "all" ? null : classes[chosen];
    let drawn = 0;
    for (const c of classes) {
      const points = line(chart, c);
      if (!points || c === mine) continue;
      drawn++;
      picture.append(svg("path", { class: mine ? "other" : classes.length === 1 ? "mine" : "other", style: mine ? "" : "opacity:.8", d: path(points) }, svg("title", {}, `${c.name}: ${chart.label} ${percent(c[chart.metric])}`)));
    }
    const points = mine && line(chart, mine);
    if (points) {
      const last = points[points.length - 1], first = points[0];
      picture.append(svg("path", { class: "under", d: path(points) + `L${x(last.x)} ${y(0)}L${x(first.x)} ${y(0)}Z` }), svg("path", { class: "mine", d: path(points) }));
    }
    const value = mine ? percent(mine[chart.metric]) : percent(mean[chart.metric]);
    picture.setAttribute("aria-label", `${chart.title}: ${chart.label} ${value}`);
    const rest = mine ? `${mine.name}: ${chart.label} ${value}` : drawn ? `${classes.length > 1 ? "mean " : ""}${chart.label} ${value}` : "";
    chart.read.textContent = (mine ? !points : !drawn) ? "No ground truth for this curve." : rest;
    if (points) {
      const dot = svg("circle", { class: "dot", r: 4.5, visibility: "hidden" });
      picture.append(dot);
      picture.addEventListener("pointermove", e => {
        const at = (e.clientX - picture.getBoundingClientRect().left) / picture.getBoundingClientRect().width * W;
        let best = points[0];
        for (const p of points) if (Math.abs(x(p.x) - at) < Math.abs(x(best.x) - at)) best = p;
        dot.setAttribute("visibility", "visible");
        dot.setAttribute("cx", x(best.x));
        dot.setAttribute("cy", y(best.y));
        chart.read.textContent = `${chart.yName} ${digits(best.y)} at ${chart.xName} ${digits(best.x)}` + (best.threshold === null ? "" : `, threshold ${digits(best.threshold)}`);
      });
      picture.addEventListener("pointerleave", () => {
        dot.setAttribute("visibility", "hidden");
        chart.read.textContent = rest;
      });
    }
    chart.box.replaceChildren(picture);
  }

  function histogram() {
    const picked = chosen === "all" ? classes : [classes[chosen]];
    const all = picked.flatMap(c => c.scores);
    const cut = chosen === "all" ? data.threshold : cutOf(picked[0]);
    const W = Math.max(230, scores.box.clientWidth), H = 250, m = { left: 46, right: 8, top: 20, bottom: 40 };
    const values = all.map(s => s[0]);
    if (cut !== null) values.push(cut);
    let lo = values.reduce((a, b) => Math.min(a, b)), hi = values.reduce((a, b) => Math.max(a, b));
    if (hi === lo) hi = lo + (Math.abs(lo) || 1) * 0.1;
    const bins = Math.min(40, Math.max(10, Math.ceil(2 * Math.sqrt(all.length))));
    const counts = [new Array(bins).fill(0), new Array(bins).fill(0)];
    for (const [v, anomalous] of all) counts[anomalous][Math.min(bins - 1, Math.floor((v - lo) / (hi - lo) * bins))]++;
    const most = Math.max(1, ...counts[0].map((n, i) => n + counts[1][i]));
    const x = v => m.left + (v - lo) / (hi - lo) * (W - m.left - m.right), y = n => H - m.bottom - n / most * (H - m.top - m.bottom);
    const picture = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `Histogram of ${all.length} scores from ${digits(lo)} to ${digits(hi)}` });
    for (const n of [...new Set([0, Math.round(most / 2), most])]) {
      picture.append(svg("line", { class: "axis", x1: m.left, x2: W - m.right, y1: y(n), y2: y(n) }), svg("text", { x: m.left - 7, y: y(n) + 4, "text-anchor": "end" }, String(n)));
    }
    const step = (W - m.left - m.right) / bins;
    for (let i = 0; i < bins; i++) {
      const good = counts[0][i], bad = counts[1][i], at = m.left + i * step + 1;
      if (good) picture.append(svg("rect", { class: "good", x: at, y: y(good), width: step - 2, height: y(0) - y(good), rx: 1.5 }, svg("title", {}, `${good} good`)));
      if (bad) picture.append(svg("rect", { class: "bad", x: at, y: y(good + bad), width: step - 2, height: y(0) - y(bad), rx: 1.5 }, svg("title", {}, `${bad} with defects`)));
    }
    for (const v of [0, 0.5, 1]) picture.append(svg("text", { x: x(lo + (hi - lo) * v), y: H - 20, "text-anchor": v === 0 ? "start" : v === 1 ? "end" : "middle" }, Number((lo + (hi - lo) * v).toPrecision(3)).toString()));
    picture.append(svg("text", { x: m.left + (W - m.left - m.right) / 2, y: H - 3, "text-anchor": "middle" }, "score"));
    if (cut !== null) {
      const at = x(cut), right = at < W * 0.6;
      picture.append(svg("line", { class: "cut", x1: at, x2: at, y1: 4, y2: y(0) }),
        svg("text", { class: "cut-label", x: at + (right ? 6 : -6), y: 14, "text-anchor": right ? "start" : "end" }, "threshold " + digits(cut)));
    }
    const key = (c, t) => el("span", {}, el("i", { style: "background:var(--" + c + ")" }), t);
    scores.box.replaceChildren(picture, el("div", { class: "legend" }, key("good", "good"), key("bad", "with defects")));
  }
  function drawAll() {
    charts.forEach(draw);
    histogram();
  }

  // ---- the worst
  function cases() {
    const picked = chosen === "all" ? classes : [classes[chosen]];
    for (const [id, list, order, none] of [["alarms", "false_alarms", -1, "No good images."], ["misses", "misses", 1, "No images with defects."]]) {
      let worst = picked.flatMap(c => c[list].map(s => ({ ...s, name: c.name, cut: cutOf(c) })));
      // Scores of classes differ; the share of good ones above says how bad a case is.
      if (chosen === "all" && classes.length > 1) worst = worst.sort((a, b) => b.badness - a.badness || order * (a.score - b.score)).slice(0, 9);
      $(id).replaceChildren(...(worst.length ? worst.map(card) : [el("p", { class: "empty" }, none)]));
    }
  }
  function card(s) {
    const anomalous = s.cut !== null && s.score >= s.cut;
    const picture = (src, alt) => el("img", { src, alt, decoding: "async" });
    return el("figure", { class: "card case" },
      el("div", { class: "pair" }, picture(s.image, (s.defect ? "Image with the true outline of the defect: " : "Image: ") + s.path), picture(s.overlay, "Heatmap over the image: " + s.path)),
      el("figcaption", {}, el("b", {}, digits(s.score)), " ", s.name + (s.defect ? ", " + s.defect : ", good"),
        s.cut === null ? null : el("span", { class: "badge " + (anomalous ? "a" : "n") }, anomalous ? "▲ Anomalous" : "✓ Normal"), el("br"), s.path));
  }

  // ---- the run
  if (data.left_out.length) {
    $("left-out").hidden = false;
    $("left").append(...data.left_out.map(l => el("li", {}, l.path + ": " + l.error)));
  }
  entry($("run"), "Data", data.data.join(", "));
  entry($("run"), "Model", data.model);
  entry($("run"), "Digest", data.digest, true);
  entry($("run"), "Adapter", data.adapter);
  entry($("run"), "Fusion rule", data.rule);
  entry($("run"), "Threshold", data.threshold === null ? "none" : String(data.threshold));
  entry($("run"), "Time", digits(data.seconds) + " s");
  for (const [k, v] of Object.entries(data.settings || {})) entry($("settings"), k, typeof v === "string" ? v : JSON.stringify(v), true);
  choose("all");
})();
