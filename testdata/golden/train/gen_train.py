"""Goldens of runtime/train: losses of ten steps of AdamW in float64, with the weights
and inputs of ../models/common.py. Writes train.json.
"""
import json
import os
import sys

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


cases = [conv_case("convolutions", 1), conv_case("convolutions, three passes for a step", 3), uniad_case(), unet_case()]
with open(os.path.join(HERE, "train.json"), "w") as f:
    f.write('{"cases":[\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
