// The worker that makes pictures, so that the page answers meanwhile. To {number, job} it answers {number, value} or {number, error}.
//
// A job {heatmap, threshold, colours, solid} gives {picture, bar, lo, hi, width, height, line}: the heatmap and the scale as
// ImageBitmaps, the values that got the first and the last colour, and the line around what is above the threshold as a path in pixels
// of the picture. A job {blob, width, height} gives an image file of that size: {picture}.

import {maps} from './colours.js';
import {range, enlarge, colour, contour} from './draw.js';

function heat({heatmap, threshold, colours, solid}) {
  const big = enlarge(heatmap), [lo, hi] = range(heatmap, threshold), table = maps[colours];
  const picture = colour(big, [lo, hi], table, solid);
  const bar = colour({width: 256, height: 1, values: Float32Array.from({length: 256}, (_, i) => i)}, [0, 255], table, true);
  const line = threshold === null ? '' : contour(big, threshold);
  return {picture, bar, lo, hi, width: big.width, height: big.height, line};
}

async function shrink({blob, width, height}) {
  return {picture: await createImageBitmap(blob, {resizeWidth: width, resizeHeight: height, resizeQuality: 'medium'})};
}

addEventListener('message', async ({data: {number, job}}) => {
  try {
    const value = await (job.blob ? shrink(job) : heat(job));
    postMessage({number, value}, [value.picture, value.bar].filter(Boolean));
  } catch (e) {
    postMessage({number, error: e.message || String(e)});
  }
});
