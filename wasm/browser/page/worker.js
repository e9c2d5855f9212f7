// The worker of drdc.js: it starts the program and passes calls, results and events on.
//
// A call is {id, call, args}; the answer {id, value} or {id, error: {code, message}}. Before it may come {id, event, args} with the
// events of the program and 'progress' of a download. {exit} says that the program ended, which it never should.

import './wasm_exec.js';
import {openModel, forgetModel} from './model.js';
import {Sandbox} from './sandbox/sandbox.js';

const compile = async () => {
  const url = new URL('program.wasm', import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`program.wasm: the server answered ${response.status}`);
  if (response.headers.get('Content-Type') === 'application/wasm') return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer()); // a host that knows no WebAssembly
};

const start = async () => {
  const go = new Go();
  const ready = new Promise(resolve => { self.drdc = resolve; });
  const instance = await WebAssembly.instantiate(await compile(), go.importObject);
  go.run(instance).finally(() => postMessage({exit: true}));
  return ready;
};

const program = start().catch(e => { throw Object.assign(e, {code: 'program'}); });
program.catch(() => {}); // every call tells

const boxed = plugin => plugin ? {name: plugin.name, bytes: new Uint8Array(plugin.bytes), sandbox: Sandbox} : null;

const calls = {
  async open({model, settings, plugin}, on) {
    const source = await openModel(model, (done, total) => on.progress('download', done, total));
    const opened = async source => ({...JSON.parse(await (await program).open(source, JSON.stringify(settings), boxed(plugin), on)), origin: source.origin});
    try {
      return await opened(source);
    } catch (e) {
      if (e.code !== 'model' || source.origin !== 'cache') throw e;
      await forgetModel(source.digest); // what was kept is damaged
      return opened(await openModel(model, (done, total) => on.progress('download', done, total)));
    }
  },
  async configure({settings, plugin}, on) {
    return JSON.parse(await (await program).configure(JSON.stringify(settings), boxed(plugin), on));
  },
  async detect({name, file}, on) {
    const {about, width, height, heatmap, stack} = await (await program).detect(name, new Uint8Array(file), on);
    return {...JSON.parse(about), heatmap: {width, height, values: heatmap}, ...(stack && {stack})};
  },
  async encode({kind, file, row, heatmap, threshold}) {
    return (await program).encode(kind, new Uint8Array(file), JSON.stringify(row), heatmap, threshold);
  },
  async stop() {
    await (await program).stop();
  },
  async close() {
    await (await program).close();
  },
};

// buffers lists the memory of a value, to be handed over instead of copied.
const buffers = v => {
  if (ArrayBuffer.isView(v)) return [v.buffer];
  return v && typeof v === 'object' ? Object.values(v).flatMap(buffers) : [];
};

addEventListener('message', async ({data: {id, call, args}}) => {
  const event = (name, ...args) => postMessage({id, event: name, args}, args.flatMap(buffers));
  const on = {
    progress: (...args) => event('progress', ...args),
    step: (...args) => event('step', ...args),
    lost: (...args) => event('lost', ...args),
  };
  try {
    const value = await calls[call](args ?? {}, on);
    postMessage({id, value}, buffers(value));
  } catch (e) {
    postMessage({id, error: {code: e.code ?? '', message: e.message ?? String(e)}});
  }
});
