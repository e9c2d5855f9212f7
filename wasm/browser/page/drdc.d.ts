/**
 * The detector of drdc in a web page, on the browser's WebGPU.
 *
 *     import {Detector} from './drdc.js';
 *     const detector = await Detector.open({model: './model.drdc'});
 *     const {row, heatmap} = await detector.detect(file);
 *     console.log(row.score, row.anomalous);
 *
 * Everything runs in a worker; nothing leaves the machine.
 */

/** What went wrong: `code` is for programs, `message` for people. */
export class DetectError extends Error {
  code:
    | 'no-webgpu' // the browser has no WebGPU, or the page is not from https or localhost
    | 'no-adapter' // WebGPU found no GPU
    | 'too-large' // the model does not fit the GPU; the message has both numbers
    | 'device-lost' // the GPU was lost four times in a row
    | 'not-finite' // a network gave NaN or infinity; the message names the place
    | 'model' // the file is no model, or is damaged
    | 'image' // the file is no image that can be read, or is too large
    | 'rule' // the plugin was refused, or failed on the image
    | 'settings' // a setting has no meaning
    | 'network' // a download failed and nothing is cached
    | 'program' // the program did not start, or ended
    | 'stopped' // by the signal
    | 'closed'
    | '';
}

/** The settings of the method, in the words of results.jsonl. What is left out is the model's. */
export interface Settings {
  /** Strictly descending, 1 to the schedule's steps. */
  timesteps?: number[];
  /** How many sets the cells are dealt to, 2 or more. */
  sets?: number;
  /** Pixels of a side of the hidden cells; each divides the image size. */
  cells?: number[];
  /** Factors by which images are shrunk to be compared. */
  scales?: number[];
  sampler?: 'ddim' | 'parallel';
  init?: 'noised_original' | 'noised_condition';
  noise?: 'fresh' | 'fixed';
  seed?: number;
  /** Pixels of a side of the mean filter, odd. */
  mean_filter?: number;
  /** Weight of the refined map against the base map, 0 to 1. */
  alpha?: number;
  normalize?: 'none' | 'train_quantile';
  /** One of `Info.rules`; of a plugin, its name and digest. */
  rule?: string;
  /** For a plugin, "key=value". */
  rule_params?: string[];
  /** False leaves the refiner out: the base's map alone, quick. */
  refine?: boolean;
}

/** A model file that is loaded. */
export interface Info {
  model: {
    digest: string;
    name: string;
    licence: string;
    classes: string[];
    /** Pixels of a side that images are resized to. */
    image_size: number;
    /** The score from which an image is anomalous; null before calibration. */
    threshold: number | null;
    /** Those of single classes, by name. */
    thresholds: Record<string, number>;
    base: boolean;
    refiner: boolean;
    parts: Record<string, string>;
    /** Parts that were never trained; '' for none. */
    untrained: string;
  };
  /** All settings, as they are in force. */
  settings: Required<Omit<Settings, 'rule_params'>> & Pick<Settings, 'rule_params'> & {image_size: number};
  /** "NAME (BACKEND, TYPE)". */
  adapter: string;
  device: {name: string; vendor: string; backend: string; type: 'discrete' | 'cpu'; limits: Record<string, unknown>; features: string[]};
  /** A sentence for the user when the device will be slow, or ''. */
  warning: string;
  /** Memory on the device, for people, and in bytes. */
  memory: string;
  bytes: number;
  /** The built-in fusion rules. */
  rules: string[];
  /** Where the model file came from. */
  origin: 'file' | 'cache' | 'network';
}

/** A line of results.jsonl. */
export interface Row {
  path: string;
  sha256: string;
  width: number;
  height: number;
  score: number;
  threshold: number | null;
  anomalous: boolean | null;
  /** Of the product, when the model knows only one. */
  class?: string;
  seconds: number;
  model: string;
  adapter: string;
  rule: string;
  settings: Info['settings'];
  /** That a plugin named. */
  numbers?: Record<string, number>;
  files: Record<string, string>;
}

export interface Heatmap {
  width: number;
  height: number;
  /** Rows of `width` values; higher is more anomalous. */
  values: Float32Array;
}

/** A map of the stack: of the base (kind 0) or of the refiner (kind 1). */
export interface ErrorMap {
  kind: 0 | 1;
  timestep: number;
  cell: number;
  scale: number;
  pixels: Float32Array;
}

export interface Result {
  row: Row;
  /** Times of the parts; `total` is their sum. */
  seconds: {prepare: number; base: number; refine: number; fuse: number; total: number};
  heatmap: Heatmap;
  /** All maps, when `OpenOptions.stack` asks for them. */
  stack?: ErrorMap[];
  /** The image file. */
  file: Blob;
}

/** The image that the refiner sees behind the noise at a timestep. */
export interface Step {
  timestep: number;
  cell: number;
  image: ImageData;
}

export interface Listeners {
  /**
   * Told of the stages "download" (bytes), "load base", "compile base", "load refiner" and "compile refiner"; a stage may be missing,
   * and several run at the same time. total is 0 when it is not known.
   */
  onProgress?: (stage: string, done: number, total: number) => void;
  /** The GPU was lost and the work begins anew, for the given time. */
  onLost?: (times: number) => void;
}

export interface OpenOptions extends Listeners {
  /** The address of a model file, './model.drdc' by default, or the file itself. */
  model?: string | URL | Blob;
  /** The digest of the model at that address; with it a cached model needs no request at all. */
  digest?: string;
  settings?: Settings;
  /** A fusion rule of one's own, a WebAssembly module (wasm/plugins/README.md), in place of the built-in one. */
  plugin?: File;
  /** Results also have the maps that the fusion rule joins. */
  stack?: boolean;
}

export interface DetectOptions extends Listeners {
  /** The path in the row; the name of a File by default. */
  name?: string;
  onStep?: (step: Step) => void;
  signal?: AbortSignal;
}

/** The kinds of files that the command line writes; a mask needs a threshold. */
export type Kind = 'heatmap' | 'overlay' | 'mask' | 'raw' | 'image' | 'preview';

export class Detector {
  private constructor();
  /** Loads a model, which a second visit takes from the browser's cache. Rejects with a DetectError. */
  static open(options?: OpenOptions): Promise<Detector>;
  readonly info: Info;
  /** Lays other settings over the model's own. */
  configure(settings: Settings, options?: Listeners & {plugin?: File}): Promise<Info>;
  /** Looks at one image: PNG, JPEG, BMP, TIFF or WebP. Calls queue up. Equal files give equal results. */
  detect(image: Blob | ArrayBuffer | ArrayBufferView, options?: DetectOptions): Promise<Result>;
  /** Makes a file of a result, the same as the command line's. */
  encode(result: Result, kind: Kind, options?: {threshold?: number | null}): Promise<Blob>;
  /** Frees the GPU. */
  close(): void;
}

/** Why this browser cannot run a detector, or null. */
export function missing(): DetectError | null;

/** Removes all cached models. */
export function forgetModels(): Promise<boolean>;
