"""Goldens of convolution and matmul, and of folding a batch norm.

Run with PyTorch 1.13: python3 gen_contractions.py. The seed is 20240503; all is
computed in float64 from values that float32 holds. Tensors are as PyTorch has
them; params are the fields of the Go type. The inputs of a convolution are x, with
Two x2, the weight [K, C/groups, KH, KW], with Bias the bias, with Residual
the residual; those of a matmul a [N, H, W, K], the weight [out, in] of a linear
layer or b [N, 1, K, M] (with TransposeB [N, 1, M, K]), bias and residual [N, H, W,
M].
"""
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(20240503)
HERE = os.path.dirname(os.path.abspath(__file__))
ACTS = [lambda x: x, F.silu, F.relu, F.relu6, F.gelu, torch.sigmoid]


def rand(*shape):
    return torch.randn(*shape).double()


def tensor(x):
    return {"shape": list(x.shape), "data": x.contiguous().flatten().tolist()}


def write(name, cases):
    rows = [json.dumps({"name": n, "params": p, "in": [tensor(x) for x in i], "out": [tensor(o) for o in out]}) for n, p, i, out in cases]
    with open(os.path.join(HERE, name + ".json"), "w") as f:
        f.write('{"cases":[\n' + ",\n".join(rows) + "\n]}\n")


def conv(name, n, c, h, w, k, kernel, stride=(1, 1), pad=(0, 0, 0, 0), groups=1, act=0, two=0, bias=False, residual=False):
    x, weight = rand(n, c, h, w), rand(k, c // groups, *kernel)
    params = {"Stride": stride, "Pad": pad, "Groups": groups, "Act": act, "Two": two > 0, "Bias": bias, "Residual": residual}
    tensors = [x[:, :two], x[:, two:], weight] if two else [x, weight]
    b = None
    if bias:
        b = rand(k)
        tensors.append(b)
    top, left, bottom, right = pad
    y = ACTS[act](F.conv2d(F.pad(x, (left, right, top, bottom)), weight, b, stride, groups=groups))
    if residual:
        r = rand(*y.shape)
        tensors.append(r)
        y = y + r
    return name, params, tensors, [y]


def convolutions():
    yield conv("3x3 same", 2, 5, 6, 7, 6, (3, 3), pad=(1, 1, 1, 1), bias=True)
    yield conv("3x3 stride 2, padded below and right", 1, 3, 8, 8, 4, (3, 3), (2, 2), (0, 0, 1, 1), act=1, bias=True)
    yield conv("5x5 stride 2, padded 1 before and 2 after", 1, 2, 8, 10, 3, (5, 5), (2, 2), (1, 1, 2, 2))
    yield conv("7x7 stride 2", 1, 3, 13, 11, 2, (7, 7), (2, 2), (3, 3, 3, 3), act=2)
    yield conv("2x4 stride 3x2 padded 0, 3, 2, 1", 1, 4, 9, 8, 5, (2, 4), (3, 2), (0, 3, 2, 1), act=4, residual=True)
    yield conv("padding over the image", 1, 2, 2, 1, 3, (3, 5), pad=(4, 5, 3, 4))
    yield conv("1x1", 2, 7, 3, 4, 9, (1, 1), act=5, bias=True, residual=True)
    yield conv("1x1 stride 2", 1, 6, 5, 6, 3, (1, 1), (2, 2))
    yield conv("2 groups of 3", 1, 6, 5, 4, 4, (3, 3), pad=(1, 1, 1, 1), groups=2, act=3, bias=True)
    yield conv("group per channel, two outputs each", 1, 3, 4, 4, 6, (3, 3), groups=3)
    yield conv("depthwise 5x5 stride 2", 1, 6, 9, 8, 6, (5, 5), (2, 2), (1, 2, 2, 2), groups=6, act=1, bias=True)
    yield conv("two sources of 5 and 3 channels", 1, 8, 4, 5, 6, (3, 3), pad=(1, 1, 1, 1), two=5, act=1, bias=True, residual=True)


def products():
    for name, n, k, m, act, bias in [("linear", 2, 7, 5, 0, True), ("linear without bias", 1, 8, 6, 4, False)]:
        a, w = rand(n, 2, 3, k), rand(m, k)
        b = [rand(m)] if bias else []
        yield name, {"Act": act, "Bias": bias}, [a, w] + b, [ACTS[act](F.linear(a, w, *b))]
    for transpose in [False, True]:
        a, b, r = rand(3, 1, 5, 6), rand(3, 1, 6, 7), rand(3, 1, 5, 7)
        y = 0.25 * torch.matmul(a, b) + r
        b = b.transpose(2, 3) if transpose else b
        yield f"batched, transposed {transpose}", {"TransposeB": transpose, "Scale": 0.25, "Residual": True}, [a, b, r], [y]


def folds():
    for bias in [False, True]:
        conv, norm = torch.nn.Conv2d(3, 5, 3, bias=bias).double(), torch.nn.BatchNorm2d(5, eps=1e-3).double().eval()
        with torch.no_grad():
            for p in [*conv.parameters(), *norm.parameters(), norm.running_mean]:
                p.copy_(rand(*p.shape))
            norm.running_var.copy_((rand(5).abs() + 0.1).float())
            x = rand(1, 3, 4, 5)
            tensors = [x, conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var]
            if bias:
                tensors.append(conv.bias)
            yield f"bias {bias}", {"Eps": 1e-3}, [t.detach() for t in tensors], [norm(conv(x))]


write("conv2d", convolutions())
write("matmul", products())
write("batchnorm", folds())
