"""Goldens of pointwise, movement, pooling and resize operations.

Run with PyTorch 1.13: python3 gen_pointwise.py. The seed is 20240501; all is
computed in float64. Tensors are NCHW; params are the fields of the Go type.
"""
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(20240501)
HERE = os.path.dirname(os.path.abspath(__file__))


def rand(*shape, scale=1.0):
    return torch.randn(*shape, dtype=torch.float64) * scale


def tensor(x):
    return {"shape": list(x.shape), "data": x.contiguous().flatten().tolist()}


def write(name, cases):
    rows = [json.dumps({"name": n, "params": p, "in": [tensor(x) for x in i], "out": [tensor(o)]}) for n, p, i, o in cases]
    with open(os.path.join(HERE, name + ".json"), "w") as f:
        f.write('{"cases":[\n' + ",\n".join(rows) + "\n]}\n")


def unary():
    functions = [lambda x: x, F.silu, F.relu, F.relu6, F.gelu, torch.sigmoid]
    for act, f in enumerate(functions):
        x = rand(2, 3, 4, 5, scale=5.0)
        yield f"activation {act}", {"Act": act}, [x], f(x)


def pool():
    shapes = [
        # H, W, window, stride, (vertical, horizontal) pad
        (6, 7, (2, 2), (2, 2), (0, 0)),
        (9, 6, (3, 3), (2, 2), (1, 1)),
        (5, 8, (3, 5), (1, 2), (1, 2)),
        (20, 21, (16, 16), (1, 1), (0, 0)),
        (13, 14, (8, 9), (1, 1), (4, 4)),
        (4, 4, (8, 8), (3, 1), (4, 4)),
    ]
    for h, w, k, s, p in shapes:
        x = rand(2, 3, h, w)
        what = f"{h}x{w} window {k} stride {s} pad {p}"
        base = {"Window": k, "Stride": s, "Pad": [p[0], p[1], p[0], p[1]]}
        yield "max " + what, {"Kind": 0, **base}, [x], F.max_pool2d(x, k, s, p)
        for count in (False, True):
            y = F.avg_pool2d(x, k, s, p, count_include_pad=count)
            yield f"avg {what} count {count}", {"Kind": 1, "CountPad": count, **base}, [x], y


def resize():
    sizes = [((4, 5), (4, 5)), ((5, 3), (13, 10)), ((16, 9), (3, 4)), ((7, 11), (17, 3)), ((6, 7), (1, 1)), ((1, 1), (5, 4)), ((14, 14), (28, 28)), ((9, 9), (2, 1))]
    for a, b in sizes:
        x = rand(1, 2, *a)
        what = f"{a} to {b}"
        size = {"H": b[0], "W": b[1]}
        yield "nearest " + what, {"Mode": 0, **size}, [x], F.interpolate(x, b, mode="nearest")
        for corners in (False, True):
            y = F.interpolate(x, b, mode="bilinear", align_corners=corners)
            yield f"bilinear {what} corners {corners}", {"Mode": 1, "AlignCorners": corners, **size}, [x], y


def pad():
    for mode, name in enumerate(("constant", "reflect", "replicate")):
        for top, left, bottom, right in ((0, 0, 1, 1), (1, 2, 3, 0), (4, 4, 4, 4)):
            x = rand(2, 3, 5, 6)
            kw = {"value": 1.5} if mode == 0 else {}
            params = {"Top": top, "Left": left, "Bottom": bottom, "Right": right, "Mode": mode, "Value": 1.5}
            yield f"{name} {top},{left},{bottom},{right}", params, [x], F.pad(x, (left, right, top, bottom), mode=name, **kw)


def concat():
    for channels in ((1, 1), (3, 3), (7, 2, 9, 4, 5), (4, 8)):
        xs = [rand(2, c, 3, 4) for c in channels]
        yield f"channels {channels}", {}, xs, torch.cat(xs, 1)


def permute():
    # Order is of N, H, W, C; PyTorch's of N, C, H, W.
    x = rand(2, 3, 4, 5)
    for order in ((0, 1, 3, 2), (0, 3, 1, 2), (2, 1, 0, 3), (3, 2, 1, 0)):
        y = x.permute(0, 2, 3, 1).permute(*order).permute(0, 3, 1, 2)
        yield f"order {order}", {"Order": order}, [x], y


for group in (unary, pool, resize, pad, concat, permute):
    write(group.__name__, group())
