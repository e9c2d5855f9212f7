// The stage: one image with its heatmap, in one of several views.

import {sentence} from './loading.js';
import {paint, show} from './paint.js';

const $ = id => document.getElementById(id);
const brief = v => Math.abs(v) >= 1000 || v !== 0 && Math.abs(v) < 0.001 ? v.toExponential(1) : Number(v.toPrecision(3)).toString();

export class Stage {
  view = 'overlay'; // or 'image', 'heatmap', 'wipe', 'step'
  #item = null;
  #threshold = null;
  #step = -1;
  #url = '';
  #asked = null; // what the painter was asked for last
  #busy = false; // the painter has not answered yet
  #picture;
  #painted = null; // the result that the canvas shows

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
    photo.addEventListener('load', () => {
      photo.hidden = false;
      this.#ratio(photo.naturalWidth, photo.naturalHeight);
    });
    photo.addEventListener('error', () => {
      photo.hidden = true;
      this.#item.unreadable = true;
      this.#other();
    });
    this.#picture = picture;
    this.#drag($('picture'));
  }

  // other shows an image that the browser cannot read as the program saw it.
  async #other() {
    const item = this.#item;
    if (!item.unreadable || !item.result || item.other !== undefined) return;
    item.other = '';
    item.other = URL.createObjectURL(await this.#picture(item));
    if (item === this.#item) $('photo').src = this.#url = item.other;
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
    const url = item.other || item.url;
    if (url !== this.#url) $('photo').src = this.#url = url;
    this.#other();
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
    $('scale').hidden = !result;
    if (result) this.#ask();
    this.#text(step);
    this.#layers();
  }

  // ask has the heatmap painted, unless it was asked for already. The painter does one thing at a time, and then the newest.
  #ask() {
    const {result} = this.#item;
    const want = {result, threshold: this.#threshold, colours: $('colours').value, solid: this.view === 'heatmap'};
    if (this.#busy || Object.keys(want).every(k => want[k] === this.#asked?.[k])) return;
    this.#asked = want;
    this.#busy = true;
    paint({heatmap: result.heatmap, threshold: want.threshold, colours: want.colours, solid: want.solid}).then(made => this.#paint(made));
  }

  // paint shows what the painter made.
  #paint({picture, bar, lo, hi, width, height, line}) {
    this.#busy = false;
    if (this.#asked.result === this.#item?.result) {
      this.#painted = this.#asked.result;
      show($('heat'), picture);
      show($('scale-bar'), bar);
      $('line').setAttribute('viewBox', `0 0 ${width} ${height}`);
      for (const p of $('line').children) p.setAttribute('d', line);
      $('scale-lo').textContent = brief(lo);
      $('scale-hi').textContent = brief(hi);
      this.#layers();
    }
    if (this.#item?.result) this.#ask();
  }

  #text(step) {
    const {state, error, name, note, steps} = this.#item, text = $('frame-text');
    text.classList.toggle('why', state === 'failed');
    text.textContent = {
      waiting: 'Waiting', failed: error ? sentence(error, name) : '',
      running: note || (steps.length ? `Refining: t = ${steps.at(-1).timestep}` : 'Looking'),
      done: step ? `What the refiner sees at t = ${step.timestep}` : '',
    }[state];
    text.hidden = !text.textContent;
  }

  #layers() {
    const {result, state} = this.#item ?? {}, view = state === 'running' ? 'image' : this.view;
    const heat = Boolean(result) && result === this.#painted && view !== 'image' && view !== 'step';
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
