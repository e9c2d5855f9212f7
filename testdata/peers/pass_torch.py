"""Evaluates a network of unet.py in PyTorch: FOLDER SIZE DEVICE TYPE REPEAT. DEVICE is
cpu or cuda; TYPE is f32, tf32, or bf16 (autocast, channels last). Prints the seconds of
each evaluation, from inputs to output in the host's memory, and writes the last output.
"""
import os
import sys
import time

import torch

import unet


def main(folder, size, device, kind, repeat):
    torch.set_num_threads(os.cpu_count())
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
    net = unet.UNet(size).float().to(device)
    inputs = unet.load(os.path.join(folder, "in.safetensors"))
    layout = torch.contiguous_format
    if kind == "bf16":
        layout = torch.channels_last
        net = net.to(memory_format=layout)
    with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=kind == "bf16"):
        for i in range(1 + repeat):
            start = time.perf_counter()
            x, t = inputs["x"].to(device, memory_format=layout), inputs["t"].to(device)
            eps = net(x, t).float().cpu()
            print(f"evaluation {i + 1}: {time.perf_counter() - start:.4f} s", flush=True)
    unet.save(os.path.join(folder, f"torch-{device}-{kind}.safetensors"), {"eps": eps})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
