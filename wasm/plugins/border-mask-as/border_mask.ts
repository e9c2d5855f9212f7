// The paper's fusion, but blind along the border: `--rule-param left=12 --rule-param top=0 --rule-param right=0 --rule-param bottom=0`
// pixels of the heatmap get the smallest value of the rest. For the fixture that shows at the left edge of every photo.
import { add, BASE, box, divide, fail, Image, Map, Rule, run, score, zeros } from "../../guest/assemblyscript/drdc";
export { drdc_abi, drdc_alloc, drdc_begin, drdc_map, drdc_finish } from "../../guest/assemblyscript/drdc";

class BorderMask extends Rule {
  refined: usize;
  base: usize = 0; // 0 without a base map
  count: i32 = 0;
  left: i32;
  top: i32;
  right: i32; // the first column that is hidden again
  bottom: i32;

  constructor(image: Image) {
    super(image);
    this.refined = zeros(image.pixels);
    this.left = margin(image, "left");
    this.top = margin(image, "top");
    this.right = image.width - margin(image, "right");
    this.bottom = image.height - margin(image, "bottom");
    if (this.left >= this.right || this.top >= this.bottom) fail("the borders leave nothing");
  }

  map(m: Map): void {
    const n = this.image.pixels;
    if (m.kind == BASE) {
      this.base = zeros(n);
      add(this.base, m.pixels, n);
      return;
    }
    add(this.refined, m.pixels, n);
    this.count++;
  }

  finish(heatmap: usize): f32 {
    const m = this.image;
    if (this.count > 0) {
      divide(this.refined, m.pixels, <f32>this.count);
      box(this.refined, m.width, m.height, m.meanFilter);
    }
    let least = f32.MAX_VALUE;
    for (let y = this.top; y < this.bottom; y++) {
      for (let x = this.left; x < this.right; x++) {
        const at = y * m.width + x << 2;
        let v = m.refined * load<f32>(this.refined + at);
        if (this.base) v += m.base * load<f32>(this.base + at);
        v += m.shift;
        store<f32>(heatmap + at, v);
        least = min(least, v);
      }
    }
    for (let y = 0; y < m.height; y++) {
      for (let x = 0; x < m.width; x++) {
        if (y < this.top || y >= this.bottom || x < this.left || x >= this.right) store<f32>(heatmap + (y * m.width + x << 2), least);
      }
    }
    return score(heatmap, m.width, m.height);
  }
}

function margin(image: Image, side: string): i32 {
  const text = image.param(side);
  if (text === null) return 0;
  const v = parseFloat(text);
  if (!(v >= 0 && v <= 4096) || v != Math.floor(v)) fail(side + " is " + text + ", want a whole number of pixels");
  return <i32>v;
}

run((image: Image): Rule => new BorderMask(image));
