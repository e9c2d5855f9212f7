// The page's side of painter.js.

let worker = null, last = 0;
const waiting = new Map(); // number of a job to what settles its promise

// paint has the worker, which begins with the first job, do one; see painter.js.
export function paint(job) {
  if (!worker) {
    worker = new Worker(new URL('painter.js', import.meta.url), {type: 'module', name: 'painter'});
    worker.onmessage = ({data: {number, value, error}}) => {
      const {resolve, reject} = waiting.get(number);
      waiting.delete(number);
      if (error) reject(new Error(error));
      else resolve(value);
    };
  }
  return new Promise((resolve, reject) => {
    waiting.set(++last, {resolve, reject});
    worker.postMessage({number: last, job});
  });
}

// show puts an ImageBitmap into a canvas.
export const show = (canvas, bitmap) => {
  Object.assign(canvas, {width: bitmap.width, height: bitmap.height});
  canvas.getContext('bitmaprenderer').transferFromImageBitmap(bitmap);
};
