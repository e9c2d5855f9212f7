#!/usr/bin/env python3
"""Writes the attack files of this folder: model files, safetensors and PyTorch checkpoints that a reader must refuse, each for
one reason. Deterministic, standard library only. Run: python3 testdata/attacks/gen.py"""
import hashlib, io, json, os, pickle, struct, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def save(name, data):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)


def frame(blocks, size=None, window=None, dictionary=None):
    """A zstd frame: a single segment of the stated content size, or one with a window descriptor byte."""
    out = struct.pack("<I", 0xFD2FB528)
    fd = 0
    if dictionary is not None:
        fd |= 1
    if window is None:
        out += bytes([fd | 0xA0]) + (struct.pack("<B", dictionary) if dictionary is not None else b"") + struct.pack("<I", size)
    else:
        out += bytes([fd]) + bytes([window]) + (struct.pack("<B", dictionary) if dictionary is not None else b"")
    for i, (kind, data, n) in enumerate(blocks):
        last = i == len(blocks) - 1
        out += struct.pack("<I", (n << 3) | (kind << 1) | last)[:3] + data
    return out


RAW, RLE = 0, 1


def plain(data):
    return frame([(RAW, data, len(data))], size=len(data))


def chunk(stored, raw, offset=0, **over):
    c = {"offset": offset, "stored": len(stored), "raw": raw, "sha256": hashlib.sha256(stored).hexdigest()}
    c.update(over)
    return c


def tensor(chunks, name="base.x", dtype="f32", shape=(4,), raw=16, **over):
    t = {"name": name, "dtype": dtype, "shape": list(shape), "raw": raw, "chunks": chunks}
    t.update(over)
    return t


def model(tensors, body=b"", text=None, version=1, flags=0, magic=b"drdc\r\n\x1a\n", length=None):
    if text is None:
        text = json.dumps({"config": {}, "parts": {"base": {"arch": ""}}, "provenance": {}, "tensors": tensors}, separators=(",", ":"))
    text = text.encode()
    front = magic + struct.pack("<IIQ", version, flags, len(text) if length is None else length) + text
    return front + hashlib.sha256(front).digest() + body


V = struct.pack("<4f", 1, 2, 3, 4)
PLANES = b"".join(V[i::4] for i in range(4))
F = plain(PLANES)
ok = tensor([chunk(F, 16)])


