// A host of the contract (wasm/abi/ABI.md) for a browser: runs one rule on one image with the browser's own WebAssembly and gives
// the bytes that the native host gives. It has no deadline, which is why sandbox.js runs it in a worker. The module is one that
// wasm/admit has admitted: it imports nothing but what is here, and its memory ends at 512 pages.

const utf8 = new TextEncoder(), text = new TextDecoder();
const logBytes = 65536, messageBytes = 1024, mostNumbers = 64;

// What WASI returns: done, no such descriptor, an address beyond the memory.
const ok = 0, badDescriptor = 8, badAddress = 21;

// fuse takes a compiled WebAssembly.Module, what is known of the image
//   {width, height, sourceWidth, sourceHeight, meanFilter, refined, base, shift, className, params: [[key, value]...]}
// and its maps [{kind: 0 or 1, timestep, cell, scale, pixels: Float32Array}...]. It returns {heatmap, score, numbers, log}; numbers
// are [[name, value]...]. An error's message is for people; its log is what the rule wrote.
export async function fuse(module, image, maps) {
  const world = new World();
  try {
    const {exports} = await WebAssembly.instantiate(module, world.imports());
    world.memory = exports.memory;
    return run(exports, world, image, maps);
  } catch (e) {
    throw Object.assign(new Error(`rule: ${e.message}`), {log: world.log});
  }
}

function run(rule, world, image, maps) {
  if (rule._initialize) rule._initialize();
  const version = rule.drdc_abi();
  if (version !== 1) throw new Error(`version ${version} of the contract, this host has 1`);

  const pixels = image.width * image.height;
  const className = utf8.encode(image.className), params = utf8.encode(image.params.map(([k, v]) => `${k}=${v}\n`).join(''));
  const room = Math.max(56 + className.length + params.length, 32 + 4 * pixels);
  const alloc = n => {
    const at = rule.drdc_alloc(n) >>> 0, size = rule.memory.buffer.byteLength;
    if (at === 0 || at % 16 !== 0 || at + n > size) throw new Error(`drdc_alloc: ${n} bytes at address ${at} of a memory of ${size}`);
    return at;
  };
  const record = alloc(room), heatmap = alloc(4 * pixels);
  if (record < heatmap + 4 * pixels && heatmap < record + room) throw new Error('drdc_alloc: the two buffers overlap');

  // A call may move the memory, so every view is made anew.
  const write = (words, floats) => {
    const v = new DataView(rule.memory.buffer, record);
    words.forEach((w, i) => v.setUint32(4 * i, w, true));
    floats.forEach((w, i) => v.setFloat32(28 + 4 * i, w, true));
  };
  const texts = record + 56;
  write([56, image.width, image.height, maps.length, image.sourceWidth, image.sourceHeight, image.meanFilter, 0, 0, 0,
    texts, className.length, texts + className.length, params.length], [image.refined, image.base, image.shift]);
  new Uint8Array(rule.memory.buffer, texts).set(className);
  new Uint8Array(rule.memory.buffer, texts + className.length).set(params);
  rule.drdc_begin(record);
  maps.forEach((m, i) => {
    if (m.pixels.length !== pixels) throw new Error(`map ${i} has ${m.pixels.length} pixels, want ${pixels}`);
    write([32, i, m.kind, m.timestep, m.cell, m.scale, record + 32, 0], []);
    new Float32Array(rule.memory.buffer, record + 32, pixels).set(m.pixels);
    rule.drdc_map(record);
  });
  // A pixel that is left out stays NaN.
  new Uint8Array(rule.memory.buffer, heatmap, 4 * pixels).fill(255);
  const score = rule.drdc_finish(heatmap), result = new Float32Array(rule.memory.buffer, heatmap, pixels).slice();
  const bad = result.findIndex(v => !Number.isFinite(v));
  if (bad >= 0) throw new Error(`pixel ${bad} of ${pixels} is ${result[bad]} or was not written`);
  if (!Number.isFinite(score)) throw new Error(`the score is ${score}`);
  return {heatmap: result, score, numbers: [...world.numbers], log: world.log};
}

// World is all that a rule can reach.
class World {
  numbers = new Map();
  memory = null;
  #log = '';
  #clock = 0n; // milliseconds: how often the rule has looked
  #random = splitMix64();

