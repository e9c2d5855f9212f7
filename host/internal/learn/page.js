"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const add = (parent, name, text, attributes) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  Object.assign(e, attributes);
  parent.append(e);
  return e;
};
const figure = v => v === 0 ? "0" : Math.abs(v) >= 1e-3 && Math.abs(v) < 1e5 ? String(+v.toPrecision(4)) : v.toExponential(2);
const span = s => s < 90 ? s.toFixed(0) + " s" : s < 5400 ? (s / 60).toFixed(0) + " min" : (s / 3600).toFixed(1) + " h";

const last = data.points[data.points.length - 1];
$("lead").textContent = last === undefined ? "No step yet." :
  `${data.steps.toLocaleString("en")} steps` + (last[1] ? `, ${figure(last[1])} epochs` : "") + ` in ${span(data.seconds)}`;

for (const [name, value] of data.settings) {
  add($("settings"), "dt", name);
  add($("settings"), "dd", value);
}
$("cost").hidden = data.cost === null;
if (data.cost !== null) {
  const c = data.cost;
  $("cost-sum").textContent = `${figure(c.step)} s of ${c.clock} time, ${(c.step / c.forward).toFixed(2)} forward passes`;
  for (const k of c.kernels) {
    const row = add($("kernels"), "tr");
    for (const text of [k.phase, k.kernel, String(k.dispatches), (1e3 * k.seconds).toFixed(2), (100 * k.share).toFixed(1) + "%", k.gflops ? k.gflops.toFixed(1) : ""])
      add(row, "td", text);
  }
}
$("shown").hidden = data.rows.length === 0;
for (const row of data.rows) {
  const div = add($("rows"), "div", undefined, {className: "row"});
  add(div, "h3", row.title);
  for (const [caption, png] of row.cells) {
    const f = add(div, "figure");
    add(f, "img", undefined, {src: "data:image/png;base64," + png, alt: caption});
    add(f, "figcaption", caption);
  }
}

// smoothed is a moving average whose start counts as much as it has seen.
function smoothed(values, share) {
  let sum = 0, weight = 0;
  return values.map(v => {
    sum = share * sum + (1 - share) * v;
    weight = share * weight + (1 - share);
    return sum / weight;
  });
}

// ticks are round numbers from low to high, or powers of ten times 1, 2 and 5.
function ticks(low, high, log) {
  const list = [];
  if (log) {
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const m of [1, 2, 5]) list.push(m * 10 ** e);
  } else {
    const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find(m => m * power >= raw);
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) list.push(v);
  }
  return list.filter(v => v >= low && v <= high);
}

const W = 1040, H = 380, left = 64, right = 28, top_ = 12, bottom = 34;
function draw() {
  $("chart").textContent = "";
  if (data.points.length < 2) return;
  const log = $("log").checked, steps = data.points.map(p => p[0]), losses = data.points.map(p => Math.max(p[2], 1e-30));
  const curve = smoothed(losses, $("smoothing").value / 100), shown = $("raw").checked ? losses.concat(curve) : curve;
  let low = Math.min(...shown), high = Math.max(...shown);
  if (low === high) high = low * 1.1 + 1e-9;
  const map = log ? Math.log : v => v;
  const x = s => left + (s - steps[0]) / (steps[steps.length - 1] - steps[0]) * (W - left - right);
  const y = v => top_ + (map(high) - map(v)) / (map(high) - map(low)) * (H - top_ - bottom);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Loss from ${figure(losses[0])} to ${figure(losses[losses.length - 1])}`);
  const put = (name, attributes, text) => {
    const e = document.createElementNS(svg.namespaceURI, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    if (text !== undefined) e.textContent = text;
    svg.append(e);
    return e;
  };
  for (const v of ticks(low, high, log)) {
    put("line", {class: "grid", x1: left, x2: W - right, y1: y(v), y2: y(v)});
    put("text", {x: left - 8, y: y(v) + 4, "text-anchor": "end"}, figure(v));
  }
  for (const v of ticks(steps[0], steps[steps.length - 1], false))
    put("text", {x: x(v), y: H - 12, "text-anchor": "middle"}, v.toLocaleString("en"));
  const path = values => values.map((v, i) => (i ? "L" : "M") + x(steps[i]).toFixed(1) + " " + y(v).toFixed(1)).join("");
  if ($("raw").checked) put("path", {class: "raw", d: path(losses)});
  put("path", {class: "smooth", d: path(curve)});
  const at = put("line", {class: "at", y1: top_, y2: H - bottom, visibility: "hidden"});
  svg.addEventListener("pointermove", e => {
    const box = svg.getBoundingClientRect(), px = (e.clientX - box.left) / box.width * W;
    let i = 0;
    while (i < steps.length - 1 && x(steps[i]) < px) i++;
    at.setAttribute("visibility", "visible");
    at.setAttribute("x1", x(steps[i]));
    at.setAttribute("x2", x(steps[i]));
    const p = data.points[i];
    $("read").textContent = `step ${p[0].toLocaleString("en")}` + (p[1] ? `, epoch ${figure(p[1])}` : "") +
      `: loss ${figure(p[2])}, smoothed ${figure(curve[i])}, gradient ${figure(p[3])}, learning rate ${figure(p[4])}`;
  });
  $("chart").append(svg);
}
for (const id of ["log", "raw", "smoothing"]) $(id).addEventListener("input", draw);
draw();
