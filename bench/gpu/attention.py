#!/usr/bin/env python3
"""The attentions of files of shapes as PyTorch computes them, beside which `opsig bench kernels` has no library.

attention.py [--device cuda] [--arithmetic fp32] [--seconds 0.2] FILE...: one JSON object with the seconds of each forward and backward
pass of scaled_dot_product_attention. fp32 is exact; tf32 rounds within it; bf16 has operands that are bf16 in memory, half the bytes of
ours. Of several vectors it times none: PyTorch has no such pass.
"""
import argparse
import json
import pathlib
import sys
import time

import torch


def parse(line):
    """The values of an attention, as in managed/OpposingSignals/Benchmarks/LayerShape.cs; None for anything else."""
    name, *pairs = line.split()
    values = dict(pair.split("=") for pair in pairs)
    return values if name == "attention" and values.get("vectors", "1") == "1" else None


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
    values = parse(line)
    if values is None:
        return []
    heads, width = int(values["heads"]), int(values["width"])
    shape = int(values["samples"]), heads, int(values["positions"]), width // heads
    causal = values.get("causal", "0") != "0"
    given = [torch.randn(shape, device=device) for _ in range(3)]
    if arithmetic == "bf16":
        given = [operand.bfloat16() for operand in given]

    def attention():
        return torch.nn.functional.scaled_dot_product_attention(*given, is_causal=causal)

    forward = seconds_of(attention, device, budget)
    for operand in given:
        operand.requires_grad_()
    y = attention()
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
    if not hasattr(torch.nn.functional, "scaled_dot_product_attention"):
        sys.exit(f"attention.py: PyTorch {torch.__version__} has no scaled_dot_product_attention; 2.0 or later has.")
    torch.backends.cuda.matmul.allow_tf32 = given.arithmetic == "tf32"
    lines = [line.split("#")[0].strip() for file in given.files for line in file.read_text().splitlines()]
    found = [timing for line in lines if line for timing in timings(line, given.device, given.arithmetic, given.seconds)]
    print(json.dumps({"pytorch": torch.__version__, "arithmetic": given.arithmetic, "timings": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
