#!/usr/bin/env python3
"""The products, convolutions and attentions of a file of shapes with NVIDIA's libraries, cuBLAS and cuDNN, as PyTorch calls them.

libraries.py [--device cuda] [--arithmetic fp32] [--seconds 0.2] FILE...: one JSON object with the seconds of each forward and backward
pass. fp32 is exact; tf32 rounds within the libraries; bf16 has operands that are bf16 in memory, half the bytes of ours. Of several
vectors it times none: a library has no such pass.
"""
import argparse
import json
import pathlib
import sys
import time

import torch


def parse(line):
    """A layer's name and its values, as in managed/OpposingSignals/Benchmarks/KernelShape.cs; None where there is no product."""
    name, *pairs = line.split()
    values = dict(pair.split("=") for pair in pairs)
    known = ["linear", "convolution"]
    if hasattr(torch.nn.functional, "scaled_dot_product_attention"):  # since PyTorch 2.0
        known.append("attention")
    return (name, values) if name in known and values.get("vectors", "1") == "1" else None


def operands(name, values, device):
    """The layer as a function of its operands, and these."""
    number = lambda key, otherwise=None: int(values.get(key, otherwise))
    if name == "attention":
        heads, width = number("heads"), number("width")
        shape = number("samples"), heads, number("positions"), width // heads
        layer = lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=number("causal", 0) == 1)
        return layer, *(torch.randn(shape, device=device) for _ in range(3))
    if name == "linear":
        rows = number("samples") * number("positions", 1)
        x = torch.randn(rows, number("inputs"), device=device)
        w = torch.randn(number("outputs"), number("inputs"), device=device)
        return torch.nn.functional.linear, x, w
    height, width, channels = map(int, values["input"].split("x"))
    groups, kernel = number("groups", 1), number("kernel")
    x = torch.randn(number("samples"), channels, height, width, device=device)
    w = torch.randn(number("channels"), channels // groups, kernel, kernel, device=device)
    layer = lambda x, w: torch.nn.functional.conv2d(
        x, w, stride=number("stride", 1), padding=number("padding", 0), groups=groups)
    return layer, x.to(memory_format=torch.channels_last), w.to(memory_format=torch.channels_last)


def seconds_of(work, device, budget):
    """Seconds of one run: the least of five measurements."""
    def repeat(times):
        synchronize(device)
        start = time.perf_counter()
        for _ in range(times):
            work()
        synchronize(device)
        return (time.perf_counter() - start) / times

    repeat(2)
    times = max(1, int(budget / 5 / max(repeat(1), 1e-9)))
    return min(repeat(times) for _ in range(5))


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def timings(line, device, arithmetic, budget):
    parsed = parse(line)
    if parsed is None:
        return []
    layer, *given = operands(*parsed, device)
    if arithmetic == "bf16":
        given = [operand.bfloat16() for operand in given]
    forward = seconds_of(lambda: layer(*given), device, budget)
    for operand in given:
        operand.requires_grad_()
    y = layer(*given)
    g = torch.randn_like(y)
    backward = seconds_of(lambda: torch.autograd.grad(y, given, g, retain_graph=True), device, budget)
    text = " ".join(line.split())
    return [{"shape": text, "pass": name, "seconds": value} for name, value in (("forward", forward), ("backward", backward))]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--device", default="cuda")
    options.add_argument("--arithmetic", default="fp32", choices=("fp32", "tf32", "bf16"))
    options.add_argument("--seconds", type=float, default=0.2)
    options.add_argument("files", nargs="+", type=pathlib.Path)
    given = options.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = given.arithmetic == "tf32"
    torch.backends.cudnn.benchmark = True
    lines = [line.split("#")[0].strip() for file in given.files for line in file.read_text().splitlines()]
    found = [timing for line in lines if line for timing in timings(line, given.device, given.arithmetic, given.seconds)]
    print(json.dumps({
        "pytorch": torch.__version__,
        "arithmetic": given.arithmetic,
        "device": torch.cuda.get_device_name() if given.device == "cuda" else given.device,
        "timings": found,
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main())
