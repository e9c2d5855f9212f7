"""What the generators of network goldens share: reproducible weights and inputs,
and goldens that hold samples of an output. runtime/model/modeltest is the other
side of it; both must give the same float32 values.

Run the gen_*.py in their own folder with PyTorch 1.13 and NumPy.
"""
import json
import math
import os

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20240501
SAMPLES = 1000
M64 = (1 << 64) - 1


def fnv1a(name):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = (h ^ b) * 0x100000001B3 & M64
    return h


def uniform(name, n):
    """n values in [-1, 1): value i is SplitMix64 of a key made of seed and name."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name) ^ SEED) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1


def stored(name, *shape):
    """A stored tensor: unit gain for what has a fan-in, gains near 1, offsets near 0,
    variances of 0.5 to 1.5."""
    u = uniform(name, math.prod(shape))
    if len(shape) > 1:
        v = u * math.sqrt(3 / math.prod(shape[1:]))
    elif name.endswith("running_var"):
        v = 1 + 0.5 * u
    elif name.endswith("weight"):
        v = 1 + 0.25 * u
    else:
        v = 0.25 * u
    return torch.from_numpy(v.astype(np.float32).astype(np.float64)).reshape(shape)


def unit(name, *shape):
    """An input of unit variance, NCHW."""
    v = uniform("input " + name, math.prod(shape)) * math.sqrt(3)
    return torch.from_numpy(v.astype(np.float32).astype(np.float64)).reshape(shape)


def output(x):
    """Shape, norm and samples of an NCHW output; all values of a small one."""
    flat = x.detach().contiguous().flatten().numpy()
    at = range(len(flat))
    if len(flat) > SAMPLES:
        at = ((uniform("samples", SAMPLES) + 1) / 2 * len(flat)).astype(np.int64)
    return {
        "shape": list(x.shape),
        "norm": float("%.12g" % math.sqrt(float((flat * flat).sum()))),
        "samples": [float("%.9g" % flat[i]) for i in at],
    }


def write(name, cases):
    """Writes cases: dicts with name, config, inputs (NCHW shapes by name), outputs (by
    name) and, where it is a test, tensors (name and shape, in the order of state_dict)."""
    with open(os.path.join(HERE, name + ".json"), "w") as f:
        f.write('{"cases":[\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
