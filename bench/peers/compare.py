"""Times OpposingSignals and PyTorch in turns and prints medians, minima and ratios as markdown. Standard library only."""

import argparse
import datetime
import math
import os
import statistics
import subprocess

from cases import CASES, LOSSES, QUANTITIES, RATIOS
import workers

# float32 sums in another order; a different function would be off by far more.
AGREEMENT = 1e-3


def main():
    options = parse()
    for blas in ["pthread", "openmp"] if options.blas == "both" else [options.blas]:
        sides = {
            "ours": workers.ours(options.ours, options.threads),
            "torch": workers.pytorch(os.path.join(options.libraries, f"openblas-{blas}"), options.threads),
        }
        try:
            print_machine(sides, blas, options)
            for name in options.cases.split(","):
                compare(CASES[name], sides, options)
        finally:
            for worker in sides.values():
                worker.close()


def parse():
    parser = argparse.ArgumentParser(prog="bench/peers/run", description=__doc__)
    parser.add_argument("--blas", choices=["pthread", "openmp", "both"], default="both", help="PyTorch's OpenBLAS")
    parser.add_argument("--cases", default=",".join(CASES), help="of %(default)s")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--warm-ups", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2, help="of each side")
    parser.add_argument("--ours", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--libraries", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.cases.split(",")) - CASES.keys()
    if unknown or options.repeats < 1 or options.warm_ups < 0 or options.threads < 1:
        parser.error(f"there is no case {', '.join(sorted(unknown))}" if unknown else "counts must be positive")
    return options


def print_machine(sides, blas, options):
    """Everything that the numbers below depend on, the load included."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    with open("/proc/loadavg", encoding="utf-8") as file:
        load = file.read().split()[0]
    print(f"## Beside PyTorch on OpenBLAS ({blas})\n")
    print(f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, revision {revision()}")
    print(f"- {model}, {os.cpu_count()} cores, {options.threads} threads a side, load average {load} at the start")
    print(f"- ours: {sides['ours'].description}; {', '.join(sides['ours'].mapped('libdnnl|libgomp'))}")
    print(f"- PyTorch: {sides['torch'].description}; {', '.join(sides['torch'].mapped('blas|libdnnl|libgomp'))}")
    print(f"- float32; {options.repeats} repeats in turns after {options.warm_ups} warm-ups, the other side stopped\n")


def revision():
    git = ["git", "-C", os.path.dirname(os.path.abspath(__file__))]
    try:
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.stdout.strip() + (" with changes" if changes.stdout else "")


def compare(case, sides, options):
    for worker in sides.values():
        worker.ask(case.load)
    require_agreement(case, sides)
    times = {quantity: [] for quantity in QUANTITIES if case.eight or "-8-" not in quantity[1]}
    for repeat in range(options.warm_ups + options.repeats):
        for side, quantity in times:
            milliseconds = float(sides[side].ask(f"time {quantity}"))
            if repeat >= options.warm_ups:
                times[side, quantity].append(milliseconds)
    print(f"### {case.title}: {case.samples} samples, {LOSSES[case.loss]}\n")
    print_times(times)
    print_ratios(case, times)


def require_agreement(case, sides, agreement=AGREEMENT):
    """Both sides must compute the same thing before it means anything which is faster."""
    ours, torch = ([float(number) for number in sides[side].ask("check").split()] for side in ("ours", "torch"))
    for what, a, b in zip(["loss", "norm of the gradient", "norm of the Hessian-vector product"], ours, torch):
        if not math.isclose(a, b, rel_tol=agreement):
            raise SystemExit(f"{case.title}: the {what} is {a} here and {b} in PyTorch: the two do not compute the same.")


def print_times(times):
    print("| | quantity | median ms | min ms | max ms |\n|---|---|---:|---:|---:|")
    for (side, quantity), values in times.items():
        name = {"ours": "ours", "torch": "PyTorch"}[side]
        numbers = " | ".join(f"{number:.1f}" for number in (statistics.median(values), min(values), max(values)))
        print(f"| {name} | {QUANTITIES[side, quantity]} | {numbers} |")
    print()


def print_ratios(case, times):
    print("| ratio | of medians | of minima | target | reached |\n|---|---:|---:|---:|---|")
    for ratio in RATIOS:
        if ratio.numerator not in times:
            continue
        numerator, denominator = times[ratio.numerator], times[ratio.denominator]
        value = statistics.median(numerator) / statistics.median(denominator)
        target = ratio.target(case.model)
        text, reached = (target[0], "yes" if target[1](value) else "no") if target else ("", "")
        print(f"| {ratio.title} | {value:.2f} | {min(numerator) / min(denominator):.2f} | {text} | {reached} |")
    print(flush=True)


if __name__ == "__main__":
    main()
