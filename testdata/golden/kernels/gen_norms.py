"""Goldens of norms, softmax and attention.

Run with PyTorch 1.13: python3 gen_norms.py. The seed is 20240502; all is computed
in float64. Tensors are NCHW, tokens as images of one row; params are the fields
of the Go type, and what the Go type holds as float32 is rounded to float32.
"""
import json
import math
import os

import torch
import torch.nn.functional as F

torch.manual_seed(20240502)
HERE = os.path.dirname(os.path.abspath(__file__))
MASKED = -1e30  # JSON has no infinity; PyTorch gets -inf in its place


def rand(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def f32(x):
    return torch.tensor(x, dtype=torch.float32).item()


def tensor(x):
    return {"shape": list(x.shape), "data": x.contiguous().flatten().tolist()}


def write(name, cases):
    rows = [json.dumps({"name": n, "params": p, "in": [tensor(x) for x in i], "out": [tensor(o)]}) for n, p, i, o in cases]
    with open(os.path.join(HERE, name + ".json"), "w") as f:
        f.write('{"cases":[\n' + ",\n".join(rows) + "\n]}\n")


def channels(x):
    """A vector over channels as an image of one pixel."""
    return x.reshape(1, -1, 1, 1)


def image(tokens):
    """[N, L, C] as [N, C, 1, L]."""
    return tokens.transpose(1, 2).unsqueeze(2)


def groupnorm():
    shapes = [(32, 1, 32, 5, 4, 1e-5), (32, 2, 96, 2, 3, 1e-5), (32, 1, 128, 2, 2, 1e-5), (4, 2, 20, 3, 5, 1e-5), (7, 1, 7, 6, 2, 1e-5), (1, 2, 6, 3, 2, 1e-2)]
    for groups, n, c, h, w, eps in shapes:
        x, gamma, beta, film = 3 * rand(n, c, h, w) + 1, rand(c), rand(c), rand(n, 2 * c, 1, 1)
        y = F.group_norm(x, groups, gamma, beta, f32(eps))
        params = {"Groups": groups, "Eps": eps}
        ins = [x, channels(gamma), channels(beta)]
        what = f"{groups} groups of {c}, eps {eps}"
        yield what, params, ins, y
        scale, shift = torch.chunk(film, 2, dim=1)
        y = F.silu(y * (1 + scale) + shift)
        yield what + ", film, silu", {"Act": 1, "Film": True, **params}, ins + [film], y


def layernorm():
    for eps in (1e-5, 1e-2):
        for n, length, c in [(1, 9, 7), (2, 5, 32), (1, 1, 1)]:
            x, gamma, beta = 3 * rand(n, length, c) + 1, rand(c), rand(c)
            y = F.layer_norm(x, (c,), gamma, beta, f32(eps))
            yield f"{n}x{length}x{c} eps {eps}", {"Eps": eps}, [image(x), channels(gamma), channels(beta)], image(y)


def softmax():
    for n, c, h, w in [(2, 7, 3, 4), (1, 33, 2, 2), (1, 1, 1, 1)]:
        x = 10 * rand(n, c, h, w)
        yield f"{n}x{c}x{h}x{w}", {}, [x], F.softmax(x, dim=1)


def guided(qkv, heads, legacy):
    """Attention over [N, 3C, L] with the channel orders of method 3.2: legacy
    (head, {q,k,v}, ch), new ({q,k,v}, head, ch)."""
    n, width, length = qkv.shape
    ch = width // (3 * heads)
    if legacy:
        q, k, v = qkv.reshape(n, heads, 3, ch, length).unbind(2)
    else:
        q, k, v = qkv.reshape(n, 3, heads, ch, length).unbind(1)
    s = ch ** -0.25
    w = torch.softmax(torch.einsum("bhct,bhcs->bhts", q * s, k * s), dim=-1)
    return torch.einsum("bhts,bhcs->bhct", w, v).reshape(n, heads * ch, length)


def mha(q, k, v, heads, mask):
    """PyTorch's own multi-head attention with identity projections."""
    c = q.shape[-1]
    m = torch.nn.MultiheadAttention(c, heads, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        m.in_proj_weight.copy_(torch.eye(c, dtype=torch.float64).repeat(3, 1))
        m.out_proj.weight.copy_(torch.eye(c, dtype=torch.float64))
        return m(q, k, v, attn_mask=mask, need_weights=True)[0]


def attention():
    for order, legacy in ((1, True), (2, False)):
        for heads, ch, h, w in [(1, 8, 3, 3), (2, 4, 2, 5), (3, 12, 3, 2)]:
            qkv = rand(2, 3 * heads * ch, h, w)
            y = guided(qkv.flatten(2), heads, legacy).reshape(2, heads * ch, h, w)
            yield f"{'legacy' if legacy else 'new'}, {heads} heads of {ch}", {"Heads": heads, "Order": order}, [qkv], y
    for heads, ch, lq, lk in [(1, 4, 5, 3), (2, 8, 4, 9), (4, 4, 7, 7)]:
        q, k, v = rand(2, lq, heads * ch), rand(2, lk, heads * ch), rand(2, lk, heads * ch)
        ins = [image(q), image(k), image(v)]
        what = f"{heads} heads of {ch}, {lq} to {lk}"
        yield what, {"Heads": heads}, ins, image(mha(q, k, v, heads, None))
        mask = rand(lq, lk)
        hidden = torch.rand(lq, lk) < 0.4
        hidden[:, 0] = False
        y = mha(q, k, v, heads, mask.masked_fill(hidden, -math.inf))
        stored = image(mask.masked_fill(hidden, MASKED).unsqueeze(0))
        yield what + ", mask", {"Heads": heads, "Mask": True}, ins + [stored], image(y)
    q, k, v = rand(1, 4, 8), rand(1, 5, 8), rand(1, 5, 8)
    w = torch.softmax(0.75 * q @ k.transpose(1, 2), dim=-1)
    yield "scale 0.75", {"Heads": 1, "Scale": 0.75}, [image(q), image(k), image(v)], image(w @ v)


def l2norm():
    a, b = rand(2, 7, 3, 4), rand(2, 7, 3, 4)
    yield "pair", {}, [a, b], torch.linalg.vector_norm(a - b, dim=1, keepdim=True)
    yield "single", {}, [a], torch.linalg.vector_norm(a, dim=1, keepdim=True)


def reduce():
    x = rand(2, 7, 3, 4)
    ops = [torch.sum, torch.amax, torch.amin, torch.mean]
    for op, f in enumerate(ops):
        for axes, dims in enumerate([(2, 3), (1,), (1, 2, 3)]):
            yield f"{f.__name__} {dims}", {"Op": op, "Axes": axes}, [x], f(x, dim=dims, keepdim=True)


for make in (groupnorm, layernorm, softmax, attention, l2norm, reduce):
    write(make.__name__, make())
