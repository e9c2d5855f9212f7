#!/usr/bin/env python3
"""Writes small PyTorch checkpoints and expected.json, the tensors in them. Seed 20240701, made with torch 1.13.
Run: python3 testdata/golden/torch/gen.py"""
import collections, json, os, struct, sys, types

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20240701)

# The legacy format names storages by their address in memory; count them instead, so that every run writes the same bytes.
addresses = {}


class StrType(type):
    def __instancecheck__(cls, x):
        return isinstance(x, str)


class Str(metaclass=StrType):
    def __new__(cls, x=""):
        if isinstance(x, int) and x > 2**16:
            return "%015d" % addresses.setdefault(x, len(addresses) + 1)
        return str(x)


torch.serialization.str = Str

# An EasyDict-like class of a module that the reader does not have.
module = types.ModuleType("easydict")
exec("class EasyDict(dict):\n    def __init__(self, *a, **k):\n        super().__init__(*a, **k)\n        self.__dict__.update(self)\n", module.__dict__)
module.EasyDict.__module__ = "easydict"
sys.modules["easydict"] = module
EasyDict = module.EasyDict


class Old:
    """Pickles as tensors did before torch 0.4: by _rebuild_tensor."""

    def __init__(self, t):
        self.t = t

    def __reduce__(self):
        return torch._utils._rebuild_tensor, (self.t.storage(), self.t.storage_offset(), tuple(self.t.size()), self.t.stride())


def flat():
    base = torch.randn(4, 6)
    d = collections.OrderedDict()
    d["f32"] = torch.randn(3, 2, 2)
    d["f64"] = torch.randn(3, dtype=torch.float64)
    d["f16"] = torch.randn(5).half()
    d["bf16"] = torch.randn(5).bfloat16()
    d["i64"] = torch.tensor([-(2**40), 0, 7])
    d["i32"] = torch.tensor([-(2**20), 7], dtype=torch.int32)
    d["i16"] = torch.tensor([-300, 7], dtype=torch.int16)
    d["i8"] = torch.tensor([-128, 127], dtype=torch.int8)
    d["u8"] = torch.tensor([0, 255], dtype=torch.uint8)
    d["bool"] = torch.tensor([True, False, True])
    d["scalar"] = torch.tensor(3.5)
    d["empty"] = torch.zeros(0, 4)
    d["shared.whole"] = base
    d["shared.rows"] = base[1:3]
    d["shared.columns"] = base[:, 2:5]
    d["shared.transposed"] = base.t()
    d["shared.steps"] = base.reshape(-1)[1::5]
    d["expanded"] = torch.randn(1, 3).expand(4, 3)
    d["channels_last"] = torch.randn(2, 3, 2, 2).contiguous(memory_format=torch.channels_last)
    d["parameter"] = torch.nn.Parameter(torch.randn(2, 2))
    return d


def kind(t):
    return {torch.float32: "f32", torch.float64: "f64", torch.float16: "f16", torch.bfloat16: "bf16", torch.int64: "i64",
            torch.int32: "i32", torch.int16: "i16", torch.int8: "i8", torch.uint8: "u8", torch.bool: "bool"}[t.dtype]


def raw(t):
    t = t.detach().contiguous()
    return (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()


def listing(d):
    return [{"name": k, "dtype": kind(v), "shape": list(v.shape), "data": raw(v).hex()} for k, v in d.items()]


def safetensors(path, d):
    names = {"f32": "F32", "f64": "F64", "f16": "F16", "bf16": "BF16", "i64": "I64", "i32": "I32", "i16": "I16", "i8": "I8", "u8": "U8", "bool": "BOOL"}
    header, body = {}, b""
    for k, v in d.items():
        header[k] = {"dtype": names[kind(v)], "shape": list(v.shape), "data_offsets": [len(body), len(body) + len(raw(v))]}
        body += raw(v)
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def main():
    d = flat()
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    opt = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 4)).sum().backward()
    opt.step()
    sd = collections.OrderedDict(("module." + k, v) for k, v in model.state_dict().items())
    checkpoint = {
        "epoch": 3, "arch": EasyDict(net=EasyDict(name="uniad", sizes=[1, 2]), flag=None), "best_metric": torch.tensor(0.5).item(),
        "state_dict": sd, "optimizer": opt.state_dict(), "numpy": __import__("numpy").float64(1.5),
    }
    tiny = torch.randn(2, 3)
    files = {
        "flat.zip.pt": (d, d, True, 2), "flat.legacy.pt": (d, d, False, 2), "nested.zip.pt": (checkpoint, sd, True, 2),
        "nested.legacy.pt": (checkpoint, sd, False, 2), "protocol4.zip.pt": (checkpoint, sd, True, 4),
        "easydict.zip.pt": (EasyDict(w=tiny), {"w": tiny}, True, 2), "old.legacy.pt": ({"w": Old(tiny)}, {"w": tiny}, False, 2),
    }
    expected = {}
    for name, (value, state, new, protocol) in files.items():
        torch.save(value, os.path.join(HERE, name), _use_new_zipfile_serialization=new, pickle_protocol=protocol)
        expected[name] = listing(state)
    safetensors(os.path.join(HERE, "flat.safetensors"), d)
    expected["flat.safetensors"] = listing(d)
    torch.save(model, os.path.join(HERE, "module.pt"))
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        json.dump(expected, f, indent=0)


main()
