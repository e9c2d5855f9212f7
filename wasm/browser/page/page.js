// The page: it connects what the user does with the detector, the images and the stage.

import {Detector, forgetModels} from './drdc.js';
import {Queue} from './items.js';
import {Stage} from './stage.js';
import {Camera} from './camera.js';
import * as loading from './loading.js';
import * as form from './settings.js';

const $ = id => document.getElementById(id);
const make = (tag, props = {}, ...children) => {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
};
// pause lets the page answer before what follows.
const pause = () => new Promise(resolve => setTimeout(resolve));
const number = v => Math.abs(v) >= 1000 || v !== 0 && Math.abs(v) < 0.001 ? v.toExponential(2) : v.toPrecision(4);

let detector = null, site = {models: [], examples: []}, models = [], opened = 0, chosen = 0;
let current = null, threshold = null, plugin = null;

const queue = new Queue(() => detector, changed);
const stage = new Stage(item => detector.encode(item.result, 'image'));
const camera = new Camera($('camera-dialog'), file => add([file]));

// ---- the model ----

async function boot() {
  $('theme').addEventListener('click', switchTheme);
  const stored = localStorage.getItem('theme');
  if (stored) document.documentElement.dataset.theme = stored;
  await pause();
  loading.progress('');
  navigator.serviceWorker?.register('./sw.js', {updateViaCache: 'none'}).catch(() => {}); // without it, there is no reload offline
  try {
    const response = await fetch('site.json');
    if (!response.ok) throw new Error(`site.json: the server answered ${response.status}`);
    site = await response.json();
  } catch (e) {
    fail(Object.assign(e, {code: 'network'}));
    return;
  }
  models = site.models.map(m => ({name: m.name, model: new URL(m.file, document.baseURI), digest: m.digest}));
  examples();
  await open(0);
}

async function open(index) {
  const turn = ++opened;
  chosen = index;
  detector?.close();
  detector = null;
  loading.calm();
  state(current ? 'bench' : 'loading');
  pill('busy', 'Getting ready');
  loading.progress('');
  listModels(index);
  $('examples').hidden = !site.examples.length || index !== 0;
  const m = models[index];
  try {
    const d = await Detector.open({model: m.model, digest: m.digest, onProgress: (...p) => turn === opened && loading.progress(...p)});
    if (turn !== opened) {
      d.close();
      return;
    }
    detector = d;
  } catch (e) {
    if (turn === opened) fail(e);
    return;
  }
  loading.ready();
  threshold = detector.info.model.threshold;
  informed();
  state(current ? 'bench' : 'empty');
  queue.again(queue.items);
  performance.mark('ready');
  render();
  storage();
  queue.work();
}

function status() {
  const {warning, device, adapter} = detector.info;
  pill(warning ? 'slow' : 'ready', `Ready · ${device.name || adapter}${device.type === 'cpu' ? ' · CPU' : ''}`);
}

// informed shows what is known of model, settings and device.
function informed() {
  const {model, settings, rules, warning, memory, adapter, origin} = detector.info;
  status();
  if (!settings.rule.includes('.wasm')) plugin = null;
  $('form').rule.replaceChildren(...[...rules, ...plugin ? [plugin.name] : []].map(r => make('option', {textContent: r, value: r})), make('option', {textContent: 'A plugin…', value: 'choose'}));
  form.fill($('form'), {...settings, rule: plugin?.name ?? settings.rule});
  $('form').refine.disabled = !model.refiner || !model.base;
  const notes = [];
  if (model.untrained) notes.push(`This model is not trained (${model.untrained.replaceAll(',', ', ')}): it shows how the program works, not what the method can do.`);
  if (warning) notes.push(`${warning[0].toUpperCase()}${warning.slice(1)}.`);
  if (notes.join(' ') !== $('notice').dataset.read) {
    $('notice').textContent = notes.join(' ');
    $('notice').hidden = !notes.length;
  }
  const facts = {
    Adapter: adapter, Memory: memory, Model: `${model.name || 'unnamed'}, ${model.image_size} px`, Digest: model.digest.slice(0, 16),
    From: {file: 'a file', cache: 'this browser’s cache', network: 'the network'}[origin],
  };
  $('facts').replaceChildren(...Object.entries(facts).flatMap(([k, v]) => [make('dt', {textContent: k}), make('dd', {textContent: v})]));
}

