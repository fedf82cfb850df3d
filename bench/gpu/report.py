#!/usr/bin/env python3
"""report.py RESULTS: what the steps of bench/gpu/run have left in RESULTS, as gpu.json and, for people, gpu.txt."""
import json
import os
import pathlib
import sys

ARITHMETICS = "fp32", "3xtf32", "tf32", "bf16"


def main():
    results = pathlib.Path(sys.argv[1])
    steps = {}
    for line in (results / "steps.tsv").read_text().splitlines():
        name, status, seconds = line.split("\t")
        steps[name] = {"name": name, "status": status if not status.isdigit() else int(status), "seconds": int(seconds)}
    record = {"steps": list(steps.values())}
    for name in steps:
        found = last_object(results / f"{name}.log")
        if found is not None:
            record[name] = found
    write(results / "gpu.json", json.dumps(record, indent=1) + "\n")
    write(results / "gpu.txt", "\n".join(lines(record)) + "\n")
    return 0


def last_object(log):
    """The last line of a log that is a JSON object; a step that ran out of time may have left half of one."""
    found = None
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        if line.startswith("{"):
            try:
                found = json.loads(line)
            except json.JSONDecodeError:
                pass
    return found


def write(path, text):
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    os.replace(unfinished, path)


def lines(record):
    yield f"{'step':26}{'status':>10}{'seconds':>10}"
    for step in record["steps"]:
        yield f"{step['name']:26}{step['status']:>10}{step['seconds']:>10}"
    if "selftest" in record:
        yield from selftest(record["selftest"])
    for name, found in record.items():
        if name.startswith("products-"):
            yield from products(found)
    for arithmetic in ARITHMETICS:
        if f"kernels-{arithmetic}" in record:
            # PyTorch has no 3xtf32: it stands beside exact float32, which it replaces.
            attention = record.get(f"attention-{'fp32' if arithmetic == '3xtf32' else arithmetic}", {})
            yield from kernels(arithmetic, record[f"kernels-{arithmetic}"], attention)


def selftest(tested):
    yield ""
    yield tested["device"]
    yield f"{tested['passed']} comparisons passed, {tested['failed']} failed, {tested['notRun']} not run"
    for result in tested["results"]:
        if not result["passed"] and result["notRun"] is None:
            yield f"FAILED {result['subject']}, {result['quantity']}: error {result['error']}, bound {result['bound']}"


def products(found):
    yield ""
    yield f"Hessian-vector products, {found['case']}, {found['samples']} samples, {found['arithmetic']}; medians"
    yield f"  ours: {found['ours']}; PyTorch: {found['torch']}"
    for name, milliseconds in found["milliseconds"].items():
        yield f"{milliseconds:10.2f} ms  {name}, of {found['repeats'][name]}"
    for name, reason in found["unavailable"].items():
        yield f"{'not run':>13}  {name}: {reason}"
    yield f"  our product over our gradient {found['productOverGradient']:.2f}"
    yield f"  PyTorch's fastest ({found['fastestOfPyTorch']}) over ours {found['fastestOfPyTorchOverOurs']:.2f}"
    yield f"  both from scratch {found['fromScratchOverOurs']:.2f}"


def kernels(arithmetic, measured, attention):
    of_torch = {(timing["shape"], timing["pass"]): timing["seconds"] for timing in attention.get("timings", [])}
    ceilings = measured["ceilings"]
    yield ""
    yield f"{arithmetic}; ceilings: {ceilings['flops'] / 1e12:.2f} TFLOP/s, {ceilings['bytes'] / 1e9:.0f} GB/s"
    yield from (f"{library['name']} {library['version']}: {library['path']}" for library in measured["libraries"])
    yield from measured["missingLibraries"]
    yield f"{'ms':>10}{'TFLOP/s':>9}{'GB/s':>8}{'share':>7}  pass and shape; our speed over a library's"
    for timing in measured["timings"]:
        what, seconds = f"{timing['pass']}, {timing['shape']}", timing["seconds"]
        if seconds is None:
            yield f"{timing['notRun']}  {what}"
            continue
        beside = [of_library(library, seconds) for library in timing["libraries"]]
        if (timing["shape"], timing["pass"]) in of_torch:
            beside.append(f"PyTorch {of_torch[timing['shape'], timing['pass']] / seconds:.0%}")
        rates = f"{timing['flops'] / seconds / 1e12:9.3f}{timing['bytes'] / seconds / 1e9:8.1f}{timing['share']:7.0%}"
        yield f"{seconds * 1e3:10.4f}{rates}  {'; '.join([what, *beside])}"


def of_library(library, seconds):
    if library["notRun"] is not None:
        return f"{library['name']} not run ({library['notRun']})"
    verdict = "" if library["agrees"] else f" DIFFERS by {library['difference']}"
    return f"{library['name']} {library['seconds'] / seconds:.0%}{verdict}"


if __name__ == "__main__":
    sys.exit(main())