def models():
    yield "good", model([ok], F)
    yield "magic", model([ok], F, magic=b"drdc\n\n\x1a\n")
    yield "version", model([ok], F, version=2)
    yield "flags", model([ok], F, flags=1)
    yield "header-16-eib", model([ok], F, length=1 << 63)
    yield "header-tensors-10m", model([ok], F, length=10**7 * 60)
    yield "header-not-json", model([], text='{"config":{},')
    yield "header-not-object", model([], text="[]")
    yield "header-null", model([], text='{"config":{},"parts":null,"provenance":{},"tensors":[]}')
    yield "header-unknown-field", model([dict(ok, extra=1)], F)
    yield "header-folded-key", model([], text='{"config":{},"parts":{},"provenance":{},"tensors":[],"Tensors":[]}')
    yield "header-missing-field", model([], text='{"config":{},"parts":{},"tensors":[]}')
    yield "header-float", model([tensor([chunk(F, 16, offset=0.0)])], F)
    yield "header-duplicate-key", model([], text='{"config":{},"config":{},"parts":{},"provenance":{},"tensors":[]}')
    yield "header-deep", model([], text='{"config":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}")
    yield "header-tensors-20000", model([], text='{"config":{},"parts":{},"provenance":{},"tensors":[' + ",".join(["{}"] * 20000) + "]}")
    yield "shape-of-100000", model([tensor([chunk(F, 16)], shape=[1] * 100000)], F)
    yield "name-duplicate", model([ok, tensor([chunk(F, 16, offset=len(F))])], F + F)
    yield "name-unsorted", model([tensor([chunk(F, 16)], name="base.b"), tensor([chunk(F, 16, offset=len(F))], name="base.a")], F + F)
    yield "name-path", model([tensor([chunk(F, 16)], name="base.x/../../etc/passwd")], F)
    yield "name-dots", model([tensor([chunk(F, 16)], name="base...x")], F)
    yield "name-long", model([tensor([chunk(F, 16)], name="base." + "x" * 300)], F)
    yield "name-no-part", model([tensor([chunk(F, 16)], name="other.x")], F)
    yield "origin-control", model([dict(ok, origin="a\nb")], F)
    yield "dtype", model([tensor([chunk(F, 16)], dtype="f64", raw=32)], F)
    yield "rank-9", model([tensor([chunk(F, 16)], shape=[1] * 8 + [4])], F)
    yield "shape-negative", model([tensor([chunk(F, 16)], shape=[-2, -2])], F)
    yield "shape-overflow", model([tensor([chunk(F, 16)], shape=[1 << 32, 1 << 32, 4])], F)
    yield "shape-missing", model([{k: v for k, v in tensor([chunk(F, 4)], raw=4).items() if k != "shape"}], F)
    yield "shape-length", model([tensor([chunk(F, 16)], shape=[5])], F)
    yield "scale-missing", model([tensor([chunk(F, 16)], dtype="int8", shape=[16], raw=16)], F)
    yield "scale-group-zero", model([tensor([chunk(F, 16)], dtype="int8", shape=[16], scale={"group": 0, "raw": 0, "chunks": []})], F)
    yield "scale-group-huge", model([tensor([chunk(F, 16)], dtype="int8", shape=[16], scale={"group": 1 << 40, "raw": 4, "chunks": []})], F)
    yield "hole", model([tensor([chunk(F, 16, offset=1)])], b"\0" + F)
    yield "overlap", model([tensor([chunk(F, 16)], name="base.a"), tensor([chunk(F, 16)], name="base.b")], F)
    yield "offset-negative", model([tensor([chunk(F, 16, offset=-1)])], F)
    yield "zero-with-bytes", model([tensor([chunk(F, 16, zero=True)])], F)
    yield "truncated", model([ok], F[:-1])
    yield "trailing", model([ok], F + b"\0")
    yield "header-digest", bytes(b ^ (i == 30) for i, b in enumerate(model([ok], F)))
    yield "chunk-digest", model([ok], F[:-1] + bytes([F[-1] ^ 1]))
    yield "chunk-raw-lies", model([tensor([chunk(F, 32)], shape=[8], raw=32)], F)
    yield "chunk-short", model([tensor([chunk(F, 8)])], F)
    big = 1 << 30
    yield "zeros-1-gib-stated", model([tensor([chunk(F, big)], shape=[big // 4], raw=big)], F)
    z = frame([(RLE, b"\0", 128 << 10)] * 8192, window=0x38)  # 1 GiB of zeros, no stated size, window 128 KiB
    yield "zeros-1-gib-hidden", model([tensor([chunk(z, 4 << 20)], shape=[1 << 20], raw=4 << 20)], z)
    w = frame([(RAW, PLANES, 16)], window=0xC0)  # window of 16 GiB
    yield "window-16-gib", model([tensor([chunk(w, 16)])], w)
    two = F + w
    yield "window-second-frame", model([tensor([chunk(two, 16)])], two)
    d = frame([(RAW, PLANES, 16)], size=16, dictionary=7)
    yield "dictionary", model([tensor([chunk(d, 16)])], d)
    yield "not-zstd", model([tensor([chunk(V, 16)])], V)
    r = frame([(RLE, b"\0", 128 << 10)] * 32, size=4 << 20)
    yield "ratio", model([tensor([chunk(r, 4 << 20)], shape=[1 << 20], raw=4 << 20)], r)
    zero = [{"offset": 0, "stored": 0, "raw": 4 << 20, "zero": True}] * 1025
    yield "zeros-flagged-4-gib", model([tensor(zero, shape=[1025 << 20], raw=1025 << 22)])
    small = [{"offset": 0, "stored": 0, "raw": 4 << 20, "zero": True}] * 512
    scale = {"group": 1 << 32, "raw": 4, "chunks": [{"offset": 0, "stored": 0, "raw": 4, "zero": True}]}
    yield "int4-widens-to-16-gib", model([tensor(small, dtype="int4", shape=[1 << 32], raw=1 << 31, scale=scale)])
    for name, value in ("nan", float("nan")), ("inf", float("-inf")):
        v = struct.pack("<4f", 1, value, 3, 4)
        p = plain(b"".join(v[i::4] for i in range(4)))
        yield name, model([tensor([chunk(p, 16)])], p)


def st(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors():
    e = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    yield "good", st({"a": e}, V)
    yield "header-lies", struct.pack("<Q", 1 << 62) + b"{}"
    yield "header-longer-than-file", struct.pack("<Q", 1000) + b"{}"
    yield "header-not-json", st(b'{"a":')
    yield "duplicate", st(b'{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}', b"\0" * 4)
    yield "folded-key", st(b'{"a":{"dtype":"F32","DTYPE":"F16","shape":[],"data_offsets":[0,4]}}', b"\0" * 4)
    yield "unknown-field", st({"a": dict(e, extra=1)}, V)
    yield "unknown-dtype", st({"a": dict(e, dtype="F8")}, V)
    yield "shared-offsets", st({"t%d" % i: e for i in range(2000)}, V)
    yield "too-many", st(b"{" + b",".join(b'"%d":0' % i for i in range(20000)) + b"}")
    yield "hole", st({"a": dict(e, data_offsets=[4, 20])}, b"\0" * 4 + V)
    yield "trailing", st({"a": e}, V + b"\0")
    yield "truncated", st({"a": e}, V[:-1])
    yield "negative", st({"a": dict(e, shape=[-4])}, V)
    yield "overflow", st({"a": dict(e, shape=[1 << 32, 1 << 32])}, V)
    yield "offsets-backward", st({"a": dict(e, data_offsets=[16, 0])}, V)
    yield "rank-17", st({"a": dict(e, shape=[1] * 16 + [4])}, V)


class Run:
    def __reduce__(self):
        return os.system, ("touch drdc-attack-ran",)


def archive(pkl, entries=(), method=zipfile.ZIP_STORED, data_method=zipfile.ZIP_STORED):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        for name, data, m in [("data.pkl", pkl, method), ("byteorder", b"little", zipfile.ZIP_STORED), ("version", b"3\n", zipfile.ZIP_STORED)] + [
            (n, d, data_method) for n, d in entries
        ]:
            info = zipfile.ZipInfo("archive/" + name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = m
            z.writestr(info, data)
    return b.getvalue()


def text(s):
    s = s.encode()
    return b"X" + struct.pack("<I", len(s)) + s


def number(n):
    return b"\x8a\x08" + struct.pack("<q", n)


def storage(key="0", count=4, kind="FloatStorage"):
    return b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu") + number(count) + b"tQ"


def ints(*v):
    return b"(" + b"".join(number(x) for x in v) + b"t"


def view(store, offset, size, stride, function="_rebuild_tensor_v2"):
    return b"ctorch._utils\n" + function.encode() + b"\n(" + store + number(offset) + ints(*size) + ints(*stride) + b"\x89Nt" + b"R"


def state(value, key="w"):
    return b"\x80\x02}" + text(key) + value + b"s."


def torch():
    d = [("data/0", V)]
    yield "good", archive(state(view(storage(), 0, [4], [1])), d)
    yield "runs-code", archive(pickle.dumps({"w": Run()}, 2))
    yield "runs-code-in-key", archive(b"\x80\x02}cos\nsystem\n(" + text("touch drdc-attack-ran") + b"tR" + view(storage(), 0, [4], [1]) + b"s.", d)
    yield "calls-a-string", archive(b"\x80\x02" + text("f") + b")R.")
    yield "bomb-deflate", archive(state(view(storage(count=1 << 24), 0, [1 << 24], [1])), [("data/0", b"\0" * (1 << 26))], data_method=zipfile.ZIP_DEFLATED)
    yield "bomb-deflate-pickle", archive(b"\x80\x02" + b"]" * 100000 + b".", method=zipfile.ZIP_DEFLATED)
    yield "bomb-stride-0", archive(state(view(storage(), 0, [1 << 34], [0])), d)
    yield "bomb-stride-overlap", archive(state(view(storage(), 0, [1 << 20, 1 << 20], [0, 0])), d)
    yield "bomb-lists", archive(b"\x80\x02" + b"]" * 270000 + b".")
    yield "bomb-text", archive(b"\x80\x02\x8d" + struct.pack("<Q", 1 << 40) + b".")
    laughs = b"\x80\x02]q\x00" + b"".join(b"](" + b"h" + bytes([i]) + (b"h" + bytes([i])) * 50 + b"eq" + bytes([i + 1]) for i in range(100)) + b"."
    yield "bomb-laughs", archive(laughs)
    yield "bomb-self", archive(b"\x80\x02}q\x00" + text("a") + b"h\x00s" + text("b") + b"h\x00s.")
    yield "past-storage", archive(state(view(storage(), 1, [4], [1])), d)
    yield "offset-negative", archive(state(view(storage(), -1, [4], [1])), d)
    yield "stride-negative", archive(state(view(storage(), 3, [4], [-1])), d)
    yield "size-negative", archive(state(view(storage(), 0, [-4], [1])), d)
    yield "stride-overflow", archive(state(view(storage(), 0, [1 << 33, 2], [1 << 33, 1])), d)
    yield "rank-17", archive(state(view(storage(), 0, [1] * 17, [1] * 17)), d)
    yield "storage-length", archive(state(view(storage(count=1 << 40), 0, [4], [1])), d)
    yield "storage-missing", archive(state(view(storage(key="9"), 0, [4], [1])), d)
    yield "storage-path", archive(state(view(storage(key="../data.pkl"), 0, [4], [1])), d)
    yield "storage-complex", archive(state(view(storage(kind="ComplexFloatStorage"), 0, [4], [1])), d)
    yield "sparse", archive(state(view(storage(), 0, [4], [1], "_rebuild_sparse_tensor")), d)
    yield "opcode", archive(b"\x80\x02\xff.")
    yield "empty-stack", archive(b"\x80\x02.")
    yield "no-mark", archive(b"\x80\x02u.")
    yield "cut", archive(b"\x80\x02}")
    yield "no-pickle", archive(b"")[:0] + b"PK\x03\x04" + b"\0" * 100
    yield "no-state", archive(b"\x80\x02}" + text("epoch") + number(3) + b"s.")
    good = bytearray(archive(state(view(storage(), 0, [4], [1])), d))
    at = good.find(V)
    good[at] ^= 1
    yield "crc", bytes(good)
    yield "legacy-cut", bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + b"\x80\x02M\xe9\x03."
    legacy = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + b"\x80\x02M\xe9\x03." + b"\x80\x02}."
    store = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(1 << 40) + b"NtQ"
    legacy += state(view(store, 0, [4], [1])) + b"\x80\x02](" + text("0") + b"e."
    yield "legacy-length", legacy + struct.pack("<q", 1 << 40) + V


def main():
    for prefix, ending, files in ("model", "drdc", models), ("safetensors", "safetensors", safetensors), ("torch", "pt", torch):
        for name, data in files():
            save("%s-%s.%s" % (prefix, name, ending), data)


main()
