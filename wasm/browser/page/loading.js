// What the page says while it gets ready, and when it cannot.

const $ = id => document.getElementById(id);
const order = ['program', 'download', 'load', 'compile', 'ready'];
const titles = {program: 'Starting the program', download: 'Fetching the model', load: 'Loading the weights', compile: 'Compiling the shaders'};
export const size = n => n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.max(Math.round(n / 1e3), 1)} kB`;

let downloading = false, last = '';

// progress shows a stage of Detector.open; '' begins.
export function progress(stage, done = 0, total = 0) {
  if (stage !== last) performance.mark(last = stage || 'program');
  const kind = stage.split(' ')[0] || 'program';
  if (kind === 'download') downloading = !total || done < total;
  else if (downloading && kind === 'load') return; // weights are loaded as they come
  $('loading').hidden = false;
  $('loading-stage').textContent = titles[kind] + (stage.includes(' ') ? `: ${stage.split(' ')[1]}` : '');
  $('loading-count').textContent = !total ? done ? size(done) : '' : kind === 'download' ? `${size(done)} of ${size(total)}` : `${done} of ${total}`;
  const bar = $('loading-bar');
  if (total) Object.assign(bar, {max: total, value: done});
  else bar.removeAttribute('value');
  for (const li of $('loading-stages').children) {
    const at = order.indexOf(li.dataset.stage), now = order.indexOf(kind);
    li.className = at < now ? 'done' : at === now ? 'now' : '';
  }
}

export function ready() {
  downloading = false;
  $('loading').hidden = true;
}

const causes = {
  'no-webgpu': ['This browser cannot run the detector', [
    'It needs WebGPU, which current versions of Chrome, Edge, Safari and Firefox have on most machines.',
    'Chrome on Linux may want it switched on: chrome://flags/#enable-unsafe-webgpu.',
    'WebGPU is there only on pages from https or from this machine (localhost).',
    'Without WebGPU: drdc detect does the same on the command line.',
  ]],
  'no-adapter': ['WebGPU finds no GPU', [
    'Is hardware acceleration switched off in the browser’s settings?',
    'Is the graphics driver up to date? The browser says more at chrome://gpu or about:support.',
    'A browser that lost its GPU several times takes a new start.',
  ]],
  'too-large': ['The model does not fit this GPU', [
    'Close other tabs and programs that use the GPU.',
    'Choose a smaller model, or settings with fewer cells and sets.',
  ]],
  'device-lost': ['The GPU was lost', ['The driver may have been reset, or memory ran out. Try again, or with a smaller model.']],
  'network': ['The model cannot be fetched', ['Is the server still there? Is this machine online?']],
  'model': ['This file cannot be used as a model', ['It may be damaged, or made by a newer version: drdc inspect --verify says what is wrong.']],
  'program': ['The program does not run', ['The tab may have run out of memory: close other tabs, and reload the page.']],
};

// fail shows an error of Detector.open.
export function fail(error) {
  ready();
  const [title, ways] = causes[error.code] ?? ['Something went wrong', []];
  $('failure-title').textContent = title;
  $('failure-text').textContent = `${error.message[0]?.toUpperCase() ?? ''}${error.message.slice(1)}.`;
  $('failure-ways').replaceChildren(...ways.map(text => Object.assign(document.createElement('li'), {textContent: text})));
  $('again').hidden = error.code === 'no-webgpu';
  $('failure').hidden = false;
}

export function calm() { $('failure').hidden = true; }
