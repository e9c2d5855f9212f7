"""Goldens of runtime/train: losses of ten steps of AdamW in float64, with the weights
and inputs of ../models/common.py. Writes train.json.
"""
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "models"))
import common

common.write = lambda name, cases: None  # importing a generator writes nothing
import gen_uniad
import gen_unet

STEPS = 10
BATCHES = 3  # step i has batch i % BATCHES

tensors = {}


def trained(name, *shape):
    """common.stored, once for each name, as a leaf that is trained."""
    if name not in tensors:
        tensors[name] = stored(name, *shape).requires_grad_()
    return tensors[name]


stored = common.stored


def convnet(x):
    """The network of TestLosses' "convolutions"."""
    t = trained
    x = F.relu(F.conv2d(x, t("conv1.weight", 10, 3, 3, 3), t("conv1.bias", 10), padding=1))
    y = F.conv2d(x, t("conv2.weight", 24, 10, 3, 3), t("conv2.bias", 24), stride=2, padding=1)
    y = F.silu(F.group_norm(y, 6, t("norm.weight", 24), t("norm.bias", 24)))
    y = y + F.conv2d(y, t("conv3.weight", 24, 24, 1, 1), t("conv3.bias", 24))
    y = F.interpolate(F.avg_pool2d(y, 2), scale_factor=4, mode="nearest")
    return F.conv2d(torch.cat([x, y], 1), t("conv4.weight", 5, 34, 3, 3), t("conv4.bias", 5), padding=1)


def case(name, loss, parameters, config=None, lr=1e-3, decay=1e-2, clip=1.0, every=STEPS, passes=1, inputs=None):
    """loss(i) is that of batch i; the learning rate halves after every so many steps."""
    optimiser = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, every, 0.5)
    losses, norms = [], []
    for step in range(STEPS):
        optimiser.zero_grad()
        total = 0
        for i in range(passes):
            value = loss((step * passes + i) % BATCHES) / passes
            value.backward()
            total += value.item()
        norms.append(float("%.12g" % torch.nn.utils.clip_grad_norm_(parameters, clip).item()))
        losses.append(float("%.12g" % total))
        optimiser.step()
        schedule.step()
    print(name, losses[0], losses[-1], norms[0])
    assert losses[-1] < 0.9 * losses[0], name
    return {
        "name": name, "config": config or {}, "inputs": inputs, "lr": lr, "decay": decay, "clip": clip, "every": every,
        "passes": passes, "losses": losses, "norms": norms,
    }


def conv_case(name, passes):
    tensors.clear()
    inputs = {"x": [2, 3, 12, 8], "y": [2, 5, 12, 8]}

    def loss(i):
        return F.mse_loss(convnet(common.unit("x%d" % i, *inputs["x"])), common.unit("y%d" % i, *inputs["y"]))

    loss(0)
    return case(name, loss, list(tensors.values()), passes=passes, inputs=inputs, lr=3e-3)


def uniad_case():
    c = dict(hidden_dim=32, nhead=4, encoder_layers=2, decoder_layers=2, dim_feedforward=48, neighbor_size=[3, 3],
             feature_size=[6, 5], in_channels=18)
    net = gen_uniad.UniAD(c)
    shape = [2, 18, 6, 5]

    def loss(i):
        x = common.unit("x%d" % i, *shape)
        return F.mse_loss(net(x + common.unit("jitter%d" % i, *shape)), x)

    return case("uniad", loss, list(net.parameters()), c, clip=0.1, every=4, inputs={"x": shape, "jitter": shape})


def philox(counter, key):
    """Philox4x32-10 of four arrays of counter words and two key words: four arrays."""
    c, (k0, k1), low = [np.asarray(w, dtype=np.uint64) for w in np.broadcast_arrays(*counter)], key, np.uint64(0xFFFFFFFF)
    for i in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        x, y = np.uint64((k0 + i * 0x9E3779B9) & 0xFFFFFFFF), np.uint64((k1 + i * 0xBB67AE85) & 0xFFFFFFFF)
        c = [(b >> np.uint64(32)) ^ c[1] ^ x, b & low, (a >> np.uint64(32)) ^ c[3] ^ y, a & low]
    return c


