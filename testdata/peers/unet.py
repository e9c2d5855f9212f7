"""The U-Nets in which drdc is compared with other runtimes, as PyTorch modules, and
their files: unet.onnx, unet.safetensors (the state dict), config.json for `drdc
convert`, in.safetensors and eps.safetensors (the float64 result). The weights are
those of the goldens' generator, so a run on another machine has the same network.
"""
import json
import math
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.append(os.path.join(HERE, "..", "golden", "models"))
import common
import gen_unet

NETS = {  # by the pixels of a side
    224: {"model_channels": 64, "channel_mult": [1, 1, 2, 3, 4, 4], "attention_ds": [8, 16, 32], "num_head_channels": 64},
    64: {"model_channels": 32, "channel_mult": [1, 2, 4, 4], "attention_ds": [4, 8], "num_head_channels": 32},
}
NETS[32] = NETS[64]  # a quarter of the work, for the browser on a busy machine
TIMESTEP = 249.0


class UNet(gen_unet.UNet, torch.nn.Module):
    """The golden's U-Net with its tensors as parameters. macs counts the multiply-adds
    of the last evaluation, but not those of the pooling and the norms."""

    def __init__(self, size):
        torch.nn.Module.__init__(self)
        gen_unet.UNet.__init__(self, {**gen_unet.DEFAULT, "image_size": size, "num_res_blocks": 2, **NETS[size]})
        half = self.c["model_channels"] // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / half)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.macs = 0
        smallest = 2 ** (len(self.c["channel_mult"]) - 1)
        with torch.no_grad():
            self(*self.inputs(smallest))  # makes the parameters

    __call__ = torch.nn.Module.__call__

    def inputs(self, size=None):
        size = size or self.c["image_size"]
        return common.unit("x", 1, 6, size, size), torch.tensor([TIMESTEP], dtype=torch.float64)

    def state(self):
        """The tensors by their names in a checkpoint; a module's may have no dots."""
        return {name.replace("/", "."): p for name, p in self.named_parameters()}

    def forward(self, x, t):
        self.macs = 0
        return gen_unet.UNet.__call__(self, x, t)

    def tensor(self, name, *shape):
        key = name.replace(".", "/")
        if key not in self._parameters:
            self.register_parameter(key, torch.nn.Parameter(common.stored(name, *shape), requires_grad=False))
        return self._parameters[key]

    def embedding(self, t):
        angle = t[:, None] * self.frequencies
        width = 4 * self.c["model_channels"]
        e = self.linear(torch.cat([angle.cos(), angle.sin()], 1), "time_embed.0", width)
        return self.linear(F.silu(e), "time_embed.2", width)

    def conv(self, x, name, out, kernel=3, stride=1):
        y = super().conv(x, name, out, kernel, stride)
        self.count(y, x.shape[1] * kernel**2)
        return y

    def linear(self, x, name, out):
        y = super().linear(x, name, out)
        self.count(y, x.shape[1])
        return y

    def attention(self, x, path):
        """In matrix products, for which every runtime has a kernel; einsum falls back to
        the CPU in some."""
        n, c, height, width = x.shape
        ch = self.c["num_head_channels"]
        qkv = F.conv1d(self.norm(x, path + ".norm").flatten(2), *self.affine(path + ".qkv", 3 * c, c, 1))
        q, k, v = qkv.view(n * (c // ch), 3 * ch, -1).chunk(3, 1)
        scores = (q * ch**-0.25).transpose(1, 2) @ (k * ch**-0.25)
        y = v @ scores.softmax(-1).transpose(1, 2)
        self.count(qkv, c)
        self.count(x, c + 2 * height * width)
        return x + F.conv1d(y.reshape(n, c, -1), *self.affine(path + ".proj_out", c, c, 1)).view(x.shape)

    def count(self, y, macs):
        if not torch.jit.is_tracing():
            self.macs += y.numel() * macs


def save(path, tensors):
    """Writes float32 tensors as safetensors."""
    header, at = {}, 0
    arrays = {name: np.ascontiguousarray(t.detach().float().cpu().numpy()) for name, t in tensors.items()}
    for name, a in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for a in arrays.values():
            f.write(a.tobytes())


def load(path):
    """Reads a safetensors file of float32 tensors."""
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header, body = json.loads(f.read(n)), f.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            tensors[name] = torch.from_numpy(np.frombuffer(body[low:high], np.float32).reshape(entry["shape"]).copy())
    return tensors


def write(size, folder, onnx):
    """Writes the files of a network and returns its multiply-adds; what is there already
    is kept, for the float64 result takes minutes."""
    done = os.path.join(folder, "macs")
    if not os.path.exists(done):
        os.makedirs(folder, exist_ok=True)
        net = UNet(size)
        with torch.no_grad():
            x, t = net.inputs()
            save(os.path.join(folder, "eps.safetensors"), {"eps": net(x, t)})
        save(os.path.join(folder, "in.safetensors"), {"x": x, "t": t})
        save(os.path.join(folder, "unet.safetensors"), net.state())
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump({"image_size": size, "refiner": {"num_head_channels": net.c["num_head_channels"]}}, f)
        with open(done, "w") as f:
            print(net.macs, file=f)
    model = os.path.join(folder, "unet.onnx")
    if onnx and not os.path.exists(model):
        net = UNet(size).float()
        x, t = (v.float() for v in net.inputs())
        torch.onnx.export(net, (x, t), model + ".tmp", input_names=["x", "t"], output_names=["eps"], opset_version=17)
        os.rename(model + ".tmp", model)
    with open(done) as f:
        return int(f.read())


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2], onnx=True)
