// Evaluates unet.onnx in the ONNX Runtime that is installed beside FOLDER: FOLDER
// PROVIDER REPEAT. PROVIDER is cpu,
// webgpu-nhwc (the provider's default layout) or webgpu-nchw. Prints the seconds of each
// evaluation, from inputs to output in the host's memory, and writes the last output.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { read, write } from './safetensors.mjs';

const [folder, provider, repeat] = process.argv.slice(2);
const ort = createRequire(path.join(path.dirname(path.resolve(folder)), '/'))('onnxruntime-node');
const providers = {
  'cpu': ['cpu'],
  'webgpu-nhwc': [{ name: 'webgpu', preferredLayout: 'NHWC' }],
  'webgpu-nchw': [{ name: 'webgpu', preferredLayout: 'NCHW' }],
};
const session = await ort.InferenceSession.create(path.join(folder, 'unet.onnx'), {
  executionProviders: providers[provider],
  intraOpNumThreads: os.cpus().length,
  logSeverityLevel: 3,
});
const feeds = {};
for (const [name, { shape, data }] of Object.entries(read(fs.readFileSync(path.join(folder, 'in.safetensors'))))) {
  feeds[name] = new ort.Tensor('float32', data, shape);
}
let eps;
for (let i = 0; i <= repeat; i++) {
  const start = performance.now();
  ({ eps } = await session.run(feeds));
  console.log(`evaluation ${i + 1}: ${((performance.now() - start) / 1e3).toFixed(4)} s`);
}
fs.writeFileSync(path.join(folder, `onnx-${provider}.safetensors`), write({ eps: { shape: eps.dims, data: eps.data } }));
