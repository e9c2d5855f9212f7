// Float32 tensors in safetensors files, for Node and for a page.

// read gives {name: {shape, data}} of the bytes of a file.
export function read(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, at)));
  const start = bytes.byteOffset + at;
  const tensors = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [low, high] = entry.data_offsets;
    tensors[name] = { shape: entry.shape, data: new Float32Array(bytes.buffer.slice(start + low, start + high)) };
  }
  return tensors;
}

// write gives the bytes of a file with tensors {name: {shape, data}}.
export function write(tensors) {
  const header = {};
  let length = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [length, length + data.byteLength] };
    length += data.byteLength;
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (text.length % 8)) % 8);
  const bytes = new Uint8Array(8 + text.length + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(new TextEncoder().encode(text), 8);
  let at = 8 + text.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
