"use strict";
// What the pages have in common.
const $ = id => document.getElementById(id);

// Element with attributes, listeners (on...) and children; text is never read as HTML.
function el(name, attrs, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v !== null && v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}
function svg(name, attrs, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attrs)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}
const digits = v => Number(v.toPrecision(4)).toString();
const count = n => n.toLocaleString("en");

const tile = (value, label, kind) => el("div", { class: "tile " + (kind || "") }, el("b", {}, value), el("span", {}, label));
const entry = (dl, k, v, code) => dl.append(el("dt", {}, k), el("dd", {}, code ? el("code", {}, v) : v));

$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
