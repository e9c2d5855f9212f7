// A program that uses every part of drdc.d.ts: `make types` compiles it, nothing runs it.

import {Detector, DetectError, forgetModels, missing} from './drdc.js';
import type {DetectOptions, ErrorMap, Heatmap, Info, Kind, OpenOptions, Result, Row, Settings, Step} from './drdc.js';

const settings: Settings = {timesteps: [250, 125], cells: [16], sampler: 'ddim', refine: true};
const options: OpenOptions = {
  model: new URL('https://example.org/model.drdc'), digest: '00', settings, stack: true,
  onProgress: (stage, done, total) => console.log(stage.toUpperCase(), done / total), onLost: times => console.log(times.toFixed()),
};

export async function look(file: File, plugin: File, canvas: HTMLCanvasElement, signal: AbortSignal): Promise<Row> {
  const why: DetectError | null = missing();
  if (why) throw why;
  const detector: Detector = await Detector.open(options);
  const {model, rules, device}: Info = detector.info;
  const threshold: number | null = model.thresholds['bolt'] ?? model.threshold;
  const watch: DetectOptions = {name: 'part.png', signal, onStep: ({timestep, cell, image}: Step) => console.log(timestep + cell, image.width)};
  try {
    const found: Result = await detector.detect(file, watch);
    draw(canvas, found.heatmap);
    found.stack?.forEach((m: ErrorMap) => console.log(m.kind === 0 ? 'base' : m.timestep, m.pixels.length));
    const kinds: Kind[] = ['heatmap', 'overlay', 'mask', 'raw', 'image', 'preview'];
    const files: Blob[] = await Promise.all(kinds.map(k => detector.encode(found, k, {threshold})));
    console.log(files.length, found.seconds.total, rules.join(), device.type);
    const changed: Info = await detector.configure({...detector.info.settings, alpha: 0.5, rule_params: ['edge=4']}, {plugin});
    console.log(changed.settings.timesteps.length);
    await detector.detect(await file.arrayBuffer());
    return (await detector.detect(new Uint8Array(await file.arrayBuffer()))).row;
  } catch (e) {
    if (e instanceof DetectError && e.code === 'stopped') console.log(e.message);
    throw e;
  } finally {
    detector.close();
    await forgetModels();
  }
}

function draw(canvas: HTMLCanvasElement, {width, height, values}: Heatmap): void {
  Object.assign(canvas, {width, height});
  console.log(values.reduce((a, b) => Math.max(a, b)));
}

// What must not compile.
export async function wrong(detector: Detector, result: Result): Promise<void> {
  // @ts-expect-error: a detector is opened, never constructed
  new Detector();
  // @ts-expect-error: there is no such sampler
  await detector.configure({sampler: 'euler'});
  // @ts-expect-error: there is no such file
  await detector.encode(result, 'gif');
  // @ts-expect-error: an address is no image
  await detector.detect('part.png');
  // @ts-expect-error: what is known of the model stays as it is
  detector.info = result.row;
  // @ts-expect-error: there is no such code
  if (new DetectError().code === 'unknown') console.log();
}
