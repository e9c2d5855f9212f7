// The AssemblyScript side of a fusion rule in WebAssembly, contract version 1 (wasm/abi/ABI.md). A rule is a class:
//
//   import { Image, Map, Rule, run } from "../../guest/assemblyscript/drdc";
//   export { drdc_abi, drdc_alloc, drdc_begin, drdc_map, drdc_finish } from "../../guest/assemblyscript/drdc";
//
//   class Mine extends Rule { map(m: Map): void {...} finish(heatmap: usize): f32 {...} }
//   run((image: Image): Rule => new Mine(image));
//
// Build with: asc rule.ts -o rule.wasm -O3 --noAssert --runtime stub --use abort= --exportStart _initialize --enable simd

@external("drdc", "fail") declare function hostFail(text: usize, length: usize): void;
@external("drdc", "number") declare function hostNumber(name: usize, length: usize, value: f64): void;
@external("drdc", "log") declare function hostLog(text: usize, length: usize): void;

/** Ends the image with an error in those words. */
export function fail(text: string): void {
  const bytes = String.UTF8.encode(text);
  hostFail(changetype<usize>(bytes), bytes.byteLength);
}

/** Adds a named number to the result: 1 to 64 characters of a-z 0-9 _ - . and a finite value. */
export function number(name: string, value: f64): void {
  const bytes = String.UTF8.encode(name);
  hostNumber(changetype<usize>(bytes), bytes.byteLength, value);
}

/** Writes a line for the author of the rule. */
export function log(text: string): void {
  const bytes = String.UTF8.encode(text);
  hostLog(changetype<usize>(bytes), bytes.byteLength);
}

/** What a rule knows of an image before its first map. */
export class Image {
  width: i32; // of every map and of the heatmap, pixels
  height: i32;
  maps: i32; // how many will come
  sourceWidth: i32; // of the photo before resizing; 0 when unknown
  sourceHeight: i32;
  meanFilter: i32; // the configured box, pixels, odd
  refined: f32; // heatmap = refined * R + base * B + shift, as configured
  base: f32;
  shift: f32;
  className: string; // the product, or ""
  private params: string;

  constructor(record: usize) {
    this.width = load<i32>(record, 4);
    this.height = load<i32>(record, 8);
    this.maps = load<i32>(record, 12);
    this.sourceWidth = load<i32>(record, 16);
    this.sourceHeight = load<i32>(record, 20);
    this.meanFilter = load<i32>(record, 24);
    this.refined = load<f32>(record, 28);
    this.base = load<f32>(record, 32);
    this.shift = load<f32>(record, 36);
    this.className = String.UTF8.decodeUnsafe(load<u32>(record, 40), load<u32>(record, 44));
    this.params = String.UTF8.decodeUnsafe(load<u32>(record, 48), load<u32>(record, 52));
  }

  /** How many pixels a map has. */
  get pixels(): i32 { return this.width * this.height; }

  /** The value of a parameter given by --rule-param key=value, or null. The last one of that key counts. */
  param(key: string): string | null {
    const lines = this.params.split("\n");
    for (let i = lines.length - 1; i >= 0; i--) {
      if (lines[i].startsWith(key + "=")) return lines[i].substring(key.length + 1);
    }
    return null;
  }
}

export const BASE: i32 = 0;
export const REFINED: i32 = 1;

/** One map; its pixels are valid only during the call that gets them. */
@unmanaged export class Map {
  private size: u32;
  index: i32;
  kind: i32; // BASE or REFINED
  timestep: i32; // 1 to 1000; 0 in the base map
  cell: i32; // pixels; 0 in the base map
  scale: i32; // 1 full size, 2 half...; 0 in the base map
  pixels: usize; // address of height * width f32
}

/** Fuses the maps of one image. */
export abstract class Rule {
  constructor(public image: Image) {}
  abstract map(m: Map): void;
  /** Writes all of the heatmap, height * width f32 at that address, and returns the score; both must be finite. */
  abstract finish(heatmap: usize): f32;
}

let start: ((image: Image) => Rule) | null = null;
let rule: Rule | null = null;

/** Says how a rule starts. */
export function run(f: (image: Image) => Rule): void { start = f; }

/** Zeroed room for n f32 that lasts until the end of the image: its address. */
export function zeros(n: i32): usize {
  const at = heap.alloc(<usize>n << 2);
  memory.fill(at, 0, <usize>n << 2);
  return at;
}

