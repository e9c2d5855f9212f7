// Colour maps: 256 colours each, as bytes of red, green and blue. Lightness rises evenly, so that they are readable in grey and for the
// colour-blind. ember is that of the command line (runtime/imgio/colormap.go); lagoon is a cold one by the same construction, a path in
// OKLCh (Ottosson 2020).

const cube = v => v * v * v;
const gamma = v => v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055; // IEC 61966-2-1

function oklch(light, chroma, hue) {
  const a = chroma * Math.cos(hue), b = chroma * Math.sin(hue);
  const l = cube(light + 0.3963377774 * a + 0.2158037573 * b);
  const m = cube(light - 0.1055613458 * a - 0.0638541728 * b);
  const s = cube(light - 0.0894841775 * a - 1.2914855480 * b);
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
  ];
}

// path makes a map whose hue turns from one angle to another, in degrees.
function path(from, to) {
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const t = i / 255, hue = (from + (to - from) * t) * Math.PI / 180;
    let chroma = 0.05 + 0.17 * Math.sin(Math.PI * t) ** 0.8, rgb;
    do {
      rgb = oklch(0.22 + 0.72 * t, chroma, hue);
      chroma *= 0.99;
    } while (Math.min(...rgb) < 0 || Math.max(...rgb) > 1);
    table.set(rgb.map(v => Math.round(255 * gamma(v))), 3 * i);
  }
  return table;
}

function grey() {
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) table.fill(i, 3 * i, 3 * i + 3);
  return table;
}

export const maps = {ember: path(290, 465), lagoon: path(290, 120), grey: grey()};
