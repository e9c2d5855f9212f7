// The stage: one image with its heatmap, in one of several views.

import {maps} from './colours.js';
import {range, enlarge, paint, contour} from './draw.js';

const $ = id => document.getElementById(id);
const brief = v => Math.abs(v) >= 1000 || v !== 0 && Math.abs(v) < 0.001 ? v.toExponential(1) : Number(v.toPrecision(3)).toString();

export class Stage {
  view = 'overlay'; // or 'image', 'heatmap', 'wipe', 'step'
  #item = null;
  #threshold = null;
  #step = -1;
  #url = '';

  // picture(item) gives a Blob of an image that the browser cannot show itself.
  constructor(picture) {
    $('opacity').addEventListener('input', () => this.#layers());
    $('wipe').addEventListener('input', () => this.#layers());
    $('colours').addEventListener('change', () => this.draw());
    $('views').addEventListener('click', e => e.target.dataset.view && this.look(e.target.dataset.view));
    $('strip').addEventListener('click', e => {
      const b = e.target.closest('button');
      if (b) this.step(Number(b.dataset.step));
    });
    const photo = $('photo');
    photo.addEventListener('load', () => this.#ratio(photo.naturalWidth, photo.naturalHeight));
    photo.addEventListener('error', async () => {
      const item = this.#item;
      if (item?.result && !item.other) {
        item.other = URL.createObjectURL(await picture(item));
        if (item === this.#item) photo.src = this.#url = item.other;
      }
    });
    this.#drag($('picture'));
  }

  // drag moves the divider with the pointer.
  #drag(picture) {
    const move = e => {
      const box = picture.getBoundingClientRect();
      $('wipe').value = Math.min(Math.max(100 * (e.clientX - box.left) / box.width, 0), 100);
      this.#layers();
    };
    picture.addEventListener('pointerdown', e => {
      if (this.view !== 'wipe') return;
      picture.setPointerCapture(e.pointerId);
      move(e);
    });
    picture.addEventListener('pointermove', e => picture.hasPointerCapture(e.pointerId) && move(e));
  }

  #ratio(w, h) { $('picture').style.setProperty('--ratio', w / h); }

  // show puts an item on the stage.
  show(item, threshold) {
    const other = item !== this.#item;
    this.#item = item;
    this.#threshold = threshold;
    if (other) {
      this.#step = -1;
      if (this.view === 'step') this.view = 'overlay';
    }
    const url = item.other ?? item.url;
    if (url !== this.#url) $('photo').src = this.#url = url;
    $('photo').alt = item.name;
    $('h-name').textContent = item.name;
    if (item.result) this.#ratio(item.result.row.width, item.result.row.height);
    this.#strip();
    this.draw();
  }

  look(view) {
    this.view = view;
    this.#step = -1;
    this.#strip();
    this.draw();
  }

  // step shows a step of the refinement; the last of a running image is shown anyway.
  step(i) {
    const {steps} = this.#item;
    if (!steps.length) return;
    this.#step = Math.min(Math.max(i, 0), steps.length - 1);
    this.view = 'step';
    this.#strip();
    this.draw();
  }

  nextStep(by) {
    const {steps} = this.#item;
    this.step(this.#step < 0 ? by > 0 ? 0 : steps.length - 1 : this.#step + by);
  }

  #strip() {
    const {steps, state} = this.#item, strip = $('strip');
    $('steps').hidden = !steps.length;
    const first = steps[0];
    if (strip.first !== first) strip.replaceChildren();
    strip.first = first;
    const cells = new Set(steps.map(s => s.cell)).size > 1;
    for (let i = strip.children.length; i < steps.length; i++) {
      const {timestep, cell, image} = steps[i], b = document.createElement('button'), c = document.createElement('canvas');
      b.type = 'button';
      b.dataset.step = i;
      Object.assign(c, {width: image.width, height: image.height});
      c.getContext('2d').putImageData(image, 0, 0);
      b.append(c, `t ${timestep}${cells ? ` · ${cell}px` : ''}`);
      b.setAttribute('aria-label', `what the refiner sees at t = ${timestep}, cells of ${cell} pixels`);
      strip.append(b);
    }
    const shown = this.view === 'step' ? this.#step : state === 'running' ? steps.length - 1 : -1;
    for (const b of strip.children) b.setAttribute('aria-pressed', Number(b.dataset.step) === shown);
  }

  // draw paints the layers of the view.
  draw() {
    const item = this.#item, {result, steps, state} = item;
    const step = this.view === 'step' ? steps[this.#step] : state === 'running' ? steps.at(-1) : null;
    $('seen').hidden = !step;
    if (step) {
      Object.assign($('seen'), {width: step.image.width, height: step.image.height});
      $('seen').getContext('2d').putImageData(step.image, 0, 0);
    }
    const table = maps[$('colours').value];
    $('scale').hidden = !result;
    if (result) {
      item.big ??= enlarge(result.heatmap);
      const span = range(result.heatmap, this.#threshold);
      paint($('heat'), item.big, span, table, this.view === 'heatmap');
      const path = this.#threshold === null ? '' : contour(item.big, this.#threshold);
      for (const p of $('line').children) p.setAttribute('d', path);
      $('line').setAttribute('viewBox', `0 0 ${item.big.width} ${item.big.height}`);
      $('scale-lo').textContent = brief(span[0]);
      $('scale-hi').textContent = brief(span[1]);
      paint($('scale-bar'), {width: 256, height: 1, values: Float32Array.from({length: 256}, (_, i) => i)}, [0, 255], table, true);
    }
    this.#text(step);
    this.#layers();
  }

  #text(step) {
    const {state, error, note, steps} = this.#item, text = $('frame-text');
    text.classList.toggle('why', state === 'failed');
    text.textContent = {
      waiting: 'Waiting', failed: error ? `${error.message[0]?.toUpperCase() ?? ''}${error.message.slice(1)}.` : '',
      running: note || (steps.length ? `Refining: t = ${steps.at(-1).timestep}` : 'Looking'),
      done: step ? `What the refiner sees at t = ${step.timestep}` : '',
    }[state];
    text.hidden = !text.textContent;
  }

  #layers() {
    const {result, state} = this.#item ?? {}, view = state === 'running' ? 'image' : this.view;
    const heat = Boolean(result) && view !== 'image' && view !== 'step';
    $('heat').hidden = !heat;
    $('line').toggleAttribute('hidden', !heat);
    $('heat').style.opacity = view === 'heatmap' ? 1 : $('opacity').value / 100;
    const cut = view === 'wipe' ? `inset(0 0 0 ${$('wipe').value}%)` : '';
    $('heat').style.clipPath = $('line').style.clipPath = cut;
    $('divider').hidden = view !== 'wipe' || !result;
    $('picture').style.setProperty('--wipe', `${$('wipe').value}%`);
    $('opacity-tool').hidden = view === 'heatmap' || view === 'image' || view === 'step';
    $('wipe-tool').hidden = view !== 'wipe';
    for (const b of $('views').children) b.setAttribute('aria-pressed', b.dataset.view === this.view);
  }
}
