// Drawing a heatmap, in painter.js: its colours, and the line around what is above the threshold.

const side = 320; // pixels of the longer side that colours are computed for

// range is the values that get the first and the last colour, as the command line has them: around the threshold, equal in all images,
// or without one from the smallest to the largest value of this image.
export function range(heatmap, threshold) {
  if (threshold > 0) return [threshold / 2, threshold * 1.5];
  let lo = Infinity, hi = -Infinity;
  for (const v of heatmap.values) {
    lo = Math.min(lo, v);
    hi = Math.max(hi, v);
  }
  return [lo, hi > lo ? hi : lo + 1];
}

// enlarge scales the values by bilinear interpolation to about side pixels.
export function enlarge({width, height, values}) {
  const k = Math.max(1, Math.round(side / Math.max(width, height)));
  const w = width * k, h = height * k, out = new Float32Array(w * h);
  const tap = (o, n) => {
    const at = Math.min(Math.max((o + 0.5) / k - 0.5, 0), n - 1), a = Math.floor(at);
    return [a, Math.min(a + 1, n - 1), at - a];
  };
  const xs = Array.from({length: w}, (_, x) => tap(x, width));
  for (let y = 0; y < h; y++) {
    const [a, b, down] = tap(y, height);
    for (let x = 0; x < w; x++) {
      const [l, r, across] = xs[x];
      const top = values[a * width + l] * (1 - across) + values[a * width + r] * across;
      const bottom = values[b * width + l] * (1 - across) + values[b * width + r] * across;
      out[y * w + x] = top * (1 - down) + bottom * down;
    }
  }
  return {width: w, height: h, values: out};
}

// colour gives an enlarged map its colours. Where solid is false, low values are clear.
export function colour({width, height, values}, [lo, hi], table, solid) {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height), pixels = image.data;
  for (let i = 0; i < values.length; i++) {
    const share = Math.min(Math.max((values[i] - lo) / (hi - lo), 0), 1), c = 3 * Math.round(255 * share);
    pixels[4 * i] = table[c];
    pixels[4 * i + 1] = table[c + 1];
    pixels[4 * i + 2] = table[c + 2];
    pixels[4 * i + 3] = solid ? 255 : Math.round(255 * share);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas.transferToImageBitmap();
}

// contour is the line where an enlarged map crosses the threshold, as an SVG path in its pixels (marching squares).
export function contour({width, height, values}, threshold) {
  const parts = [];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const kind = (values[at] >= threshold) | (values[at + 1] >= threshold) << 1 | (values[at + width + 1] >= threshold) << 2 | (values[at + width] >= threshold) << 3;
      if (kind === 0 || kind === 15) continue;
      const v = [values[at], values[at + 1], values[at + width + 1], values[at + width]];
      const cut = (a, b) => (threshold - v[a]) / (v[b] - v[a]);
      const edges = [() => [x + cut(0, 1), y], () => [x + 1, y + cut(1, 2)], () => [x + cut(3, 2), y + 1], () => [x, y + cut(0, 3)]];
      const crossed = [0, 1, 2, 3].filter(e => (kind >> e & 1) !== (kind >> (e + 1) % 4 & 1)).map(e => edges[e]());
      for (let i = 0; i + 1 < crossed.length; i += 2) {
        const [[x0, y0], [x1, y1]] = [crossed[i], crossed[i + 1]];
        parts.push(`M${(x0 + 0.5).toFixed(1)} ${(y0 + 0.5).toFixed(1)}L${(x1 + 0.5).toFixed(1)} ${(y1 + 0.5).toFixed(1)}`);
      }
    }
  }
  return parts.join('');
}
