#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What celebalucid and PyTorch take for the same work, one line of JSON a measurement.

usage: reference.py images WORKDIR COUNT | forward | cka WORKDIR LAYER BATCHES | lucid LAYER:NEURON STEPS | objective LAYER:NEURON,… STEPS

WORKDIR holds test_only_celeba/, which `images` fills with crops of photographs at CelebA's size. The networks are seeded ones that are put into torch's hub cache under the names
of published files, so that celebalucid loads them as it loads its own.
"""
import json
import os
import resource
import sys
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(len(os.sched_getaffinity(0)))
MASK = (1 << 64) - 1


def seeded_values(name, shape, seed):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    count = int(np.prod(shape))
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = np.uint64(state ^ seed) + steps
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    v = 2 * ((z >> np.uint64(40)).astype(np.float64) * 2.0**-24) - 1
    if name == "logits.bias":
        scaled = v
    elif name.endswith(".bias"):
        scaled = 10 * v
    else:
        scaled = v * np.sqrt(6 / np.prod(shape[1:]))
    return torch.from_numpy(scaled.astype(np.float32).reshape(shape))


def install(name, seed):
    """Puts a seeded network where torch.hub looks for a published one."""
    from celebalucid.models.inceptionv1 import InceptionV1

    folder = os.path.join(torch.hub.get_dir(), "checkpoints")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".pt")
    state = {}
    for key, value in InceptionV1(n_features=40).state_dict().items():
        is_plain = "_bn." not in key
        state[key] = seeded_values(key, tuple(value.shape), seed) if is_plain else value
    torch.save(state, path)


def report(what, value, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"what": what, "value": value, "peak_mib": round(peak), **more}), flush=True)


def forward():
    from celebalucid import load_model

    model = load_model("seeded_a")
    images = torch.randint(0, 256, (32, 3, 224, 224)).float() - 117
    rates = []
    for _ in range(4):
        start = time.perf_counter()
        model.stream(images)
        rates.append(32 / (time.perf_counter() - start))
    report("forward as shipped, images/s", float(np.median(rates[1:])))
    model.to(memory_format=torch.channels_last)
    images = images.contiguous(memory_format=torch.channels_last)
    rates = []
    with torch.inference_mode():
        for _ in range(8):
            start = time.perf_counter()
            model.stream(images)
            rates.append(32 / (time.perf_counter() - start))
    report("forward channels-last in inference mode, images/s", float(np.median(rates[2:])))


def images(workdir, count):
    """Cuts crops of 178 x 218 out of Debian's photographs, with a test.csv as the reference reads it."""
    import glob

    from PIL import Image

    folder = os.path.join(workdir, "test_only_celeba")
    os.makedirs(folder, exist_ok=True)
    photographs = [Image.open(f).convert("RGB") for f in sorted(glob.glob("/usr/share/backgrounds/mate/nature/*.jpg"))]
    random = np.random.default_rng(0)
    with open(os.path.join(folder, "test.csv"), "w") as table:
        table.write("img,Male\n")
        for number in range(int(count)):
            photograph = photographs[number % len(photographs)]
            scale = random.uniform(1, 4)
            width, height = int(178 * scale), int(218 * scale)
            left = int(random.integers(0, photograph.width - width))
            top = int(random.integers(0, photograph.height - height))
            crop = photograph.crop((left, top, left + width, top + height)).resize((178, 218), Image.LANCZOS)
            crop.save(os.path.join(folder, f"{number:06d}.jpg"), quality=90)
            table.write(f"{number:06d}.jpg,{1 if number % 2 else -1}\n")


def cka(workdir, layer, batches):
    from celebalucid import CKA

    compare = CKA(workdir, "celeba", ["seeded_a", "seeded_c"], n_epochs=1, n_iters=int(batches), batch_size=32)
    start = time.perf_counter()
    value = compare(layer, verbose=False)
    report("cka of one epoch, s", time.perf_counter() - start, cka=float(value), layer=layer)


def picture(neuron, steps):
    """A picture as the package makes it, with the time of its steps but the first two, which warm up."""
    from celebalucid import load_model
    from lucent.optvis import render

    model = load_model("seeded_a")
    times = []
    step = render.objectives.Objective.__call__

    def timed(self, *arguments):
        times.append(time.perf_counter())
        return step(self, *arguments)

    render.objectives.Objective.__call__ = timed
    try:
        pixels = model.lucid(neuron, thresholds=[int(steps)])
    finally:
        render.objectives.Objective.__call__ = step
    times.append(time.perf_counter())
    return model, pixels, float(np.mean(np.diff(times[2:])))


def lucid(neuron, steps):
    _, _, seconds = picture(neuron, steps)
    report(f"lucid, a step of {neuron}, s", seconds)


def objective(neurons, steps):
    """The mean activations of the package's own pictures as it returns them, in 8 bits and without transforms."""
    for neuron in neurons.split(","):
        torch.manual_seed(0)
        np.random.seed(0)
        model, pixels, _ = picture(neuron, steps)
        layer, channel = neuron.split(":")
        with torch.no_grad():
            model.stream(torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] - 117)
            value = float(model.neurons[layer][0, int(channel)].double().mean())
        report(f"objective of {neuron}", value, neuron=neuron)


if __name__ == "__main__":
    if sys.argv[1] != "images":
        install("seeded_a", 10)
        install("seeded_c", 12)
    parts = [images, forward, cka, lucid, objective]
    {part.__name__: part for part in parts}[sys.argv[1]](*sys.argv[2:])