function listModels(index) {
  $('model').replaceChildren(...models.map((m, i) => make('option', {value: i, textContent: m.name, selected: i === index})),
    make('option', {value: 'open', textContent: 'Open a model file…'}));
}

function fail(error) {
  pill('failed', 'Not ready');
  loading.fail(error);
  state('failed');
}

function pill(kind, text) {
  $('pill').className = `pill ${kind}`;
  $('pill-text').textContent = $('pill').title = text;
}

function state(name) {
  document.body.dataset.state = name;
  $('bench').hidden = name !== 'bench';
}

function openFile(file) {
  models = models.filter(m => !(m.model instanceof Blob)); // one at a time
  models.push({name: file.name.replace(/\.drdc$/i, ''), model: file});
  return open(models.length - 1);
}

// ---- the images ----

const atOnce = 20; // images that are listed before the page answers again
let cleared = 0;

async function add(files) {
  const model = files.findLast(f => /\.drdc$/i.test(f.name));
  if (model) openFile(model);
  const rule = files.findLast(f => /\.wasm$/i.test(f.name));
  if (rule && detector) {
    $('settings').open = true;
    apply(undefined, rule);
  }
  const images = files.filter(f => !/\.(drdc|wasm)$/i.test(f.name));
  if (!images.length || document.body.dataset.state === 'failed') return;
  const turn = cleared;
  for (let i = 0; i < images.length; i += atOnce) {
    if (i) await pause();
    if (turn !== cleared) return;
    const added = queue.add(images.slice(i, i + atOnce));
    for (const item of added) list(item);
    state('bench');
    if (!current || images.length === 1) select(added[0]);
    else render();
    queue.work();
  }
}

function list(item) {
  const canvas = make('canvas', {width: 1, height: 1});
  item.li = make('li', {id: `item-${Math.random().toString(36).slice(2)}`, title: item.name}, canvas,
    make('span', {className: 'text'}, make('span', {className: 'name', textContent: item.name}), make('span', {className: 'state'})));
  item.li.setAttribute('role', 'option');
  item.li.addEventListener('click', () => select(item));
  $('list').append(item.li);
  item.thumbnail(canvas);
}

function select(item) {
  current = item;
  for (const i of queue.items) i.li.setAttribute('aria-selected', i === item);
  $('list').setAttribute('aria-activedescendant', item.li.id);
  render();
}

function changed(item) {
  // The stage follows the work, unless the user looks at something.
  if (item?.state === 'running' && !item.steps.length && current?.state === 'done' && current.followed) select(item);
  if (item === current && item?.state === 'running') item.followed = true;
  if (item?.state === 'done' && item.bare) {
    item.bare = false;
    detector.encode(item.result, 'image').then(picture => item.thumbnail(item.li.querySelector('canvas'), picture), () => {});
  }
  render();
}

let asked = false, shown = null;
function render() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (!current) return;
    stage.show(current, threshold);
    judge();
    times();
    if (shown !== current) current.li.scrollIntoView({block: 'nearest', inline: 'nearest'});
    shown = current;
  });
}

const verdict = item => item.state === 'failed' ? 'f' : item.state === 'running' ? 'r' : item.score === null || threshold === null ? '' : item.score >= threshold ? 'a' : 'n';

