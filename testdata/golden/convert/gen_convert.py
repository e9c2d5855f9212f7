#!/usr/bin/env python3
"""A small U-Net as three checkpoints of equal tensors (PyTorch zip, PyTorch legacy,
safetensors, all f16), and what PyTorch 1.13 computes with it in float64. The weights
are those of ../models/common.py, rounded to f16."""
import json
import os
import struct
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "..", "models"), os.path.join(HERE, "..", "torch")]
import common
import gen  # storages of legacy files are numbered, not named by their address
import gen_unet

CONFIG = {**gen_unet.DEFAULT, "image_size": 16, "channel_mult": [1], "num_head_channels": 16}


def tensors(path, named):
    types = {torch.float16: "F16", torch.float32: "F32"}
    header, body = {}, b""
    for name, t in named.items():
        raw = t.contiguous().numpy().tobytes()
        header[name] = {"dtype": types[t.dtype], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def main():
    state, make = {}, common.stored

    def stored(name, *shape):
        state[name] = make(name, *shape).half()
        return state[name].double()

    common.stored = stored
    x, t = common.unit("x", 2, 6, 16, 16), [249, 24]
    eps = gen_unet.UNet(CONFIG)(x, t)
    os.chdir(HERE)
    torch.save(state, "unet.zip.pt")
    gen.addresses.clear()
    torch.save(state, "unet.legacy.pt", _use_new_zipfile_serialization=False)
    tensors("unet.safetensors", state)
    tensors("in.safetensors", {"x": x.float(), "t": torch.tensor(t).float()})
    tensors("eps.safetensors", {"eps": eps.float()})
    config = {"image_size": 16, "refiner": {"num_head_channels": 16}, "infer": {"cells": [4]}}
    with open("config.json", "w") as f:
        json.dump(config, f)
        f.write("\n")


if __name__ == "__main__":
    main()