/** Adds n f32 at src to those at dst. A round takes 16, for the host looks at the clock in every round of every loop. */
export function add(dst: usize, src: usize, n: i32): void {
  for (; n >= 16; n -= 16, dst += 64, src += 64) {
    v128.store(dst, f32x4.add(v128.load(dst), v128.load(src)));
    v128.store(dst, f32x4.add(v128.load(dst, 16), v128.load(src, 16)), 16);
    v128.store(dst, f32x4.add(v128.load(dst, 32), v128.load(src, 32)), 32);
    v128.store(dst, f32x4.add(v128.load(dst, 48), v128.load(src, 48)), 48);
  }
  for (; n > 0; n--, dst += 4, src += 4) store<f32>(dst, load<f32>(dst) + load<f32>(src));
}

/** Divides n f32 by one number. */
export function divide(v: usize, n: i32, by: f32): void {
  const all = f32x4.splat(by);
  for (; n >= 16; n -= 16, v += 64) {
    v128.store(v, f32x4.div(v128.load(v), all));
    v128.store(v, f32x4.div(v128.load(v, 16), all), 16);
    v128.store(v, f32x4.div(v128.load(v, 32), all), 32);
    v128.store(v, f32x4.div(v128.load(v, 48), all), 48);
  }
  for (; n > 0; n--, v += 4) store<f32>(v, load<f32>(v) / by);
}

/** The mean over the size x size pixels around each pixel that lie inside the image (Eq. 16), in place. */
export function box(v: usize, width: i32, height: i32, size: i32): void {
  const r = size / 2;
  const across = zeros(width * height);
  for (let y = 0; y < height; y++) {
    const row = v + (y * width << 2), sum = across + (y * width << 2);
    for (let i = -r; i <= r; i++) {
      const from = max(0, -i), to = min(width, width - i);
      if (from < to) add(sum + (from << 2), row + (from + i << 2), to - from);
    }
    for (let x = 0; x < width; x++) {
      const at = sum + (x << 2);
      store<f32>(at, load<f32>(at) / <f32>(min(x + r + 1, width) - max(x - r, 0)));
    }
  }
  memory.fill(v, 0, <usize>(width * height) << 2);
  for (let y = 0; y < height; y++) {
    const first = max(y - r, 0), end = min(y + r + 1, height), sum = v + (y * width << 2);
    for (let i = first; i < end; i++) add(sum, across + (i * width << 2), width);
    divide(sum, width, <f32>(end - first));
  }
}

/** Writes R * refined + B * base + S with the weights of the image to the heatmap, which may be refined itself; base is 0 without one. */
export function weigh(heatmap: usize, refined: usize, base: usize, m: Image): void {
  for (let i = 0; i < m.pixels; i++) {
    const at = i << 2;
    let sum = m.refined * load<f32>(refined + at);
    if (base) sum += m.base * load<f32>(base + at);
    store<f32>(heatmap + at, sum + m.shift);
  }
}

/** The largest mean over squares of 16 x 16 pixels inside the heatmap; smaller where the image is (method 4.5). */
export function score(heatmap: usize, width: i32, height: i32): f32 {
  const across = min(16, width), down = min(16, height), wide = width - across + 1;
  const rows = zeros(wide * height), sum = zeros(wide);
  for (let y = 0; y < height; y++) {
    const row = rows + (y * wide << 2);
    for (let i = 0; i < across; i++) add(row, heatmap + (y * width + i << 2), wide);
    divide(row, wide, <f32>across);
  }
  let best = -f32.MAX_VALUE;
  for (let y = 0; y + down <= height; y++) {
    memory.fill(sum, 0, <usize>wide << 2);
    for (let i = 0; i < down; i++) add(sum, rows + ((y + i) * wide << 2), wide);
    divide(sum, wide, <f32>down);
    for (let x = 0; x < wide; x++) best = max(best, load<f32>(sum + (x << 2)));
  }
  return best;
}

export function drdc_abi(): i32 { return 1; }
export function drdc_alloc(bytes: i32): usize { return heap.alloc(<usize>bytes); }
export function drdc_begin(record: usize): void { rule = start!(new Image(record)); }
export function drdc_map(record: usize): void { rule!.map(changetype<Map>(record)); }
export function drdc_finish(heatmap: usize): f32 { return rule!.finish(heatmap); }