  get log() { return this.#log.slice(-logBytes); }

  #write(s) {
    this.#log += s;
    if (this.#log.length > 4 * logBytes) this.#log = this.log;
  }

  #bytes(at, n) { return new Uint8Array(this.memory.buffer, at >>> 0, n >>> 0); }

  #text(at, n, most) {
    try {
      return text.decode(this.#bytes(at, Math.min(n >>> 0, most)));
    } catch {
      throw new Error(`${n >>> 0} bytes of text at address ${at >>> 0}: beyond the memory of ${this.memory.buffer.byteLength} bytes`);
    }
  }

  imports() {
    const view = () => new DataView(this.memory.buffer), u32 = (at, v) => view().setUint32(at >>> 0, v, true);
    const wasi = {
      args_get: () => ok,
      args_sizes_get: (n, size) => (u32(n, 0), u32(size, 0), ok),
      environ_get: () => ok,
      environ_sizes_get: (n, size) => (u32(n, 0), u32(size, 0), ok),
      sched_yield: () => ok,
      // A millisecond goes by whenever the rule looks; the date begins with the year 2000.
      clock_time_get: (id, precision, at) => {
        view().setBigUint64(at >>> 0, ++this.#clock * 1000000n + (id === 0 ? 946684800000000000n : 0n), true);
        return ok;
      },
      random_get: (at, n) => {
        const b = this.#bytes(at, n);
        for (let i = 0; i < b.length; i++) b[i] = this.#random();
        return ok;
      },
      fd_write: (fd, vectors, n, written) => {
        if (fd !== 1 && fd !== 2) return badDescriptor;
        let sum = 0;
        for (let i = 0; i < n >>> 0; i++) {
          const v = new DataView(this.memory.buffer, (vectors >>> 0) + 8 * i, 8), length = v.getUint32(4, true);
          this.#write(text.decode(this.#bytes(v.getUint32(0, true), length).subarray(-logBytes)));
          sum += length;
        }
        u32(written, sum);
        return ok;
      },
      // Every wait is over at once.
      poll_oneoff: (subscriptions, events, n, count) => {
        const v = view();
        this.#bytes(events, 32 * n).fill(0);
        for (let i = 0; i < n; i++) v.setBigUint64((events >>> 0) + 32 * i, v.getBigUint64((subscriptions >>> 0) + 48 * i, true), true);
        u32(count, n);
        return ok;
      },
    };
    for (const [name, f] of Object.entries(wasi)) {
      wasi[name] = (...args) => {
        try {
          return f(...args);
        } catch (e) {
          if (e instanceof RangeError) return badAddress;
          throw e;
        }
      };
    }
    wasi.proc_exit = code => { throw new Error(`exited with code ${code}`); };
    const drdc = {
      fail: (at, n) => { throw new Error(`the rule reports: ${this.#text(at, n, messageBytes)}`); },
      log: (at, n) => { this.#write(this.#text(at, n, logBytes) + '\n'); },
      number: (at, n, v) => {
        const name = this.#text(at, n, 65);
        if (!/^[a-z0-9_.-]{1,64}$/.test(name)) throw new Error(`name ${JSON.stringify(name)} of a number: want 1 to 64 of a-z 0-9 _ - .`);
        if (!Number.isFinite(v)) throw new Error(`number "${name}" is ${v}, want a finite one`);
        if (this.numbers.has(name)) throw new Error(`number "${name}" given twice`);
        if (this.numbers.size === mostNumbers) throw new Error(`number "${name}" is one more than the ${mostNumbers} of an image`);
        this.numbers.set(name, v);
      },
    };
    return {drdc, wasi_snapshot_preview1: wasi};
  }
}

// splitMix64 gives one byte after the other of SplitMix64 from 0, as the native host does.
function splitMix64() {
  const u64 = v => BigInt.asUintN(64, v);
  let state = 0n, word = 0n, left = 0;
  return () => {
    if (left === 0) {
      state = u64(state + 0x9e3779b97f4a7c15n);
      word = u64((state ^ state >> 30n) * 0xbf58476d1ce4e5b9n);
      word = u64((word ^ word >> 27n) * 0x94d049bb133111ebn);
      word ^= word >> 31n;
      left = 8;
    }
    const b = Number(word & 255n);
    word >>= 8n;
    left--;
    return b;
  };
}
