// The detector in a web page: import {Detector} from './drdc.js'. Types and documentation are in drdc.d.ts, an example in example.html.
// It must lie beside worker.js, model.js, wasm_exec.js and program.wasm; it touches nothing of the page.

export class DetectError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'DetectError';
    this.code = code;
  }
}

export const missing = () => {
  if (navigator.gpu) return null;
  if (!isSecureContext) return new DetectError('no-webgpu', 'WebGPU needs a page from https or from localhost; this one came over plain http from another machine');
  return new DetectError('no-webgpu', 'this browser has no WebGPU, or it is switched off');
};

export const forgetModels = () => caches.delete('drdc-models');

const boxed = async plugin => plugin && {name: plugin.name, bytes: await plugin.arrayBuffer()};

export class Detector {
  #worker;
  #calls = new Map(); // id to {resolve, reject, on}
  #last = 0;
  #queue = Promise.resolve(); // one call after the other
  #dead = null;

  static async open({model = './model.drdc', digest, settings = {}, plugin, stack = false, onProgress, onLost} = {}) {
    const error = missing();
    if (error) throw error;
    const d = new Detector();
    try {
      await d.#open(model, digest, {...settings, ...(stack && {stack})}, plugin, {progress: onProgress, lost: onLost});
    } catch (e) {
      d.close();
      throw e;
    }
    return d;
  }

  constructor() {
    this.#worker = new Worker(new URL('worker.js', import.meta.url), {type: 'module', name: 'drdc'});
    this.#worker.onmessage = ({data}) => this.#receive(data);
    this.#worker.onerror = e => this.#die(new DetectError('program', `the worker did not start: ${e.message ?? 'worker.js cannot be loaded'}`));
  }

  #receive({id, value, error, event, args, exit}) {
    if (exit) {
      this.#die(new DetectError('program', 'the program ended; memory may have run out. Open the model anew'));
      return;
    }
    const call = this.#calls.get(id);
    if (!call) return;
    if (event) {
      call.on?.[event]?.(...args);
      return;
    }
    this.#calls.delete(id);
    if (error) call.reject(new DetectError(error.code, error.message));
    else call.resolve(value);
  }

  #die(error) {
    this.#dead ??= error;
    this.#worker.terminate();
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }

  #send(call, args, on) {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#calls.set(id, {resolve, reject, on});
      this.#worker.postMessage({id, call, args});
    });
  }

  // run sends a call when those before it are done. An abort before that drops it, later it stops it.
  #run(call, args, on, signal) {
    const stopped = () => new DetectError('stopped', 'stopped');
    const turn = this.#queue.then(async () => {
      if (signal?.aborted) throw stopped();
      const stop = () => this.#send('stop').catch(() => {});
      signal?.addEventListener('abort', stop, {once: true});
      try {
        return await this.#send(call, await args(), on);
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #open(model, digest, settings, plugin, on) {
    const source = model instanceof Blob ? {file: model} : {url: new URL(model, document.baseURI).href, digest};
    this.settings = settings;
    this.info = await this.#run('open', async () => ({model: source, settings, plugin: await boxed(plugin)}), on);
  }

  async configure(settings, {plugin, onProgress, onLost} = {}) {
    const {stack} = this.settings;
    const all = {...settings, ...(stack && {stack})};
    const origin = this.info.origin;
    this.info = {...await this.#run('configure', async () => ({settings: all, plugin: await boxed(plugin)}), {progress: onProgress, lost: onLost}), origin};
    this.settings = all;
    return this.info;
  }

  async detect(image, {name = image.name ?? 'image', onStep, onProgress, onLost, signal} = {}) {
    const blob = image instanceof Blob ? image : new Blob([image]);
    const on = {
      progress: onProgress, lost: onLost,
      step: (timestep, cell, side, pixels) => onStep?.({timestep, cell, image: new ImageData(new Uint8ClampedArray(pixels.buffer), side, side)}),
    };
    const r = await this.#run('detect', async () => ({name, file: await blob.arrayBuffer()}), on, signal);
    return {...r, file: blob};
  }

  async encode({row, heatmap, file}, kind, {threshold = row.threshold} = {}) {
    const bytes = await this.#run('encode', async () => ({kind, file: await file.arrayBuffer(), row, heatmap, threshold}));
    const type = {raw: 'application/octet-stream', image: 'image/jpeg', preview: 'image/jpeg'}[kind] ?? 'image/png';
    return new Blob([bytes], {type});
  }

  close() {
    if (this.#dead) return;
    const gone = new DetectError('closed', 'the detector is closed');
    // The device goes with the worker; a worker that does not answer is ended all the same.
    const end = () => this.#die(gone);
    this.#send('close').then(end, end);
    setTimeout(end, 2000);
  }
}