// judge shows scores and verdicts by the threshold.
function judge() {
  for (const item of queue.items) {
    const kind = verdict(item);
    if (item.li.className !== kind) item.li.className = kind;
    const text = item.score !== null ? number(item.score) : {waiting: 'waiting', running: 'looking', failed: 'failed'}[item.state] ?? '';
    const place = item.li.querySelector('.state');
    if (place.textContent !== text) place.textContent = text;
  }
  const done = queue.items.filter(i => i.state === 'done'), anomalous = done.filter(i => verdict(i) === 'a').length;
  const failed = queue.items.filter(i => i.state === 'failed').length, waits = queue.items.some(i => i.state === 'waiting');
  const tally = done.length + failed < queue.items.length ? `${done.length + failed} of ${queue.items.length}`
    : [threshold === null ? `${done.length} done` : `${anomalous} of ${done.length} anomalous`, ...failed ? [`${failed} failed`] : []].join(', ');
  $('tally').textContent = queue.items.length === 1 ? '' : tally;
  $('stop').hidden = !queue.running && !(detector && (waits || failed));
  $('stop').textContent = queue.running ? 'Stop' : waits ? 'Go on' : 'Try again';
  const kind = verdict(current);
  $('badge').className = `badge ${kind}`;
  $('badge').textContent = {a: 'Anomalous', n: 'Normal', f: 'Failed', r: 'Looking'}[kind] ?? (current.score === null ? 'Waiting' : 'No threshold');
  $('score').textContent = current.score === null ? '' : number(current.score);
  $('verdict-text').textContent = current.score === null ? '' : threshold === null
    ? 'The model has no threshold: move the slider to set one.'
    : `The score is ${(current.score / threshold).toFixed(2)} times the threshold of ${number(threshold)}.`;
  plot(done);
  for (const b of $('saves').children) b.disabled = b.dataset.kind === 'jsonl' ? !done.length : !current.result || b.dataset.kind === 'mask' && threshold === null;
  whose();
}

// whose says whose threshold it is: the model's for all products, for one of them, or set by hand.
function whose() {
  const known = detector ? Object.entries(detector.info.model.thresholds) : [], own = detector?.info.model.threshold ?? null, select = $('threshold-of');
  select.hidden = own === null;
  const [name] = known.find(([, v]) => v === threshold) ?? [];
  const value = threshold === own ? 'model' : name === undefined ? 'hand' : `class ${name}`;
  const options = [['model', 'The model’s'], ...known.map(([k]) => [`class ${k}`, `Of ${k}`]), ...value === 'hand' ? [['hand', 'By hand']] : []];
  if (options.map(o => o[0]).join() !== [...select.options].map(o => o.value).join()) {
    select.replaceChildren(...options.map(([value, textContent]) => make('option', {value, textContent})));
  }
  select.value = value;
}

// span is the largest value of the threshold's slider.
const span = () => Math.max(...queue.items.map(i => i.score ?? 0), detector?.info.model.threshold ?? 0, 1e-6) * 1.25;

function plot(done) {
  const most = span(), x = v => 4 + 272 * Math.min(Math.max(v / most, 0), 1);
  const svg = (tag, attributes) => {
    const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    return e;
  };
  const marks = [svg('line', {x1: 4, x2: 276, y1: 18, y2: 18})];
  if (threshold !== null) marks.push(svg('line', {class: 'cut', x1: x(threshold), x2: x(threshold), y1: 0, y2: 34}));
  for (const i of [...done.filter(i => i !== current), ...done.filter(i => i === current)]) {
    marks.push(svg('circle', {cx: x(i.score), cy: 18, r: i === current ? 6 : 4.5, class: `${verdict(i)} ${i === current ? 'now' : ''}`}));
  }
  $('plot').replaceChildren(...marks);
  if (document.activeElement !== $('threshold')) $('threshold').value = threshold === null ? 1000 : 1000 * threshold / most;
  if (document.activeElement !== $('threshold-number')) $('threshold-number').value = threshold === null ? '' : Number(threshold.toPrecision(5));
  $('threshold').setAttribute('aria-valuetext', threshold === null ? 'none' : number(threshold));
}

