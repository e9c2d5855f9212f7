// The worker that paints heatmaps, so that the page answers meanwhile. To {heatmap, threshold, colours, solid} it answers
// {picture, bar, lo, hi, width, height, line}: the heatmap and the scale as ImageBitmaps, the values that got the first and the
// last colour, and the line around what is above the threshold as a path in pixels of the picture.

import {maps} from './colours.js';
import {range, enlarge, paint, contour} from './draw.js';

addEventListener('message', ({data: {heatmap, threshold, colours, solid}}) => {
  const big = enlarge(heatmap), [lo, hi] = range(heatmap, threshold), table = maps[colours];
  const picture = paint(big, [lo, hi], table, solid);
  const bar = paint({width: 256, height: 1, values: Float32Array.from({length: 256}, (_, i) => i)}, [0, 255], table, true);
  const line = threshold === null ? '' : contour(big, threshold);
  postMessage({picture, bar, lo, hi, width: big.width, height: big.height, line}, [picture, bar]);
});
