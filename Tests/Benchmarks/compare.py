#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures LucidGrid and celebalucid on PyTorch in one run on one machine, and prints the ratios.

usage: Tests/Benchmarks/compare.py [forward] [gram] [cka] [activations] [memory] [lucid]     (all of these where none is named)
       Tests/Benchmarks/compare.py objectives [--make]
       Tests/Benchmarks/compare.py queue [--large] [--folder DIR]

`objectives` compares the final objectives of our pictures of 20 neurons with those of the reference's own, which
--make makes anew in an hour or more and keeps in reference_objectives.json. Takes some six minutes without that.

`queue` measures the job directory beside dirq in a folder of its own below DIR (/tmp), gone afterwards; --large adds a
million jobs and takes about half an hour.

Builds what is missing and installs the reference into a virtual environment of its own, both under .build-benchmarks.
The machine should have nothing else to do. `lucid` alone takes 17 minutes after that on two cores with AVX2.
"""
import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import queue_scale

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / ".build-benchmarks"
PYTHON = WORK / "python" / "bin" / "python3"
IMAGES = 2048
PACKAGES = "torch torchvision opencv-python-headless pillow==11.3.0 kornia==0.4.1 dotmap pandas tqdm numpy scipy ipython decorator requests".split()


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def output(*command):
    return run(*command, stdout=subprocess.PIPE).stdout


def prepare_python():
    WORK.mkdir(exist_ok=True)
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", WORK / "python")
        run(PYTHON, "-m", "pip", "install", "-q", *PACKAGES)
        run(PYTHON, "-m", "pip", "install", "-q", "--no-deps", "celebalucid", "torch-lucent")


def prepare():
    WORK.mkdir(exist_ok=True)
    run("swift", "build", "--quiet", "-c", "release", cwd=ROOT)
    run("swift", "build", "--quiet", "-c", "release", "--scratch-path", WORK / "build", cwd=HERE)
    prepare_python()
    if not (WORK / "data" / "test_only_celeba" / "test.csv").exists():
        run(PYTHON, HERE / "reference.py", "images", WORK / "data", IMAGES)


def reference(*arguments):
    lines = output(PYTHON, HERE / "reference.py", *arguments).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def ours(name, *arguments):
    """The median of the first number on each line that a benchmark prints."""
    text = output(WORK / "build" / "release" / name, *arguments)
    rows = [line for line in text.splitlines() if " on " in line]
    numbers = [float(re.search(r"[0-9.]+(?= (images|GF)/s)", line)[0]) for line in rows]
    return statistics.median(numbers), rows[-1].rsplit(", ", 1)[-1]


def campaign(name, models, layers, iterations):
    lines = [f"name: {name}", "models:"]
    lines += [f'  {model}: {{weights: "{weights}"}}' for model, weights in models.items()]
    lines += [
        "dataset: {images: test_only_celeba}",
        f"cka: {{layers: {layers}, epochs: 1, iterations: {iterations}, batch_size: 32}}",
    ]
    path = WORK / "data" / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def run_campaign(path, watch=None, result="cka.json"):
    """Submits and runs a campaign with one worker of all processors: seconds in all, and of the jobs of one kind,
    the worker's peak memory, and a file of the report."""
    programs = ROOT / ".build" / "release"
    queue = WORK / "queue"
    shutil.rmtree(queue, ignore_errors=True)
    run(programs / "lucid-coordinator", "init", queue, stderr=subprocess.DEVNULL)
    start = time.perf_counter()
    run(programs / "lucid-coordinator", "submit", path, "--queue", queue, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    coordinator = subprocess.Popen(
        [programs / "lucid-coordinator", "run", "--queue", queue],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    worker = subprocess.Popen(
        [programs / "lucid-worker", "--queue", queue, "--until-empty"], stderr=subprocess.PIPE, text=True
    )
    first = last = None
    kind = None
    for line in worker.stderr:
        if "job started" in line:
            kind = re.search(r"kind=(\w+)", line)[1]
            if kind == watch and first is None:
                first = time.perf_counter()
        if "job ended" in line and kind == watch:
            last = time.perf_counter()
    _, _, usage = os.wait4(worker.pid, 0)
    coordinator.wait()
    total = time.perf_counter() - start
    report = next((queue / "reports").iterdir())
    return total, (last - first) if first else None, usage.ru_maxrss / 1024, json.loads((report / result).read_text())


def forward():
    rate, instructions = ours("forward-benchmark", len(os.sched_getaffinity(0)))
    shipped, channels_last = [row["value"] for row in reference("forward")]
    print(f"forward, all 58 layers hooked: {rate:.1f} images/s ({instructions})")
    print(f"  celebalucid as shipped: {shipped:.1f}, ratio {rate / shipped:.2f}")
    print(f"  PyTorch channels-last in inference mode: {channels_last:.1f}, ratio {rate / channels_last:.2f}")


def gram():
    rate, instructions = ours("gram-benchmark", len(os.sched_getaffinity(0)))
    print(f"Gram product, 2048 rows, centring and float64 sums included: {rate:.0f} useful GF/s ({instructions})")


def cka():
    path = campaign("pair", {"a": "seeded:10", "c": "seeded:12"}, "[mixed4a_3x3]", IMAGES // 32)
    total, _, peak, result = run_campaign(path)
    theirs = reference("cka", WORK / "data", "mixed4a_3x3", IMAGES // 32)[0]
    print(f"CKA of one pair, one epoch of {IMAGES} images, mixed4a_3x3, from JPEGs: {total:.1f} s, worker {peak:.0f} MiB")
    print(f"  celebalucid: {theirs['value']:.1f} s, {theirs['peak_mib']} MiB, ratio {theirs['value'] / total:.2f}")
    print(f"  values: {result['pairs'][0]['cka']:.9f} and {theirs['cka']:.9f}")


def activations():
    for layers, images in [("[mixed4a_3x3]", 2048), ("all", 512)]:
        path = campaign("activations", {"a": "seeded:10"}, layers, images // 32)
        _, seconds, peak, _ = run_campaign(path, watch="activations")
        print(f"activations jobs, {layers}, from JPEG to shard: {images / seconds:.1f} images/s, worker {peak:.0f} MiB")


def memory():
    path = campaign("memory", {"a": "seeded:10"}, "[conv2d0]", IMAGES // 32)
    total, _, peak, _ = run_campaign(path)
    print(f"conv2d0 at n = {IMAGES}: worker {peak:.0f} MiB at most, {total:.1f} s")


def pictures(name, neurons, steps):
    """Runs a campaign of pictures with one worker of all processors: the seconds of its jobs, and the atlas's index."""
    path = WORK / "data" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'name: {name}\nmodels: {{a: {{weights: "seeded:10"}}}}\nlucid: {{neurons: {json.dumps(neurons)}, thresholds: [{steps}]}}\n'
    )
    _, seconds, _, folder = run_campaign(path, watch="lucid", result="atlas/index.json")
    return seconds, folder["pictures"]


def lucid():
    steps = 64
    for layer in ["mixed4a_3x3", "mixed5a_5x5"]:
        # Before and after ours, and longer than one of our pictures, since sizes are drawn and the machine's speed drifts.
        theirs = [reference("lucid", f"{layer}:7", str(2 * steps))[0]["value"]]
        seconds, atlas = pictures("lucid", [layer], steps)
        own = seconds / len(atlas) / steps
        theirs.append(reference("lucid", f"{layer}:7", str(2 * steps))[0]["value"])
        ratios = [value / own for value in theirs]
        print(
            f"lucid, {layer}: {own * 512:.1f} s a neuron of 512 steps, by all its {len(atlas)} neurons at {steps} steps "
            f"with everything, PNG files and final objectives included"
        )
        print(
            f"  celebalucid before and after: {theirs[0] * 512:.0f} and {theirs[1] * 512:.0f} s, "
            f"ratio {statistics.mean(ratios):.2f} ({ratios[0]:.2f} and {ratios[1]:.2f})"
        )
        print(output(WORK / "build" / "release" / "gradient-benchmark", layer, "248").rstrip())
    print(output(WORK / "build" / "release" / "picture-benchmark").rstrip())


OBJECTIVES = HERE / "reference_objectives.json"
OBJECTIVE_STEPS = 512
OBJECTIVE_NEURONS = [
    f"{layer}:{neuron}" for layer in ["conv2d2", "mixed3a_3x3", "mixed3b_1x1", "mixed4a_3x3"] for neuron in range(5)
]


def objectives(make):
    if make:
        rows = reference("objective", ",".join(OBJECTIVE_NEURONS), str(OBJECTIVE_STEPS))
        made = {"steps": OBJECTIVE_STEPS, "objectives": {row["neuron"]: row["value"] for row in rows}}
        OBJECTIVES.write_text(json.dumps(made, indent=1) + "\n")
    kept = json.loads(OBJECTIVES.read_text())
    theirs = kept["objectives"]
    _, atlas = pictures("objectives", list(theirs), kept["steps"])
    pairs = [(picture["objective"], theirs[picture["neuron"]]) for picture in atlas]
    for picture, (own, other) in zip(atlas, pairs):
        print(f"{picture['neuron']}: {own:.1f}, celebalucid {other:.1f}")
    means = [statistics.mean(values) for values in zip(*pairs)]
    greater = sum(own > other for own, other in pairs)
    print(f"mean of {len(pairs)} neurons: {means[0]:.2f}, celebalucid {means[1]:.2f}; {greater} are greater")


if __name__ == "__main__":
    if sys.argv[1:2] == ["objectives"]:
        prepare()
        objectives("--make" in sys.argv[2:])
        sys.exit()
    if sys.argv[1:2] == ["queue"]:
        parser = argparse.ArgumentParser(prog="compare.py queue")
        parser.add_argument("--large", action="store_true")
        parser.add_argument("--folder", default="/tmp")
        options = parser.parse_args(sys.argv[2:])
        queue_scale.main(options.folder, options.large)
        sys.exit()
    parts = [forward, gram, cka, activations, memory, lucid]
    unknown = set(sys.argv[1:]) - {part.__name__ for part in parts}
    if unknown:
        sys.exit(f"no part is called {', '.join(sorted(unknown))}\n{__doc__}")
    named = [part for part in parts if part.__name__ in sys.argv[1:]] or parts
    prepare()
    for part in named:
        part()
        sys.stdout.flush()
