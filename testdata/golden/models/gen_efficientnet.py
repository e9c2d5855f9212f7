"""Goldens of EfficientNet-b4 up to block 21, in float64: python3 gen_efficientnet.py"""
import torch
import torch.nn.functional as F

from common import output, stored, unit, write

STAGES = [(2, 1, 3, 1, 24), (4, 6, 3, 2, 32), (4, 6, 5, 2, 56), (6, 6, 3, 2, 112), (6, 6, 5, 1, 160)]
TAPS = {1: "s2", 5: "s4", 9: "s8", 21: "s16"}


class Trunk:
    def __init__(self, padding, eps):
        self.padding, self.eps, self.nominal = padding, eps, 380

    def pad(self, x, k, s):
        size = list(x.shape[2:])
        if self.padding == "symmetric":
            return F.pad(x, [(k - 1) // 2] * 4)
        if self.padding == "static380":
            size = [self.nominal] * 2
            self.nominal = -(-self.nominal // s)
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n in size]
        return F.pad(x, [total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2])

    def conv(self, x, conv, norm, out, k=1, s=1, groups=1):
        if k > 1:
            x = self.pad(x, k, s)
        x = F.conv2d(x, stored(conv + ".weight", out, x.shape[1] // groups, k, k), stride=s, groups=groups)
        mean, var = stored(norm + ".running_mean", out), stored(norm + ".running_var", out)
        return F.batch_norm(x, mean, var, stored(norm + ".weight", out), stored(norm + ".bias", out), eps=self.eps)

    def block(self, x, name, expand, k, s, out):
        inp, mid, y = x.shape[1], x.shape[1] * expand, x
        if expand > 1:
            y = F.silu(self.conv(y, name + "._expand_conv", name + "._bn0", mid))
        y = F.silu(self.conv(y, name + "._depthwise_conv", name + "._bn1", mid, k, s, mid))
        sq, down, up = inp // 4, name + "._se_reduce", name + "._se_expand"
        g = F.adaptive_avg_pool2d(y, 1)
        g = F.silu(F.conv2d(g, stored(down + ".weight", sq, mid, 1, 1), stored(down + ".bias", sq)))
        g = F.conv2d(g, stored(up + ".weight", mid, sq, 1, 1), stored(up + ".bias", mid))
        y = self.conv(y * torch.sigmoid(g), name + "._project_conv", name + "._bn2", out)
        return y + x if s == 1 and inp == out else y

    def __call__(self, x):
        x = F.silu(self.conv(x, "_conv_stem", "_bn0", 48, 3, 2))
        taps, i = {}, 0
        for repeats, expand, k, stride, out in STAGES:
            for j in range(repeats):
                x = self.block(x, "_blocks.%d" % i, expand, k, stride if j == 0 else 1, out)
                if i in TAPS:
                    taps[TAPS[i]] = x
                i += 1
        return taps


def case(name, padding, eps, h, w):
    x = unit("image", 1, 3, h, w)
    taps = Trunk(padding, eps)(x)
    for tap, y in taps.items():
        # The output must depend on the image: a golden of constants proves nothing.
        assert y.std((2, 3)).mean() > 0.05 * y.std(), (name, tap)
    return {
        "name": name,
        "config": {"padding": padding, "bn_eps": eps},
        "inputs": {"image": [1, 3, h, w]},
        "outputs": {tap: output(y) for tap, y in taps.items()},
    }


write("efficientnet", [
    case("static380", "static380", 1e-3, 224, 224),
    case("dynamic", "dynamic", 1e-3, 224, 224),
    case("symmetric", "symmetric", 1e-5, 224, 224),
    case("static380 of 64x48", "static380", 1e-3, 64, 48),
])
