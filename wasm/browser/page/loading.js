// What the page says while it gets ready, and when it cannot.

const $ = id => document.getElementById(id);
const titles = {program: 'Starting the program', download: 'Fetching the model', load: 'Loading the weights', compile: 'Compiling the shaders'};
export const size = n => n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.max(Math.round(n / 1e3), 1)} kB`;

// sentence makes one of an error of the program, without the parts of it that say where it comes from.
export const sentence = (error, name = '') => {
  const text = error.message.replace(/^([a-z]+: )+/, '').replace(`${JSON.stringify(name)}: `, '');
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
};

// stages holds what is done of each stage, and the total (0: not known). Some run at the same time.
const stages = new Map();

const sum = kind => [...stages].filter(([stage]) => stage.split(' ')[0] === kind).reduce(([a, b], [, [done, total]]) => [a + done, b + total], [0, 0]);
const runs = kind => [...stages].some(([stage, [done, total]]) => stage.split(' ')[0] === kind && (!total || done < total));

// progress shows a stage of Detector.open; '' begins.
export function progress(stage, done = 0, total = 0) {
  if (!stage) stages.clear();
  if (!stages.has(stage || 'program')) performance.mark(stage || 'program');
  stages.set(stage || 'program', [done, total]);
  if (stage) stages.set('program', [1, 1]);
  // Of what runs, that which takes longest from then on.
  const kind = ['download', 'compile', 'load'].find(runs) ?? (stages.size > 1 ? 'compile' : 'program');
  [done, total] = sum(kind);
  $('loading').hidden = false;
  $('loading-stage').textContent = titles[kind];
  $('loading-count').textContent = !total ? done ? size(done) : '' : kind === 'download' ? `${size(done)} of ${size(total)}` : `${done} of ${total}`;
  const bar = $('loading-bar');
  if (total) Object.assign(bar, {max: total, value: done});
  else bar.removeAttribute('value');
  for (const li of $('loading-stages').children) {
    const has = [...stages.keys()].some(s => s.split(' ')[0] === li.dataset.stage);
    li.className = !has ? '' : runs(li.dataset.stage) ? 'now' : 'done';
  }
}

export function ready() { $('loading').hidden = true; }

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
  $('failure-text').textContent = sentence(error);
  $('failure-ways').replaceChildren(...ways.map(text => Object.assign(document.createElement('li'), {textContent: text})));
  $('again').hidden = error.code === 'no-webgpu';
  $('failure').hidden = false;
}

export function calm() { $('failure').hidden = true; }
