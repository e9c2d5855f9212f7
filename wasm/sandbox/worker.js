// The worker of a Sandbox. It takes a module to compile, or a compiled module with one image, and answers {result} or {error, log}.
import {fuse} from './rule.js';

onmessage = async ({data}) => {
  try {
    if (data.bytes) {
      postMessage({result: await WebAssembly.compile(data.bytes)});
      return;
    }
    const result = await fuse(data.module, data.image, data.maps);
    postMessage({result}, [result.heatmap.buffer]);
  } catch (e) {
    postMessage({error: e.message, log: e.log ?? ''});
  }
};
