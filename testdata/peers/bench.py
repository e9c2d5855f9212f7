"""Times one U-Net in drdc and in its peers on this machine, in turns, and prints a
table: of the evaluations after a process's first one the best and the median by the
clock, the least time of all processors together, which other load on the machine
changes little, and the ratios of both to drdc's; from a process's start to its first
result the same two times; and the error to PyTorch in float64. Run from the repository's root by
`make bench-peers` and `make bench-gpu`.
"""
import argparse
import collections
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

import torch

import unet

DRDC, BUILD = "bin/drdc", "build/peers"
TICKS = os.sysconf("SC_CLK_TCK")
Peer = collections.namedtuple("Peer", "name command output limit")  # limit: of the relative L2 error


class Failed(Exception):
    pass


def cpu_peers(folder, size, repeat):
    """drdc and ONNX Runtime on the same WebGPU adapter, PyTorch and ONNX Runtime on the
    processor."""
    yield drdc(folder, repeat)
    yield pytorch(folder, size, repeat, "PyTorch, CPU", "cpu", "f32", 1e-4)
    for label, provider in {
        "ONNX Runtime, CPU": "cpu",
        "ONNX Runtime, WebGPU, NHWC (its default)": "webgpu-nhwc",
        "ONNX Runtime, WebGPU, NCHW": "webgpu-nchw",
    }.items():
        command = ["node", os.path.join(unet.HERE, "pass_onnx.mjs"), folder, provider, str(repeat)]
        yield Peer(label, command, f"onnx-{provider}.safetensors", 1e-4)


def gpu_peers(folder, size, repeat):
    """The bounds are those of the types: TF32 has 10 bits of mantissa, bf16 has 7."""
    yield drdc(folder, repeat)
    yield pytorch(folder, size, repeat, "PyTorch, f32", "cuda", "f32", 1e-4)
    yield pytorch(folder, size, repeat, "PyTorch, TF32", "cuda", "tf32", 1e-2)
    yield pytorch(folder, size, repeat, "PyTorch, bf16, channels last", "cuda", "bf16", 5e-2)


def drdc(folder, repeat):
    name = {"in": "in.safetensors", "out": "drdc.safetensors", "model": "unet.drdc"}
    at = {k: os.path.join(folder, v) for k, v in name.items()}
    command = [DRDC, "run", at["model"], "--net", "refiner", "--in", at["in"], "--out", at["out"], "--repeat", str(repeat)]
    return Peer("drdc", command, name["out"], 1e-4)


def pytorch(folder, size, repeat, label, device, kind, limit):
    command = [sys.executable, os.path.join(unet.HERE, "pass_torch.py"), folder, str(size), device, kind, str(repeat)]
    return Peer(label, command, f"torch-{device}-{kind}.safetensors", limit)


