#!/usr/bin/env python3
"""A network's Hessian-vector products on a GPU: ours and PyTorch's in every form that it has, in turns, at the same precision.

products.py --ours PROGRAM [--device cuda] [--case resnet18] [--arithmetic fp32] [--seconds 60]: one JSON object a line, with medians in
milliseconds; each line holds everything so far, so that the last one counts where time runs out. The workers are those of bench/peers;
what they compute must agree before anything is timed.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "peers"))

from cases import GPU_CASES
from compare import AGREEMENT, require_agreement
import workers

QUANTITIES = {
    ("ours", "gradient"): "gradient",
    ("torch", "gradient"): "gradient",
    ("ours", "hvp"): "product, primal kept",
    ("torch", "hvp-kept"): "double backward, graph kept",
    ("ours", "hvp-fresh"): "product from scratch",
    ("torch", "hvp-fresh"): "double backward from scratch",
    ("torch", "hvp-forward"): "forward over reverse",
    ("torch", "hvp-forward-compiled"): "forward over reverse, compiled",
    ("torch", "hvp-reverse-compiled"): "reverse over reverse, compiled",
}

# The first run loads kernels, the second records work.
WARM_UPS = 3
REPEATS = 11

# tf32 rounds operands to 11 bits on both sides, each in its own order.
AGREEMENTS = {"fp32": AGREEMENT, "tf32": 30 * AGREEMENT}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ours", required=True)
    options.add_argument("--device", default="cuda")
    options.add_argument("--case", default="resnet18", choices=GPU_CASES)
    options.add_argument("--arithmetic", default="fp32", choices=AGREEMENTS)
    options.add_argument("--seconds", type=float, default=60)
    given = options.parse_args()
    end = time.monotonic() + given.seconds
    sides = {}
    try:
        sides["ours"] = workers.ours_on(given.device, given.ours, given.arithmetic)
        sides["torch"] = workers.pytorch_on("cuda" if given.device == "cuda" else "cpu", given.arithmetic)
        measure(given, sides, end)
    finally:
        for worker in sides.values():
            worker.close()
    return 0


def measure(given, sides, end):
    case = GPU_CASES[given.case]
    record = {
        "case": case.title, "model": case.model, "samples": case.samples, "arithmetic": given.arithmetic,
        "ours": sides["ours"].description, "torch": sides["torch"].description, "milliseconds": {}, "unavailable": {},
    }
    for worker in sides.values():
        worker.ask(case.load)
    require_agreement(case, sides, AGREEMENTS[given.arithmetic])
    times = {}

    # Compiling may take all the time that there is: what needs none is measured and written first.
    for compiled in (False, True):
        times |= {quantity: [] for quantity in QUANTITIES if quantity[1].endswith("-compiled") == compiled}
        for repeat in range(WARM_UPS + REPEATS):
            if repeat > WARM_UPS and time.monotonic() > end:
                break
            turn(sides, times, record["unavailable"], counts=repeat >= WARM_UPS)
            if repeat >= WARM_UPS:
                record["milliseconds"] = {" ".join(name): statistics.median(values) for name, values in times.items()}
                record["repeats"] = {" ".join(name): len(values) for name, values in times.items()}
                print(json.dumps(record | ratios(record["milliseconds"])), flush=True)


def turn(sides, times, unavailable, counts):
    for side, quantity in list(times):
        answer = sides[side].ask(f"time {quantity}")
        if answer.startswith("unavailable "):
            unavailable[f"{side} {quantity}"] = answer.removeprefix("unavailable ")
            del times[side, quantity]
        elif counts:
            times[side, quantity].append(float(answer))


def ratios(milliseconds):
    """Of the issue: a product over a gradient, and PyTorch's fastest product over ours, each from the same start."""
    ours, theirs = milliseconds["ours hvp"], {name: value for name, value in milliseconds.items() if name.startswith("torch hvp")}
    fresh = {name: value for name, value in theirs.items() if name != "torch hvp-kept"}
    return {
        "productOverGradient": ours / milliseconds["ours gradient"],
        "fastestOfPyTorch": min(theirs, key=theirs.get),
        "fastestOfPyTorchOverOurs": min(theirs.values()) / ours,
        "fromScratchOverOurs": min(fresh.values()) / milliseconds["ours hvp-fresh"],
    }


if __name__ == "__main__":
    sys.exit(main())
