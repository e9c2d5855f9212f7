// A host of the contract in a browser: runs one rule on one image with the browser's own WebAssembly. It gives the bytes that the
// native host gives; only random_get has other bytes. It has no deadline: run it in a Worker and end that.

const utf8 = new TextEncoder(), text = new TextDecoder();

// fuse takes a compiled WebAssembly.Module, what is known of the image
//   {width, height, sourceWidth, sourceHeight, meanFilter, refined, base, shift, className, params: [[key, value]...]}
// and its maps [{kind: 0 or 1, timestep, cell, scale, pixels: Float32Array}...]. It returns {heatmap, score, numbers, log}.
export async function fuse(module, image, maps) {
  const pixels = image.width * image.height, numbers = {};
  let log = '', memory;
  const read = (at, n) => text.decode(new Uint8Array(memory.buffer, at >>> 0, n >>> 0));
  const set = (at, v) => new DataView(memory.buffer).setUint32(at >>> 0, v, true);
  let seed = 1, clock = 0n;
  const wasi = {
    args_get: () => 0, environ_get: () => 0, sched_yield: () => 0,
    args_sizes_get: (n, size) => (set(n, 0), set(size, 0), 0),
    environ_sizes_get: (n, size) => (set(n, 0), set(size, 0), 0),
    clock_time_get: (id, precision, at) => (new DataView(memory.buffer).setBigUint64(at >>> 0, clock += 1000000n, true), 0),
    random_get: (at, n) => {
      const b = new Uint8Array(memory.buffer, at >>> 0, n >>> 0);
      for (let i = 0; i < b.length; i++) b[i] = (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16;
      return 0;
    },
    fd_write: (fd, vectors, n, written) => {
      if (fd !== 1 && fd !== 2) return 8;
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const v = new DataView(memory.buffer, (vectors >>> 0) + 8 * i, 8), length = v.getUint32(4, true);
        log = (log + read(v.getUint32(0, true), length)).slice(-65536);
        sum += length;
      }
      set(written, sum);
      return 0;
    },
    poll_oneoff: (subscriptions, events, n, count) => {
      const v = new DataView(memory.buffer);
      new Uint8Array(memory.buffer, events >>> 0, 32 * n).fill(0);
      for (let i = 0; i < n; i++) v.setBigUint64((events >>> 0) + 32 * i, v.getBigUint64((subscriptions >>> 0) + 48 * i, true), true);
      set(count, n);
      return 0;
    },
    proc_exit: code => { throw new Error(`rule: exited with code ${code}`); },
  };
  const drdc = {
    fail: (at, n) => { throw new Error(`rule: ${read(at, Math.min(n >>> 0, 1024))}`); },
    log: (at, n) => { log = (log + read(at, Math.min(n >>> 0, 65536)) + '\n').slice(-65536); },
    number: (at, n, v) => {
      const name = read(at, Math.min(n >>> 0, 65));
      if (!/^[a-z0-9_.-]{1,64}$/.test(name) || !Number.isFinite(v) || name in numbers || Object.keys(numbers).length === 64) {
        throw new Error(`rule: number ${JSON.stringify(name)} is ${v}`);
      }
      numbers[name] = v;
    },
  };
  const {exports: rule} = await WebAssembly.instantiate(module, {drdc, wasi_snapshot_preview1: wasi});
  memory = rule.memory;
  if (rule._initialize) rule._initialize();
  if (rule.drdc_abi() !== 1) throw new Error('rule: another version of the contract');

  const className = utf8.encode(image.className), params = utf8.encode(image.params.map(([k, v]) => `${k}=${v}\n`).join(''));
  const room = Math.max(56 + className.length + params.length, 32 + 4 * pixels);
  const alloc = n => {
    const at = rule.drdc_alloc(n) >>> 0;
    if (at === 0 || at % 16 !== 0 || at + n > memory.buffer.byteLength) throw new Error(`rule: ${n} bytes at address ${at}`);
    return at;
  };
  const record = alloc(room), heatmap = alloc(4 * pixels);
  const write = words => {
    const v = new DataView(memory.buffer, record);
    words.forEach((w, i) => v.setUint32(4 * i, w, true));
    return v;
  };
  const texts = record + 56;
  const v = write([56, image.width, image.height, maps.length, image.sourceWidth, image.sourceHeight, image.meanFilter, 0, 0, 0,
    texts, className.length, texts + className.length, params.length]);
  [image.refined, image.base, image.shift].forEach((w, i) => v.setFloat32(28 + 4 * i, w, true));
  new Uint8Array(memory.buffer, texts).set(className);
  new Uint8Array(memory.buffer, texts + className.length).set(params);
  rule.drdc_begin(record);
  maps.forEach((m, i) => {
    write([32, i, m.kind, m.timestep, m.cell, m.scale, record + 32, 0]);
    new Float32Array(memory.buffer, record + 32, pixels).set(m.pixels);
    rule.drdc_map(record);
  });
  new Float32Array(memory.buffer, heatmap, pixels).fill(NaN);
  const score = rule.drdc_finish(heatmap), result = new Float32Array(memory.buffer, heatmap, pixels).slice();
  if (!Number.isFinite(score) || !result.every(Number.isFinite)) throw new Error('rule: a value is not finite or was not written');
  return {heatmap: result, score, numbers, log};
}