def processor(pid):
    """The seconds that a process has used of all processors, user and system."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def evaluate(peer, folder, limit):
    """Runs a peer once. Until its first result and then for each further evaluation:
    the seconds by the clock, and those of the processors."""
    output = os.path.join(folder, peer.output)
    if os.path.exists(output):
        os.remove(output)
    start = time.monotonic()
    process = subprocess.Popen(peer.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watchdog = threading.Timer(limit, process.kill)
    watchdog.start()
    first, used, warm, said = None, 0, [], []
    for line in process.stdout:
        m = re.match(r"evaluation \d+: ([0-9.]+) s", line)
        if not m:
            said.append(line.strip())
            continue
        now = processor(process.pid)
        if first is None:
            first = time.monotonic() - start, now
        else:
            warm.append((float(m[1]), now - used))
        used = now
    code = process.wait()
    if code == -9 and not watchdog.is_alive():
        raise Failed(f"no result within {limit} s")
    watchdog.cancel()
    if code != 0 or not warm:
        errors = [line for line in said if re.match(r"\w*Error:", line)] or said or [f"exit status {code}"]
        raise Failed(errors[0][-300:])
    return first, warm


def distance(folder, peer):
    """Relative L2 and greatest absolute difference to PyTorch in float64."""
    want = unet.load(os.path.join(folder, "eps.safetensors"))["eps"].double()
    got = unet.load(os.path.join(folder, peer.output))["eps"].double().reshape(want.shape)
    return ((got - want).norm() / want.norm()).item(), (got - want).abs().max().item()


def row(peer, times, error):
    clock, used = zip(*(w for _, warm in times for w in warm))
    return {
        "name": peer.name,
        "first_s": min(first for (first, _), _ in times), "first_processor_s": min(used for (_, used), _ in times),
        "best_s": min(clock), "median_s": statistics.median(clock), "processor_s": min(used),
        "passes": len(clock), "error": error[0], "max_abs": error[1],
        "right": error[0] <= peer.limit,  # not a number is wrong, too
    }


def table(rows, gflop):
    print(f"{'':42}{'best s':>9}{'median':>9}{'proc. s':>9}{'GFLOP/s':>9}{'x drdc':>8}{'x proc.':>8}{'first s':>9}{'proc. s':>9}{'rel. L2':>9}{'max abs':>9}")
    for r in rows:
        if "failed" in r:
            print(f"{r['name']:42} failed: {r['failed']}")
            continue
        ratio, work = ("-" if "failed" in rows[0] else f"{r[k] / rows[0][k]:.2f}" for k in ["best_s", "processor_s"])
        print(f"{r['name']:42}{r['best_s']:9.3f}{r['median_s']:9.3f}{r['processor_s']:9.2f}{gflop / r['best_s']:9.1f}"
              f"{ratio:>8}{work:>8}{r['first_s']:9.1f}{r['first_processor_s']:9.1f}{r['error']:9.1e}{r['max_abs']:9.1e}{'' if r['right'] else '  WRONG'}")


def adapter():
    """The adapter that drdc takes."""
    listed = subprocess.run([DRDC, "devices", "--json"], check=True, capture_output=True).stdout
    return next(a for a in json.loads(listed)["adapters"] if a["default"])


def settle_driver():
    """Where both have a CPU adapter alone, gives both one that ONNX Runtime takes."""
    if adapter()["type"] == "cpu":
        script = [os.path.join(unet.HERE, "mesa.sh"), os.path.join(BUILD, "mesa")]
        driver = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        if driver:
            os.environ["VK_DRIVER_FILES"] = driver


def model_name():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    return f"{os.cpu_count()} x {names[0] if names else platform.machine()}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--size", type=int, choices=unet.NETS, default=224)
    p.add_argument("--gpu", action="store_true", help="beside PyTorch on an NVIDIA GPU")
    p.add_argument("--rounds", type=int, default=2, help="processes of each peer, in turns")
    p.add_argument("--repeat", type=int, default=2, help="timed evaluations of a process, after its first")
    p.add_argument("--limit", type=float, default=3600, help="seconds for one process")
    a = p.parse_args()
    if a.rounds < 1 or a.repeat < 1:
        sys.exit("bench: --rounds and --repeat want 1 or more")
    if a.gpu and not torch.cuda.is_available():
        sys.exit(f"bench: PyTorch {torch.__version__} of {sys.executable} finds no CUDA device; name one that does with PYTHON=")
    if not a.gpu and not shutil.which("node"):
        sys.exit("bench: node is not installed")
    folder = os.path.join(BUILD, str(a.size))
    gflop = 2e-9 * unet.write(a.size, folder, onnx=not a.gpu)
    subprocess.run([DRDC, "convert", "--quiet", "--refiner", os.path.join(folder, "unet.safetensors"), "--config",
                    os.path.join(folder, "config.json"), "-o", os.path.join(folder, "unet.drdc")], check=True)
    if not a.gpu:
        settle_driver()
    peers = list((gpu_peers if a.gpu else cpu_peers)(folder, a.size, a.repeat))
    times, failed = collections.defaultdict(list), {}
    loads = [os.getloadavg()[0]]
    for n in range(a.rounds):
        for peer in peers:
            if peer.name in failed:
                continue
            try:
                first, warm = evaluate(peer, folder, a.limit)
                times[peer.name].append((first, warm))
                said = ", ".join(f"{s:.2f} s ({used:.2f} s of processors)" for s, used in [first, *warm])
            except Failed as e:
                failed[peer.name] = said = str(e)
            print(f"round {n + 1} of {a.rounds}: {peer.name}: {said}", file=sys.stderr, flush=True)
            loads.append(os.getloadavg()[0])
    rows = [
        {"name": peer.name, "failed": failed[peer.name]} if peer.name in failed else row(peer, times[peer.name], distance(folder, peer))
        for peer in peers
    ]
    report = {
        "date": datetime.date.today().isoformat(), "machine": model_name(), "adapter": adapter()["name"], "driver": os.environ.get("VK_DRIVER_FILES"),
        "gpu": torch.cuda.get_device_name() if a.gpu else None, "torch": torch.__version__,
        "size": a.size, "gflop": gflop, "load": [min(loads), max(loads)], "rows": rows,
    }
    path = os.path.join(BUILD, f"{'gpu' if a.gpu else 'cpu'}-{a.size}.json")
    with open(path, "w") as f:
        json.dump(report, f, indent=1)
    print(f"U-Net of {gflop / 2:.1f} GMAC at {a.size}x{a.size}, {report['date']}, {report['machine']}, {report['adapter']}, load {min(loads):.1f} to {max(loads):.1f}")
    table(rows, gflop)
    print(path)
    if failed or not rows[0]["right"]:
        sys.exit("bench: " + ("; ".join(f"{name} failed" for name in failed) or "drdc is wrong"))


if __name__ == "__main__":
    main()
