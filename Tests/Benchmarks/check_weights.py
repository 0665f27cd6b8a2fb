#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that PyTorch and celebalucid read what LucidGrid writes of a network, and the other way round, to the last bit.

usage: Tests/Benchmarks/check_weights.py [--coordinator PROGRAM]

Takes PyTorch and celebalucid from .build-benchmarks/python, which it installs where it is missing, and builds
lucid-coordinator where no PROGRAM is given. Takes about a minute after that; exits with 1 where anything differs.
"""
import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import compare

if os.environ.get("LUCID_CHECK") != "inside":
    compare.prepare_python()
    os.execve(compare.PYTHON, [compare.PYTHON, __file__, *sys.argv[1:]], {**os.environ, "LUCID_CHECK": "inside"})

import numpy as np
import torch

from reference import seeded_values

CAMPAIGN = """
name: weights
models:
  plain: {weights: "seeded:10"}
  other: {weights: "seeded:12"}
  norm-bn: {weights: "seeded:10", batch_norm: true}
  edited:
    weights: "seeded:10"
    edits:
      - {set: mixed4a_3x3, from: other}
      - {set: "conv2d0:3", value: 0.5, mode: weight}
      - {set: logits, value: -1, mode: bias}
dataset: {images: images}
cka: {layers: [conv2d0]}
"""
LAYERS = ["conv2d0", "mixed4a_3x3", "mixed5b_pool_reduce", "logits"]
failures = 0


def check(what, is_right):
    global failures
    failures += not is_right
    print("ok    " if is_right else "FAILED", what, flush=True)


def equal(a, b):
    """Whether two tensors are equal in type, shape and every bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()


def same(state, other):
    return list(state) == list(other) and all(equal(state[name], other[name]) for name in state)


def safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    types = {"F32": np.float32, "I64": np.int64}
    state = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            values = np.frombuffer(data[start:end], types[entry["dtype"]]).reshape(entry["shape"])
            state[name] = torch.from_numpy(values.copy())
    return state


def network(folder, file):
    """celebalucid's network of a file, loaded as it loads published ones."""
    from celebalucid.models.manipulator import ModelManipulator

    torch.hub.set_dir(folder / f"hub-{file.stem}")
    return ModelManipulator(file.as_uri())


def check_writing(folder, coordinator):
    campaign = folder / "weights.yaml"
    campaign.write_text(CAMPAIGN)
    names = ["plain", "other", "norm-bn", "edited"]
    for name in names:
        for ending in ["pt", "pth", "safetensors"]:
            compare.run(coordinator, "export", campaign, name, "--output", folder / f"{name}.{ending}")
    networks = {name: network(folder, folder / f"{name}.pt") for name in names}
    states = {name: torch.load(folder / f"{name}.pt", weights_only=True) for name in names}
    for name in names:
        state = states[name]
        check(f"{name}: torch.load gives 401 tensors", len(state) == 401)
        check(f"{name}: mapped into memory they are the same", same(torch.load(folder / f"{name}.pt", mmap=True), state))
        check(f"{name}: .pth and .safetensors hold the same", same(torch.load(folder / f"{name}.pth"), state) and same(safetensors(folder / f"{name}.safetensors"), state))
        check(f"{name}: celebalucid's network has the same state dictionary", same(dict(networks[name].state_dict()), dict(state)))
        missing = networks[name].load_state_dict(state, strict=True)
        check(f"{name}: nothing is missing and nothing is left over", not missing.missing_keys and not missing.unexpected_keys)
    for name, seed in [("plain", 10), ("other", 12), ("norm-bn", 10)]:
        expected = [key for key in states[name] if "_bn." not in key]
        check(f"{name}: its numbers are those of its seed", all(equal(states[name][key], seeded_values(key, tuple(states[name][key].shape), seed)) for key in expected))
    edited = networks["plain"]
    edited.set_weights("mixed4a_3x3", networks["other"])
    edited.set_weights("conv2d0:3", 0.5, "weight")
    edited.set_weights("logits", -1, "bias")
    check("edited: celebalucid's set_weights gives the same", same(dict(edited.state_dict()), dict(states["edited"])))
    return states


def files_of(state):
    """What PyTorch can make of a state dictionary: a name, what to save, how, and of which numbers."""
    transposed = {name: value.t().contiguous().t() if value.dim() == 2 else value for name, value in state.items()}
    channels_last = {name: value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value for name, value in state.items()}
    whole = torch.cat([value.flatten() for value in state.values() if value.is_floating_point()])
    views, start = {}, 0
    for name, value in state.items():
        views[name] = value
        if value.is_floating_point():
            views[name] = whole[start : start + value.numel()].view(value.shape)
            start += value.numel()
    yield "plain", state
    yield "views of one storage", views
    yield "transposed", transposed
    yield "channels last", channels_last
    yield "parameters", {name: torch.nn.Parameter(value, requires_grad=value.is_floating_point()) for name, value in state.items()}
    yield "a wrapped module", {"module." + name: value for name, value in state.items()}
    optimizer = {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    yield "a checkpoint", {"epoch": 3, "state_dict": state, "optimizer": optimizer, "best": 0.5}
    yield "no batch norm", {name: value for name, value in state.items() if "_bn." not in name}
    for kind in [torch.float64, torch.float16, torch.bfloat16]:
        yield str(kind), {name: value.to(kind) if value.is_floating_point() else value for name, value in state.items()}


def check_reading(folder, coordinator, state):
    array = folder / "array.npy"
    for title, saved in files_of(state):
        kind = getattr(torch, title.split(".")[-1], None) if title.startswith("torch.") else None
        for is_new in [True, False]:
            path = folder / "saved.pt"
            torch.save(saved, path, _use_new_zipfile_serialization=is_new)
            is_right = True
            for layer in LAYERS:
                compare.run(coordinator, "weights", path, layer, "--output", array, "--json", stdout=compare.subprocess.DEVNULL, stderr=compare.subprocess.DEVNULL)
                key = layer if layer == "logits" else layer + "_pre_relu_conv"
                for part, file in [("weight", array), ("bias", folder / "array-bias.npy")]:
                    expected = state[f"{key}.{part}"]
                    expected = expected.to(kind).float() if kind else expected
                    is_right &= equal(torch.from_numpy(np.load(file)), expected.contiguous())
            check(f"reading {title}, {'new' if is_new else 'old'} format", is_right)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coordinator", type=Path)
    coordinator = parser.parse_args().coordinator
    if coordinator is None:
        compare.run("swift", "build", "--quiet", "-c", "release", "--product", "lucid-coordinator", cwd=compare.ROOT)
        coordinator = compare.ROOT / ".build" / "release" / "lucid-coordinator"
    print(f"PyTorch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        states = check_writing(folder, coordinator.resolve())
        check_reading(folder, coordinator.resolve(), dict(states["norm-bn"]))
    print(f"{failures} differences")
    sys.exit(1 if failures else 0)


main()