def words(pixels, channels, key, stream=0):
    """The words of kernels.Dropout and Noise: [pixels, channels padded to four]."""
    q, j = np.meshgrid(np.arange(pixels), np.arange((channels + 3) // 4), indexing="ij")
    return np.stack(philox([q, j, np.full_like(q, key[2]), np.full_like(q, key[3] + stream)], key[:2]), -1).reshape(pixels, -1)


def normal(pixels, channels, key):
    """kernels.Noise by Box and Muller."""
    w = words(pixels, channels, key).reshape(pixels, -1, 2)
    u = ((w >> np.uint64(9)).astype(np.float64) + 0.5) * 2.0**-23
    r, turn = np.sqrt(-2 * np.log(u[..., 0])), 2 * np.pi * u[..., 1]
    v = np.stack([r * np.cos(turn), r * np.sin(turn)], -1).reshape(pixels, -1)[:, :channels]
    return torch.from_numpy(np.ascontiguousarray(v))


class Dropped:
    """UniAD in training: every dropout has a stream of its own, in order."""

    def __init__(self, net, key, p):
        self.net, self.key, self.p, self.stream = net, key, p, 0

    def drop(self, x):
        """x [..., C], the axes before in the order of kernels.Dropout."""
        w = words(x[..., 0].numel(), x.shape[-1], self.key, self.stream)[:, : x.shape[-1]]
        self.stream += 1
        keep = torch.from_numpy((w >= np.uint64(int(self.p * 2**32))).astype(np.float64)).reshape(x.shape)
        return x * keep / (1 - self.p)

    def attend(self, m, q, k, v, mask):
        """Tokens are [N, L, d]."""
        (n, l, d), h = q.shape, m.num_heads
        split = lambda x, i: F.linear(x, m.in_proj_weight[i * d : i * d + d], m.in_proj_bias[i * d : i * d + d]).reshape(n, l, h, d // h).transpose(1, 2)
        scores = split(q, 0) @ split(k, 1).transpose(2, 3) / (d // h) ** 0.5
        y = self.drop((scores + mask).softmax(-1)) @ split(v, 2)
        return self.drop(m.out_proj(y.transpose(1, 2).reshape(n, l, d)))

    def ff(self, layer, x):
        return self.drop(layer.linear2(self.drop(F.relu(layer.linear1(x)))))

    def __call__(self, features):
        net, (n, ch, h, w) = self.net, features.shape
        row, col = net.pos_embed.row_embed.weight, net.pos_embed.col_embed.weight
        pos = torch.cat([col.unsqueeze(0).expand(h, -1, -1), row.unsqueeze(1).expand(-1, w, -1)], 2).reshape(1, h * w, -1)
        mask, x = net.mask(), net.input_proj(features.flatten(2).transpose(1, 2))
        for e in net.transformer.encoder.layers:
            x = e.norm1(x + self.attend(e.self_attn, x + pos, x + pos, x, mask))
            x = e.norm2(x + self.ff(e, x))
        memory = out = x
        for e in net.transformer.decoder.layers:
            x = e.learned_embed.weight.expand(n, -1, -1)
            x = e.norm1(x + self.attend(e.self_attn, x + pos, memory + pos, memory, mask))
            x = e.norm2(x + self.attend(e.multihead_attn, x + pos, out + pos, out, mask))
            out = e.norm3(x + self.ff(e, x))
        return net.output_proj(net.transformer.decoder.norm(out)).transpose(1, 2).reshape(n, ch, h, w)


def dropout_case():
    c = dict(hidden_dim=32, nhead=4, encoder_layers=2, decoder_layers=2, dim_feedforward=48, neighbor_size=[3, 3],
             feature_size=[6, 5], in_channels=18)
    net, shape, p, scale = gen_uniad.UniAD(c), [2, 18, 6, 5], 0.1, 3.0

    def loss(i):
        x = common.unit("x%d" % i, *shape)
        noise = torch.stack([normal(30, 18, [11, 13, i, n]) for n in range(2)]).transpose(1, 2).reshape(shape)
        noisy = x + noise * x.pow(2).sum(1, keepdim=True).sqrt() / 18 * scale
        return F.mse_loss(Dropped(net, [5, 7, i, 0], p)(noisy), x)

    # Without dropout it is the network of the other goldens.
    x = common.unit("x0", *shape)
    assert (Dropped(net, [0, 0, 0, 0], 0.0)(x) - net(x)).abs().max() < 1e-12
    return case("uniad with jitter and dropout", loss, list(net.parameters()), {**c, "dropout": p, "jitter": scale}, lr=3e-3, clip=0.1,
                inputs={"x": shape})


def mobilenet_case():
    tensors.clear()
    inputs = {"x": [2, 3, 24, 16], "y": [2, 8, 6, 4]}

    def loss(i):
        return F.mse_loss(narrow(common.unit("x%d" % i, *inputs["x"])), common.unit("y%d" % i, *inputs["y"]))

    loss(0)
    return case("mobilenet", loss, list(tensors.values()), {"padding": "symmetric", "width": 0.25, "taps": [2]}, inputs=inputs, lr=3e-3)


def narrow(x):
    """MobileNetV2 of width 1/4 up to block 2."""
    def conv(x, name, out, kernel, stride=1, groups=1):
        t = [trained(name + ".weight", out, x.shape[1] // groups, kernel, kernel), trained(name + ".bias", out)]
        return F.conv2d(x, *t, stride=stride, padding=kernel // 2, groups=groups)

    x = F.relu6(conv(x, "stem", 8, 3, 2))
    for i, (expand, stride) in enumerate([(1, 1), (6, 2), (6, 1)]):
        y, mid, name = x, expand * x.shape[1], "blocks.%d." % i
        if expand > 1:
            y = F.relu6(conv(y, name + "expand", mid, 1))
        y = conv(F.relu6(conv(y, name + "depthwise", mid, 3, stride, mid)), name + "project", 8, 1)
        x = x + y if stride == 1 else y
    return x


def unet_case():
    tensors.clear()
    common.stored = trained
    c = {**gen_unet.DEFAULT, "image_size": 16, "attention_ds": [2], "num_head_channels": 16}
    shape = [2, 3, 16, 16]

    def loss(i):
        x = torch.cat([common.unit("%s%d" % (n, i), *shape) for n in ("x_t", "x_c")], 1)
        return F.mse_loss(gen_unet.UNet(c)(x, [249, 24]), common.unit("noise%d" % i, *shape))

    loss(0)
    made = case("unet", loss, list(tensors.values()), c, inputs={"x_t": shape, "x_c": shape, "noise": shape})
    common.stored = stored
    return made


cases = [conv_case("convolutions", 1), conv_case("convolutions, three passes for a step", 3), uniad_case(),
         dropout_case(), mobilenet_case(), unet_case()]
with open(os.path.join(HERE, "train.json"), "w") as f:
    f.write('{"cases":[\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
