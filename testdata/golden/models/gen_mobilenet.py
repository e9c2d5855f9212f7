"""Goldens of MobileNetV2 1.0 with folded weights, in float64: python3 gen_mobilenet.py"""
import torch.nn.functional as F

from common import output, stored, unit, write

STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def conv(x, name, out, padding, k=1, s=1, groups=1):
    if padding == "symmetric":
        x = F.pad(x, [k // 2] * 4)
    else:
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n in x.shape[2:]]
        x = F.pad(x, [total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2])
    w = stored(name + ".weight", out, x.shape[1] // groups, k, k)
    return F.conv2d(x, w, stored(name + ".bias", out), stride=s, groups=groups)


def network(x, padding, classes):
    """The outputs of all blocks, and the logits."""
    x = F.relu6(conv(x, "stem", 32, padding, 3, 2))
    blocks = []
    for expand, out, repeats, stride in STAGES:
        for j in range(repeats):
            name, s, mid, y = "blocks.%d." % len(blocks), stride if j == 0 else 1, x.shape[1] * expand, x
            if expand > 1:
                y = F.relu6(conv(y, name + "expand", mid, padding))
            y = F.relu6(conv(y, name + "depthwise", mid, padding, 3, s, mid))
            y = conv(y, name + "project", out, padding)
            x = y + x if s == 1 and x.shape[1] == out else y
            blocks.append(x)
    y = F.relu6(conv(x, "head", 1280, padding))
    return blocks, conv(F.adaptive_avg_pool2d(y, 1), "classifier", classes, padding)


def case(name, padding, taps, classes, h, w):
    # Eight times unit variance, so that ReLU6 cuts.
    blocks, logits = network(8 * unit("image", 1, 3, h, w), padding, classes or 1)
    outputs = {}
    for t in taps:
        y = blocks[t]
        # The output must depend on the image: a golden of constants proves nothing.
        assert y.std((2, 3)).mean() > 0.05 * y.std(), (name, t)
        outputs["block%d" % t] = output(y)
    if classes:
        outputs["logits"] = output(logits)
    return {
        "name": name,
        "config": {"padding": padding, "taps": taps, "classes": classes},
        "inputs": {"image": [1, 3, h, w]},
        "outputs": outputs,
    }


write("mobilenet", [
    case("dynamic", "dynamic", [5, 9, 12], 0, 224, 224),
    case("symmetric", "symmetric", [5, 9, 12], 0, 224, 224),
    case("dynamic, odd size", "dynamic", [2, 5, 9], 0, 51, 64),
    case("symmetric, odd size, classifier", "symmetric", [0, 16], 10, 51, 64),
])
