// The images of the page, and the queue that looks at one after the other.

import {paint, show} from './paint.js';

const thumbSide = 104; // pixels of the shorter side
const thumbsAtOnce = 2;
const keptSteps = 24; // images whose steps are kept; those of one are some megabytes

// limited runs at most so many functions at a time, in turn.
const limited = most => {
  const waiting = [];
  let running = 0;
  const next = async () => {
    if (running === most || !waiting.length) return;
    running++;
    await waiting.shift()();
    running--;
    next();
  };
  return f => {
    waiting.push(f);
    next();
  };
};
const thumbnails = limited(thumbsAtOnce);

export class Item {
  #url = '';

  constructor(blob, name) {
    this.blob = blob;
    this.name = name;
    this.state = 'waiting'; // then 'running', then 'done' or 'failed'
    this.steps = []; // {timestep, cell, image: ImageData}
    this.result = null;
    this.error = null;
  }

  // url is made when it is needed: the browser waits for another process then.
  get url() { return this.#url ||= URL.createObjectURL(this.blob); }

  get score() { return this.result?.row.score ?? null; }

  // row is the line of results.jsonl, judged by a threshold.
  row(threshold) {
    if (!this.result) return {path: this.name, error: this.error?.message ?? 'not done'};
    return {...this.result.row, threshold, anomalous: threshold === null ? null : this.score >= threshold};
  }

  // thumbnail draws a small picture of a file when it is its turn. Browsers cannot decode all that the program can: then bare is true.
  thumbnail(canvas, blob = this.blob) { thumbnails(() => this.#thumbnail(canvas, blob)); }

  async #thumbnail(canvas, blob) {
    if (!canvas.isConnected) return;
    const url = URL.createObjectURL(blob);
    try {
      const img = new Image();
      await new Promise((resolve, reject) => Object.assign(img, {onload: resolve, onerror: reject, src: url}));
      const k = thumbSide / Math.min(img.naturalWidth, img.naturalHeight), side = n => Math.min(Math.max(Math.round(n * k), 1), 8 * thumbSide);
      const {picture} = await paint({blob, width: side(img.naturalWidth), height: side(img.naturalHeight)});
      show(canvas, picture);
    } catch {
      this.bare = true;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  forget() {
    if (this.#url) URL.revokeObjectURL(this.#url);
    if (this.other) URL.revokeObjectURL(this.other);
  }
}

export class Queue {
  items = [];
  #working = false;
  #stop = null;

  // changed(item) is called when an item is, detector() gives the Detector or null.
  constructor(detector, changed) {
    this.detector = detector;
    this.changed = changed;
  }

  add(files) {
    const added = files.map(f => new Item(f, f.name || 'pasted image'));
    this.items.push(...added);
    return added;
  }

  get running() { return this.#working; }

  // again puts items back into the queue.
  again(items) {
    for (const item of items) Object.assign(item, {state: 'waiting', result: null, error: null, steps: []});
  }

  stop() { this.#stop?.abort(); }

  clear() {
    this.stop();
    for (const item of this.items) item.forget();
    this.items = [];
  }

  // work looks at what waits, until nothing does.
  async work() {
    if (this.#working) return;
    this.#working = true;
    this.#stop = new AbortController();
    const {signal} = this.#stop;
    try {
      for (let item; !signal.aborted && this.detector() && (item = this.items.find(i => i.state === 'waiting'));) await this.#do(item, signal);
    } finally {
      this.#working = false;
      this.changed(null);
    }
  }

  async #do(item, signal) {
    item.state = 'running';
    item.note = '';
    this.changed(item);
    try {
      item.result = await this.detector().detect(item.blob, {
        name: item.name, signal,
        onStep: step => {
          item.steps.push(step);
          this.changed(item);
        },
        onLost: times => {
          item.steps = [];
          item.note = `The GPU was lost (${times}); beginning anew`;
          this.changed(item);
        },
      });
      item.state = 'done';
    } catch (e) {
      Object.assign(item, {error: e, state: e.code === 'stopped' ? 'waiting' : 'failed', steps: []});
    }
    const rich = this.items.filter(i => i.steps.length);
    for (const old of rich.slice(0, -keptSteps)) if (old !== item) old.steps = [];
    this.changed(item);
  }
}
