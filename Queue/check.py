#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a job directory against its specification: names, records and digests.

    Queue/check.py QUEUE [--outputs DIR] [--mutate]

--outputs DIR  also the files of a folder that are named after a schema: command-status.1.json
--mutate       also that the schemas refuse each record after any one change

Written from README.md and the schemas alone, so that it finds where the programs differ from them. Needs jsonschema.
Prints how many records of each kind there were, and a line for all that is wrong; then the exit code is 1.
"""
import argparse
import copy
import hashlib
import json
import pathlib
import re
import sys
from collections import Counter, defaultdict

import jsonschema
import referencing

SCHEMAS = pathlib.Path(__file__).resolve().parent / "schemas"

# The grammar of README.md.
JOB = r"(?P<job>[0-9a-f]{32})"
CAMPAIGN = r"(?P<campaign>[A-Za-z0-9][A-Za-z0-9._-]{0,63}-[0-9a-f]{8})"
BUCKET = r"(?P<bucket>[0-9]{5})"
DIGEST = r"[0-9a-f]{64}"
NONCE = r"[0-9a-f]{16}"
WORKER = rf"(?P<worker>[a-z0-9-]{{1,40}}-[0-9a-f]{{32}}-(?:0|[1-9][0-9]{{0,9}})-(?:0|[1-9][0-9]{{0,19}})-{NONCE})"
COUNT = r"(?:0|[1-9][0-9]{0,8})"
POSITIVE = r"[1-9][0-9]{0,8}"
ATTEMPT = rf"g(?P<generation>{POSITIVE})\.a(?P<attempt>{POSITIVE})\.c{COUNT}\.f{COUNT}"
WORD = r"[a-z0-9-]{1,24}"
PLACE = rf"{CAMPAIGN}/{BUCKET}"

# What may stand where, and what it holds.
FILES = [
    (r"queue\.json", "queue"),
    (rf"campaigns/{CAMPAIGN}/plan", "plan"),
    (rf"campaigns/{CAMPAIGN}/manifest\.json", "manifest"),
    (rf"campaigns/{CAMPAIGN}/campaign\.yaml", None),
    (rf"pending/{PLACE}/\.published", "bucket"),
    (rf"pending/{PLACE}/\.complete-{JOB}", "job"),
    (rf"pending/{PLACE}/\.remade-{JOB}\.g{POSITIVE}", "ticket"),
    (rf"pending/{PLACE}/[0-9]-{JOB}\.{ATTEMPT}", "job"),
    (rf"running/{PLACE}/{JOB}\.{ATTEMPT}\.{WORKER}", "job"),
    (rf"returned/{PLACE}/{JOB}\.{ATTEMPT}\.{WORKER}\.{WORD}", "job"),
    (rf"done/{PLACE}/{JOB}\.{ATTEMPT}\.{WORKER}", "job"),
    (rf"failed/{PLACE}/{JOB}\.{ATTEMPT}(?:\.{WORKER})?\.{WORD}", "job"),
    (rf"results/{PLACE}/{JOB}\.g(?P<generation>{POSITIVE})\.a(?P<attempt>{POSITIVE})\.{WORKER}", "result"),
    (rf"arrays/{DIGEST}/users/{CAMPAIGN}", None),
    (rf"arrays/{DIGEST}/bad/[A-Za-z0-9._-]+-{NONCE}", None),
    (rf"arrays/{DIGEST}/zarr\.json", "array-zarr"),
    (rf"arrays/{DIGEST}/images\.json", "array-images"),
    (rf"arrays/{DIGEST}/means\.json", "array-means"),
    (rf"arrays/{DIGEST}/c(?:/{COUNT})+", None),
    (rf"cache/(?:weights|datasets)/(?P<content>{DIGEST})", "content"),
    (r"cache/downloads/.+", None),
    (rf"heartbeats/{WORKER}", "heartbeat"),
    (rf"workers/{WORKER}", "registration"),
    (rf"logs/{WORKER}\.jsonl", "log"),
    (r"control/[0-9]{8}", "control"),
    (r"hints/[0-9]{8}", "hint"),
    (rf"ended/{CAMPAIGN}\.{COUNT}\.(?:done|failed|cancelled)", "end"),
    (rf"scratch/{WORKER}/owner", "owner"),
    (rf"scratch/{WORKER}/.+", None),
    (r"trash/.+", None),
    (rf"reports/{CAMPAIGN}/(?P<report>cka|index|SUCCESS)\.json", "report"),
    (rf"reports/{CAMPAIGN}/index\.html", None),
    (rf"reports/{CAMPAIGN}/atlas/index\.json", "atlas"),
    (rf"reports/{CAMPAIGN}/atlas/.+\.(?:html|css|js)", None),
    (rf"reports/{CAMPAIGN}/.+\.(?:csv|npy|png)", None),
]
FILES = [(re.compile(pattern), kind) for pattern, kind in FILES]

# Members that may be absent, for --mutate.
OPTIONAL = {
    ("log", "worker"), ("command-logs", "worker"), ("cka", "reason"), ("command-repair", "done"),
    ("command-scope", "campaign"), ("command-scope", "job"), ("manifest", "images"), ("manifest", "comparison"),
    ("manifest", "pictures"), ("manifest", "direction"), ("payload", "direction"), ("payload", "instructions"),
    ("result-pictures", "neuron"), ("result-pictures", "error"), ("result-exemplars", "neuron"), ("atlas", "variant"),
    ("atlas", "error"), ("atlas", "ended"), ("atlas", "direction"), ("manifest", "dataset"), ("index", "images"),
    ("success", "images"), ("success", "pictures"),
}


def validators():
    documents = {file.name: json.loads(file.read_text()) for file in SCHEMAS.glob("*.schema.json")}
    for document in documents.values():
        jsonschema.Draft202012Validator.check_schema(document)
    resources = [(document["$id"], referencing.Resource.from_contents(document)) for document in documents.values()]
    registry = referencing.Registry().with_resources(resources)
    return {
        name.removesuffix(".schema.json"): jsonschema.Draft202012Validator(document, registry=registry)
        for name, document in documents.items()
    }


class Check:
    def __init__(self, root):
        self.root = root
        self.validators = validators()
        self.complaints = []
        self.samples = defaultdict(list)
        self.names = Counter()
        self.run = json.loads((root / "queue.json").read_text())["run"]

    def complain(self, path, message):
        self.complaints.append(f"{path}: {message}")

    def expect(self, path, what, is_so):
        if not is_so:
            self.complain(path, f"{what} is wrong")

    def validate(self, path, kind, text):
        try:
            value = json.loads(text)
        except ValueError as error:
            self.complain(path, f"no JSON: {error}")
            return None
        self.samples[kind].append(value)
        for error in self.validators[kind].iter_errors(value):
            self.complain(path, f"{kind} {error.json_path}: {error.message[:300]}")
        return value

    def directory(self):
        for file in sorted(self.root.rglob("*")):
            if file.is_dir():
                continue
            path = file.relative_to(self.root).as_posix()
            for pattern, kind in FILES:
                found = pattern.fullmatch(path)
                if not found:
                    continue
                self.names[pattern.pattern] += 1
                if kind:
                    self.file(path, kind, found.groupdict(), file.read_bytes())
                break
            else:
                self.complain(path, "not a name of the grammar")

    def file(self, path, kind, name, data):
        getattr(self, f"check_{kind.replace('-', '_')}", self.check_plain)(path, kind, name, data)

    def check_plain(self, path, kind, name, data):
        value = self.validate(path, kind, data)
        if kind in ("control", "hint", "end"):
            self.expect(path, "the run", value["run"] == self.run)
        if kind in ("registration", "manifest", "end"):
            key = "worker" if kind == "registration" else "campaign"
            self.expect(path, f"the {key}", value[key] == name[key])

    def check_report(self, path, kind, name, data):
        value = self.validate(path, name["report"].lower(), data)
        if name["report"] == "SUCCESS":
            for file, digest in value["files"].items():
                content = (self.root / "reports" / name["campaign"] / file).read_bytes()
                self.expect(path, f"the digest of {file}", hashlib.sha256(content).hexdigest() == digest)

    def check_plan(self, path, kind, name, data):
        line, _, rest = data.partition(b"\n")
        buckets = 0
        header = self.validate(path, "plan-header", line)
        while rest:
            line, _, rest = rest.partition(b"\n")
            buckets += 1
            for _ in range(self.validate(path, "plan-bucket", line)["jobs"]):
                length, _, rest = rest.partition(b" ")
                payload, end, rest = rest[: int(length)], rest[int(length) : int(length) + 1], rest[int(length) + 1 :]
                self.expect(path, "the end of a payload's line", end == b"\n")
                self.validate(path, "payload", payload.decode())
        self.expect(path, "the number of buckets", header["buckets"] == buckets)

    def check_job(self, path, kind, name, data):
        value = self.validate(path, "job", data)
        digest = hashlib.sha256(f"{value['kind']}\n{value['payload']}".encode()).hexdigest()
        self.expect(path, "the job's name", value["job"] == name["job"] == digest[:32])
        self.expect(path, "the campaign", value["campaign"] == name["campaign"])
        self.expect(path, "the run", value["run"] == self.run)
        self.validate(path, "payload", value["payload"])

    def check_ticket(self, path, kind, name, data):
        self.names["tickets"] += 1
        self.expect(path, "the nonce", re.fullmatch(NONCE.encode(), data))

    def check_content(self, path, kind, name, data):
        self.expect(path, "the digest", hashlib.sha256(data).hexdigest() == name["content"])

    def check_heartbeat(self, path, kind, name, data):
        line, digest = data.split(b"\n")
        self.expect(path, "the digest", hashlib.sha256(line + b"\n").hexdigest().encode() == digest)
        value = self.validate(path, "heartbeat", line)
        self.expect(path, "the worker", value["worker"] == name["worker"])

    def check_log(self, path, kind, name, data):
        for line in data.splitlines():
            self.validate(path, "log", line)

    def check_result(self, path, kind, name, data):
        line, rest = data.split(b"\n", 1)
        payload, footer = rest[:-152], rest[-152:]
        found = re.fullmatch(rb"\n([0-9]{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n", footer)
        if not found:
            return self.complain(path, "the footer is wrong")
        self.expect(path, "the length", int(found[1]) == len(payload))
        self.expect(path, "the payload's digest", hashlib.sha256(payload).hexdigest().encode() == found[2])
        self.expect(path, "the header's digest", hashlib.sha256(line + b"\n").hexdigest().encode() == found[3])
        header = self.validate(path, "result-header", line)
        for key in ("job", "campaign", "worker"):
            self.expect(path, f"the {key}", header[key] == name[key])
        for key in ("generation", "attempt"):
            self.expect(path, f"the {key}", header[key] == int(name[key]))
        if payload.startswith(b"["):
            self.validate(path, "result-files", payload)
        else:
            line = payload.split(b"\n", 1)[0]
            kinds = {b'"blocks"': "result-sums", b'"pictures"': "result-pictures", b'"neurons"': "result-exemplars"}
            self.validate(path, next((kind for key, kind in kinds.items() if key in line), "result-sums"), line)

    def outputs(self, folder):
        for file in sorted(folder.glob("*.json")):
            self.validate(file.name, file.name.split(".")[0], file.read_text())

    # Each change of a record that was valid must make it invalid.

    def mutate(self):
        refused = 0
        for kind, samples in sorted(self.samples.items()):
            distinct = {shape(sample): sample for sample in samples}
            for sample in distinct.values():
                for what, changed in changes(kind, sample):
                    if self.validators[kind].is_valid(changed):
                        self.complain(kind, f"the schema accepts {what}")
                    else:
                        refused += 1
        return refused


def shape(value):
    """What tells records apart for whose sake it is worth trying the same changes again."""
    if isinstance(value, dict):
        return tuple(sorted((key, shape(member)) for key, member in value.items()))
    if isinstance(value, list):
        return tuple(sorted({shape(member) for member in value}, key=repr))
    return type(value).__name__


def changes(kind, sample):
    for path, value in places(sample):
        if isinstance(value, dict):
            yield f"a stranger in {path}", changed(sample, path, lambda v: {**v, "Stranger!": {"x": 1}})
            if not is_map(kind, path):
                for key in value:
                    if (kind, key) not in OPTIONAL and (not path or path[-1] != "scope"):
                        yield f"no {key} in {path}", changed(sample, path + (key,), None)
        others = [{"Stranger!": 1}, True, -1.5, "\u0000 no name", ["x", ["y"]], None]
        for other in others:
            if same_type(other, value) or free(kind, path, other):
                continue
            yield f"{other!r} at {path}", changed(sample, path, lambda v, other=other: other)
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        if key in NAMES and isinstance(value, str) and not (kind == "command-prune" and sample["items"][path[1]]["kind"] == "trash"):
            yield f"a longer {key} at {path}", changed(sample, path, lambda v: v + "!")
        if key == "format":
            yield "another format", changed(sample, path, lambda v: v + 1)


NAMES = {
    "run", "job", "campaign", "worker", "bucket", "kind", "nonce", "digest", "name", "layer", "verb", "state", "model",
    "dtype", "codec", "weights", "rows", "images", "id", "outcome", "omitted", "dependsOn",
}


def is_map(kind, path):
    return bool(path) and path[-1] in {"versions", "inputs", "files", "checked", "parameters"} or (
        bool(path) and path[-1] == "counts" and kind == "index") or (
        bool(path) and path[-1] == "jobs" and kind.startswith(("command", "success", "end")))


def free(kind, path, other):
    """Whether any value of that type is as good."""
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    if other is None:
        return key in {"value", "cka", "debiased"} or kind == "atlas" and key in {"objective", "difference", "file"} or kind.startswith("command") and key in {
            "worker", "reason", "campaign", "job", "path"}
    return kind == "cka" and key in {"cka", "debiased"} and isinstance(other, float)


def same_type(left, right):
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    return type(left) is type(right)


def places(value, path=()):
    yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, path + (key,))


def changed(sample, path, change):
    """A copy with one place changed, or without it where there is no change to make."""
    if not path:
        return change(copy.deepcopy(sample))
    result = copy.deepcopy(sample)
    parent = result
    for step in path[:-1]:
        parent = parent[step]
    if change is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = change(parent[path[-1]])
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queue", type=pathlib.Path)
    parser.add_argument("--outputs", type=pathlib.Path)
    parser.add_argument("--mutate", action="store_true")
    options = parser.parse_args()
    check = Check(options.queue)
    check.directory()
    if options.outputs:
        check.outputs(options.outputs)
    for kind, samples in sorted(check.samples.items()):
        print(f"{len(samples)} {kind}")
    if check.names["tickets"]:
        print(f"{check.names['tickets']} ticket")
    if options.mutate:
        print(f"{check.mutate()} changes refused")
    for complaint in check.complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if check.complaints else 0)


main()