function times() {
  const s = current.result?.seconds;
  $('times').hidden = !s;
  if (!s) return;
  const unit = v => v < 1 ? `${Math.round(v * 1000)} ms` : `${v.toFixed(v < 10 ? 2 : 1)} s`;
  const rows = [['Prepare', s.prepare], ['Base', s.base], ['Refine', s.refine], ['Fuse', s.fuse]].filter(([, v]) => v > 0.0005);
  $('times').replaceChildren(...[...rows, ['Total', s.total]].map(([name, v]) =>
    make('div', {}, make('span', {textContent: name}), make('meter', {max: s.total || 1, value: v, ariaLabel: name}), make('span', {textContent: unit(v)}))));
}

function setThreshold(v) {
  threshold = v;
  render();
}

// ---- examples, saving, settings ----

function examples() {
  // Of each class a good one and one that is not.
  const seen = new Set();
  const few = site.examples.filter(e => {
    const key = `${e.class} ${e.kind === 'good'}`;
    return !seen.has(key) && seen.add(key);
  });
  const title = e => `${e.class}, ${e.kind}`;
  $('example-list').replaceChildren(...few.map(e => {
    const b = make('button', {type: 'button', title: title(e)}, make('img', {src: e.file, alt: title(e), width: 76, height: 76}));
    b.addEventListener('click', () => take([e]));
    return b;
  }));
}

// choose has the user choose a file.
function choose(accept, then) {
  const input = make('input', {type: 'file', accept});
  input.addEventListener('change', () => then(input.files[0]));
  input.click();
}

