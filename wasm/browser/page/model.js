// Where model files come from: a file of the user's, the cache of this browser, or the network. Used by worker.js alone.
//
// A model is cached under its digest, the 32 bytes behind the header (weights/FORMAT.md), so that a second visit needs no download and
// a changed model is another entry. While it arrives it is read already, and there is one copy of it: the pieces that came in, until
// the cache has them.

const cacheName = 'drdc-models';
const prefix = 24, digestBytes = 32;

const failure = (code, text) => Object.assign(new Error(text), {code});
const keyOf = digest => new URL(`models/sha256/${digest}`, import.meta.url).href;
const noteOf = url => new URL(`models/of?${encodeURIComponent(url)}`, import.meta.url).href;

// openModel takes {file: Blob}, or {url, digest} where the digest may be left out. It returns {size, digest, read(at, n), origin} with
// origin 'file', 'cache' or 'network'; read gives n bytes as a Uint8Array. progress(bytes, total) follows a download.
export async function openModel({file, url, digest}, progress) {
  if (file) return new Stored(file, 'file', '');
  const cache = await caches.open(cacheName).catch(() => null); // a browser may forbid storage
  const cached = async digest => {
    const hit = digest && await cache?.match(keyOf(digest));
    return hit ? new Stored(await hit.blob(), 'cache', digest) : null;
  };
  const known = await cached(digest);
  if (known) return known;
  const stop = new AbortController();
  let response;
  try {
    response = await fetch(url, {signal: stop.signal});
  } catch (e) {
    const last = await cache?.match(noteOf(url));
    const kept = last && await cached(await last.text());
    if (kept) return kept;
    throw failure('network', `the model ${url} cannot be fetched, and this browser has no copy of it: ${e.message}`);
  }
  if (!response.ok) throw failure('network', `the model ${url} cannot be fetched: the server answered ${response.status} ${response.statusText}`);
  const arriving = new Arriving(response, url, progress);
  const own = await arriving.identify();
  await cache?.put(noteOf(url), new Response(own)).catch(() => {});
  const same = await cached(own);
  if (same) {
    stop.abort();
    return same;
  }
  arriving.keep(cache, keyOf(own));
  if (!arriving.size) await arriving.complete;
  return arriving;
}

// forgetModel removes what openModel cached: the model of a digest, or all.
export async function forgetModel(digest) {
  if (!digest) return caches.delete(cacheName);
  return (await caches.open(cacheName)).delete(keyOf(digest));
}

// Stored is a whole file that the browser keeps, on a disk if it likes.
class Stored {
  constructor(blob, origin, digest) {
    this.blob = blob;
    this.digest = digest;
    this.size = blob.size;
    this.origin = origin;
  }

  async read(at, n) {
    try {
      return new Uint8Array(await this.blob.slice(at, at + n).arrayBuffer());
    } catch (e) {
      throw failure('network', `the stored model cannot be read: ${e.message}`);
    }
  }
}

// Arriving is a file that is being downloaded; read waits for what has not come yet.
class Arriving {
  constructor(response, url, progress) {
    this.origin = 'network';
    // A length on the wire says nothing about the file when the host compressed it.
    this.size = response.headers.get('Content-Encoding') ? 0 : Number(response.headers.get('Content-Length'));
    this.pieces = []; // {at, bytes}
    this.have = 0;
    this.ended = false;
    this.waiting = [];
    this.blob = null; // the whole, once it is somewhere else than in pieces
    this.complete = this.#receive(response.body.getReader(), url, progress);
    this.complete.catch(() => {}); // read tells
  }

  async #receive(reader, url, progress) {
    try {
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        this.pieces.push({at: this.have, bytes: value});
        this.have += value.length;
        progress(this.have, this.size);
        this.#wake();
      }
      if (this.size && this.have !== this.size) throw new Error(`it ended after ${this.have} of ${this.size} bytes`);
      this.size = this.have;
    } catch (e) {
      this.error = failure('network', `the download of ${url} broke off: ${e.message}`);
      throw this.error;
    } finally {
      this.ended = true;
      this.#wake();
    }
  }

  #wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  // until waits until so many bytes are there; it returns how many are if the file is shorter.
  async #until(end) {
    while (this.have < end && !this.ended) await new Promise(resolve => this.waiting.push(resolve));
    if (this.error) throw this.error;
    return Math.min(end, this.have);
  }

  async read(at, n) {
    const end = await this.#until(at + n);
    if (this.blob) return new Stored(this.blob, '', '').read(at, n);
    const out = new Uint8Array(Math.max(end - at, 0));
    for (let i = this.#find(at); i < this.pieces.length && this.pieces[i].at < end; i++) {
      const p = this.pieces[i];
      out.set(p.bytes.subarray(Math.max(at - p.at, 0), end - p.at), Math.max(p.at - at, 0));
    }
    return out;
  }

  // find is the piece with byte at.
  #find(at) {
    let lo = 0, hi = this.pieces.length - 1;
    while (lo < hi) {
      const mid = lo + hi + 1 >> 1;
      if (this.pieces[mid].at <= at) lo = mid; else hi = mid - 1;
    }
    return Math.max(lo, 0);
  }

  // identify reads the digest.
  async identify() {
    const front = await this.read(0, prefix);
    if (front.length < prefix) throw failure('model', `not a model file: it has ${front.length} bytes`);
    const header = new DataView(front.buffer).getBigUint64(16, true);
    if (header > 1n << 24n) throw failure('model', `not a model file: its header would have ${header} bytes`);
    const digest = await this.read(prefix + Number(header), digestBytes);
    return this.digest = Array.from(digest, b => b.toString(16).padStart(2, '0')).join('');
  }

  // keep gives the pieces to the cache as they come. Then, or when the cache takes them not, the browser has them as a Blob.
  async keep(cache, key) {
    try {
      try {
        if (!cache) throw failure('storage', 'this browser keeps no files for this page');
        let next = 0;
        const body = new ReadableStream({
          pull: async stream => {
            const piece = () => this.pieces[next];
            while (!piece() && !this.ended) await new Promise(resolve => this.waiting.push(resolve));
            if (this.error) stream.error(this.error);
            else if (piece()) stream.enqueue(this.pieces[next++].bytes);
            else stream.close();
          },
        }, {highWaterMark: 0});
        await cache.put(key, new Response(body, {headers: {'Content-Type': 'application/octet-stream'}}));
        this.blob = await (await cache.match(key)).blob();
      } catch (e) {
        await this.complete;
        this.blob = new Blob(this.pieces.map(p => p.bytes));
      }
      this.pieces = [];
    } catch (e) {
      // The download failed, which read tells.
    }
  }
}
