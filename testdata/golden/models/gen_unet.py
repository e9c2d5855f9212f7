"""Goldens of runtime/model/unet: the U-Net of method 3 in float64, with the weights
and inputs of common.py. Writes unet.json.
"""
import math

import torch
import torch.nn.functional as F

import common

DEFAULT = {
    "image_size": 32, "in_channels": 6, "out_channels": 3, "model_channels": 32, "channel_mult": [1, 2], "num_res_blocks": 1,
    "attention_ds": [], "num_heads": 4, "num_head_channels": -1, "use_scale_shift_norm": True, "resblock_updown": True,
    "use_new_attention_order": False,
}


class UNet:
    def __init__(self, config):
        self.c = config
        self.tensors = {}  # shape by name; modules run in the order of a state dict

    def tensor(self, name, *shape):
        assert name not in self.tensors, name
        self.tensors[name] = shape
        return common.stored(name, *shape)

    def affine(self, name, *shape):
        return self.tensor(name + ".weight", *shape), self.tensor(name + ".bias", shape[0])

    def conv(self, x, name, out, kernel=3, stride=1):
        w, b = self.affine(name, out, x.shape[1], kernel, kernel)
        return F.conv2d(x, w, b, stride=stride, padding=kernel // 2)

    def linear(self, x, name, out):
        return F.linear(x, *self.affine(name, out, x.shape[1]))

    def norm(self, x, name):
        return F.group_norm(x, 32, *self.affine(name, x.shape[1]), eps=1e-5)

    def embedding(self, t):
        mc = self.c["model_channels"]
        f = torch.exp(-math.log(10000) * torch.arange(mc // 2, dtype=torch.float64) / (mc // 2))
        angle = torch.tensor(t, dtype=torch.float64)[:, None] * f
        e = torch.cat([angle.cos(), angle.sin()], 1)
        return self.linear(F.silu(self.linear(e, "time_embed.0", 4 * mc)), "time_embed.2", 4 * mc)

    def residual(self, x, path, out, resample=lambda x: x):
        h = resample(F.silu(self.norm(x, path + ".in_layers.0")))
        h = self.conv(h, path + ".in_layers.2", out)
        film = self.c["use_scale_shift_norm"]
        e = self.linear(F.silu(self.emb), path + ".emb_layers.1", 2 * out if film else out)[:, :, None, None]
        if film:
            scale, shift = e.chunk(2, 1)
            h = self.norm(h, path + ".out_layers.0") * (1 + scale) + shift
        else:
            h = self.norm(h + e, path + ".out_layers.0")
        h = self.conv(F.silu(h), path + ".out_layers.3", out)
        x = resample(x)
        if x.shape[1] != out:
            x = self.conv(x, path + ".skip_connection", out, 1)
        return x + h

    def attention(self, x, path):
        n, c, height, width = x.shape
        head = self.c["num_head_channels"]
        heads = c // head if head > 0 else self.c["num_heads"]
        ch = c // heads
        h = self.norm(x, path + ".norm").flatten(2)
        qkv = F.conv1d(h, *self.affine(path + ".qkv", 3 * c, c, 1))
        if self.c["use_new_attention_order"]:
            q, k, v = qkv.view(n, 3, heads, ch, -1).unbind(1)
        else:
            q, k, v = qkv.view(n, heads, 3, ch, -1).unbind(2)
        scores = torch.einsum("nhct,nhcs->nhts", q * ch**-0.25, k * ch**-0.25)
        y = torch.einsum("nhts,nhcs->nhct", scores.softmax(-1), v).reshape(n, c, -1)
        y = F.conv1d(y, *self.affine(path + ".proj_out", c, c, 1))
        return x + y.view(x.shape)

    def down(self, x, path):
        if self.c["resblock_updown"]:
            return self.residual(x, path, x.shape[1], lambda x: F.avg_pool2d(x, 2))
        return self.conv(x, path + ".op", x.shape[1], stride=2)

    def up(self, x, path):
        double = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        if self.c["resblock_updown"]:
            return self.residual(x, path, x.shape[1], double)
        return self.conv(double(x), path + ".conv", x.shape[1])

    def __call__(self, x, t):
        self.emb = self.embedding(t)
        widths = [int(m * self.c["model_channels"]) for m in self.c["channel_mult"]]
        repeats, attend = self.c["num_res_blocks"], self.c["attention_ds"]
        x = self.conv(x, "input_blocks.0.0", widths[0])
        skips = [x]
        for level, width in enumerate(widths):
            for _ in range(repeats):
                path = f"input_blocks.{len(skips)}"
                x = self.residual(x, path + ".0", width)
                if 2**level in attend:
                    x = self.attention(x, path + ".1")
                skips.append(x)
            if level < len(widths) - 1:
                x = self.down(x, f"input_blocks.{len(skips)}.0")
                skips.append(x)
        x = self.residual(x, "middle_block.0", x.shape[1])
        x = self.attention(x, "middle_block.1")
        x = self.residual(x, "middle_block.2", x.shape[1])
        block = 0
        for level in reversed(range(len(widths))):
            for i in range(repeats + 1):
                path = f"output_blocks.{block}"
                x = self.residual(torch.cat([x, skips.pop()], 1), path + ".0", widths[level])
                last = 1
                if 2**level in attend:
                    x = self.attention(x, path + ".1")
                    last = 2
                if level > 0 and i == repeats:
                    x = self.up(x, f"{path}.{last}")
                block += 1
        assert not skips
        return self.conv(F.silu(self.norm(x, "out.0")), "out.2", self.c["out_channels"])


def case(name, size, timesteps, images=1, **config):
    """timesteps: one for each image, or one for all."""
    config = {**DEFAULT, **config}
    net = UNet(config)
    inputs = {n: [images, 3, *size] for n in ["x_t", "x_c"][: config["in_channels"] // 3]}
    y = net(torch.cat([common.unit(n, *shape) for n, shape in inputs.items()], 1), timesteps)
    print(f"{name}: {sum(map(math.prod, net.tensors.values()))} parameters, rms {y.square().mean().sqrt():.3f}")
    return {
        "name": name,
        "config": {**config, "timesteps": timesteps},
        "inputs": inputs,
        "outputs": {"eps": common.output(y)},
        "tensors": [{"name": n, "shape": s} for n, s in net.tensors.items()],
    }


def main():
    tiny = {"channel_mult": [1, 1, 2, 2, 4, 4], "num_res_blocks": 2, "attention_ds": [8, 16, 32], "num_head_channels": 32}
    common.write("unet", [
        case("the presets' depth", (32, 32), [249], **tiny),
        case("bottom of 7x7", (56, 56), [249], image_size=56, channel_mult=[1, 1, 2, 2], attention_ds=[8], num_head_channels=32),
        case("two images, a timestep each", (32, 48), [249, 24], images=2, attention_ds=[1, 2], num_head_channels=16),
        case("two images, one timestep", (32, 32), [74], images=2, attention_ds=[2], num_res_blocks=2),
        case("new order, heads, no scale-shift", (32, 32), [999, 0], images=2, attention_ds=[1, 2],
             use_new_attention_order=True, use_scale_shift_norm=False),
        case("plain resampling, no scale-shift, no condition, six outputs", (64, 64), [500], image_size=64, in_channels=3, out_channels=6,
             channel_mult=[1, 1, 2], use_scale_shift_norm=False, resblock_updown=False),
        case("plain resampling, scale-shift, new order, head channels", (48, 48), [3], image_size=48, channel_mult=[2, 1, 3],
             num_res_blocks=2, attention_ds=[4], num_head_channels=16, resblock_updown=False, use_new_attention_order=True),
        case("half the channels first", (32, 32), [124], model_channels=64, channel_mult=[0.5, 1], attention_ds=[2], num_heads=1),
        case("one level", (32, 32), [249], channel_mult=[1], attention_ds=[1], num_head_channels=4),
    ])


if __name__ == "__main__":
    main()