async function take(list) {
  const files = await Promise.all(list.map(async e => {
    const blob = await (await fetch(e.file)).blob();
    return new File([blob], e.file.replace(/^images\//, ''), {type: blob.type});
  }));
  add(files);
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  make('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function save(kind) {
  const stem = current.name.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  const lines = items => new Blob(items.map(i => `${JSON.stringify(i.row(threshold))}\n`), {type: 'application/json'});
  if (kind === 'jsonl') download(lines(queue.items.filter(i => i.state === 'done' || i.state === 'failed')), 'results.jsonl');
  else if (kind === 'json') download(lines([current]), `${stem}.json`);
  else download(await detector.encode(current.result, kind, {threshold}), `${stem}.${kind}.${kind === 'raw' ? 'npy' : 'png'}`);
}

async function apply(settings, rule = $('form').rule.value === plugin?.name ? plugin : null) {
  const f = $('form'), say = (text, field) => {
    $('form-error').textContent = text;
    for (const e of f.elements) e.removeAttribute('aria-invalid');
    if (field) f[field].setAttribute('aria-invalid', 'true');
  };
  say('');
  if (!detector) return;
  try {
    settings ??= form.read(f);
    if (rule) delete settings.rule;
    queue.stop();
    pill('busy', 'Getting ready');
    loading.progress('compile');
    await detector.configure(settings, {plugin: rule, onProgress: loading.progress});
    plugin = rule;
    queue.again(queue.items);
    informed();
  } catch (e) {
    say(e.message, e.field);
  }
  loading.ready();
  status();
  render();
  queue.work();
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  localStorage.setItem('theme', root.dataset.theme = dark ? 'light' : 'dark');
}

async function storage() {
  const {usage} = await navigator.storage?.estimate?.() ?? {};
  $('kept').textContent = usage ? `This browser keeps ${loading.size(usage)} of this page and its models.` : '';
  $('forget').hidden = !usage;
}

// ---- what the user does ----

$('choose').addEventListener('click', () => $('files').click());
$('more').addEventListener('click', () => $('files').click());
$('files').addEventListener('change', e => {
  add([...e.target.files]);
  e.target.value = '';
});
for (const id of ['camera', 'camera-more']) $(id).addEventListener('click', () => camera.open());
$('example-all').addEventListener('click', () => take(site.examples));
$('stop').addEventListener('click', () => {
  if (queue.running) {
    queue.stop();
    return;
  }
  queue.again(queue.items.filter(i => i.state === 'failed'));
  queue.work();
});
$('clear').addEventListener('click', () => {
  cleared++;
  queue.clear();
  current = null;
  $('list').replaceChildren();
  state('empty');
});
$('again').addEventListener('click', () => models.length ? open(chosen) : boot());
$('model').addEventListener('change', e => {
  if (e.target.value !== 'open') {
    open(Number(e.target.value));
    return;
  }
  choose('.drdc', openFile);
  listModels(chosen);
});
$('threshold').addEventListener('input', e => setThreshold(e.target.value / 1000 * span()));
$('threshold-number').addEventListener('input', e => Number.isFinite(e.target.valueAsNumber) && setThreshold(e.target.valueAsNumber));
$('threshold-of').addEventListener('change', e => {
  const {threshold, thresholds} = detector.info.model;
  setThreshold(e.target.value === 'model' ? threshold : thresholds[e.target.value.replace(/^class /, '')]);
});
$('saves').addEventListener('click', e => {
  const b = e.target.closest('button');
  if (b) save(b.dataset.kind).catch(error => { $('verdict-text').textContent = error.message; });
});
$('form').addEventListener('submit', e => {
  e.preventDefault();
  apply();
});
$('form-reset').addEventListener('click', () => apply({}, null));
$('form').rule.addEventListener('change', e => {
  if (e.target.value !== 'choose') return;
  e.target.value = plugin?.name ?? detector.info.settings.rule;
  choose('.wasm', file => apply(undefined, file));
});
$('forget').addEventListener('click', () => forgetModels().then(storage));
$('help').addEventListener('click', () => $('keys').showModal());

addEventListener('paste', e => {
  const files = [...e.clipboardData?.files ?? []];
  if (files.length) add(files);
});
// While files are over the page, browsers say so several times a second; not all of them say that they left.
let over = 0;
const veil = shown => {
  clearTimeout(over);
  $('veil').hidden = !shown;
  if (shown) over = setTimeout(veil, 1000, false);
};
addEventListener('dragover', e => {
  e.preventDefault();
  if (e.dataTransfer?.types.includes('Files')) veil(true);
});
addEventListener('dragleave', e => { if (!e.relatedTarget) veil(false); });
addEventListener('drop', e => {
  e.preventDefault();
  veil(false);
  dropped(e.dataTransfer).then(add);
});

// dropped lists the files of a drop, and the images in its folders.
async function dropped(data) {
  const entries = [...data.items].map(i => i.webkitGetAsEntry?.()), files = [...data.files];
  if (!entries.some(e => e?.isDirectory)) return files;
  const walk = async (entry, top) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      const name = entry.fullPath.replace(/^\//, '');
      return top ? [file] : file.type.startsWith('image/') ? [new File([file], name, {type: file.type})] : [];
    }
    const reader = entry.createReader(), inside = [];
    for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length;) inside.push(...some);
    const order = new Intl.Collator('en', {numeric: true}), found = [];
    for (const e of inside.sort((a, b) => order.compare(a.name, b.name))) found.push(...await walk(e, false));
    return found;
  };
  return (await Promise.all(entries.filter(Boolean).map(e => walk(e, true)))).flat();
}

const nudge = (id, by) => {
  $(id).value = Number($(id).value) + by;
  $(id).dispatchEvent(new Event('input'));
};
const keys = {
  ArrowRight: () => move(1), ArrowDown: () => move(1), ArrowLeft: () => move(-1), ArrowUp: () => move(-1),
  o: () => stage.look('overlay'), i: () => stage.look('image'), h: () => stage.look('heatmap'), w: () => stage.look('wipe'),
  ',': () => stage.nextStep(-1), '.': () => stage.nextStep(1),
  '[': () => nudge('opacity', -5), ']': () => nudge('opacity', 5),
  '-': () => nudge('threshold', -10), '+': () => nudge('threshold', 10),
};
function move(by) {
  const item = queue.items[queue.items.indexOf(current) + by];
  if (item) select(item);
}
addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]') || e.target.closest('input, select, textarea')) return;
  if (e.key === '?') $('keys').showModal();
  else if (e.key === 'n') $('files').click();
  else if (current && keys[e.key]) keys[e.key]();
  else return;
  e.preventDefault();
});

boot();
