# SPDX-License-Identifier: MIT
"""The queue at 1,000, 100,000 and, where asked, 1,000,000 jobs, beside dirq in the same run. See compare.py.

Nothing is removed before the end: ext4 looks for a free inode past all that were removed in the last five seconds, which
would slow down whoever makes files next.
"""
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parent.parent / ".build-benchmarks"
PYTHON = WORK / "dirq" / "bin" / "python3"
PROGRAM = WORK / "build" / "release" / "queue-benchmark"
TOKENS = ["pending", "running", "returned", "done", "failed"]


def prepare():
    WORK.mkdir(exist_ok=True)
    build = ["swift", "build", "--quiet", "-c", "release", "--product", "queue-benchmark"]
    subprocess.run([*build, "--scratch-path", WORK / "build"], cwd=HERE, check=True)
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "dirq"], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", "dirq"], check=True)


def command(part, queue, number, *options):
    if part.startswith("dirq-"):
        return [PYTHON, HERE / "dirq_reference.py", part.removeprefix("dirq-"), queue, str(number)]
    return [PROGRAM, part, queue, str(number), *options]


def measure(*arguments):
    """Runs one part and gives what it measured, with its rate in jobs a second."""
    text = subprocess.run(command(*arguments), check=True, text=True, stdout=subprocess.PIPE).stdout
    result = json.loads(text)
    result["rate"] = result["jobs"] / result["seconds"] if result["seconds"] else 0
    return result


def compete(part, queue, processes, *options):
    """Starts several competitors at once: jobs that each won, lost races, and the seconds until the last was won."""
    everybody = [
        subprocess.Popen(
            command(part, queue, 0, *options), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(processes)
    ]
    for process in everybody:
        process.stdout.readline()
    for process in everybody:
        process.stdin.write("\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in everybody]


def names(folder):
    return sum(not name.startswith(".") for _, _, files in os.walk(folder) for name in files)


class Table:
    def row(self, what, ours, theirs=None, ratio=None, note=""):
        theirs = "" if theirs is None else theirs
        ratio = "" if ratio is None else f"{ratio:.2f}"
        print(f"| {what} | {ours} | {theirs} | {ratio} | {note} |", flush=True)


def calls(result):
    counts, jobs = result["calls"], result["jobs"]
    metadata = sum(counts[name] for name in ["lists", "creates", "renames", "links", "makes", "removes"])
    return metadata / jobs, counts["opens"] / jobs, counts["syncs"] / jobs


def scale(table, folder, count):
    """One campaign of so many jobs: published, looked at, and partly done."""
    queue = folder / f"queue-{count}"
    title = f"{count:,} jobs"
    published = measure("publish", queue, count)
    metadata, _, syncs = calls(published)
    table.row(
        f"{title}: publish", f"{published['rate']:,.0f} jobs/s",
        note=f"{metadata:.2f} metadata calls a job, {syncs * count:.0f} syncs; plan written in {published['plan']:.1f} s",
    )
    looks(table, queue, title, "all pending")
    # With every sync, as a worker works; the first job's time shows what finding work costs.
    durable = measure("work", queue, min(count // 4, 500))
    metadata, opens, syncs = calls(durable)
    table.row(
        f"{title}: claim and finish, durable", f"{durable['rate']:,.0f} jobs/s",
        note=f"{syncs:.1f} syncs a job; first job after {durable['first'] * 1e3:.0f} ms",
    )
    some = min(count // 2, 50_000)
    quick = measure("work", queue, some, "--no-sync")
    metadata, opens, _ = calls(quick)
    table.row(
        f"{title}: claim and finish, no syncs", f"{1e6 / quick['rate']:,.0f} µs a job",
        note=f"{metadata:.2f} metadata calls and {opens:.1f} opens a job; first job after {quick['first'] * 1e3:.0f} ms",
    )
    done = looks(table, queue, title, "partly done")
    inodes = names(queue / "results") + sum(names(queue / token) for token in TOKENS)
    table.row(f"{title}: inodes", f"{1 + (inodes - count) / done:.2f} a done job")


def looks(table, queue, title, state):
    restart = measure("restart", queue, 0)
    status = measure("status", queue, 0)
    for name, result in [("a new coordinator's first step", restart), ("status", status)]:
        table.row(
            f"{title}, {state}: {name}", f"{result['seconds']:.2f} s",
            note=f"{result['processor']:.2f} s of a processor, {result['memory']} MiB",
        )
    return status["done"]


def beside_dirq(table, folder, jobs=5_000, rounds=3):
    """One process each, in turn, with no syncs in either."""
    results = {}
    for number in range(rounds):
        ours, theirs = folder / f"ours-{number}", folder / f"theirs-{number}"
        for name, arguments in [
            ("publish", ("publish", ours, 3 * jobs, "--no-sync")),
            ("add", ("dirq-add", theirs, 3 * jobs)),
            ("hint", ("restart", ours, 0)),
            ("tokens", ("tokens", ours, jobs, "--no-sync")),
            ("take", ("dirq-take", theirs, jobs)),
            ("work", ("work", ours, jobs, "--no-sync")),
            ("store", ("dirq-store", theirs, jobs)),
        ]:
            results.setdefault(name, []).append(measure(*arguments))
    rates = {name: statistics.median(result["rate"] for result in of) for name, of in results.items()}
    effort = {
        name: statistics.median(result["processor"] / result["jobs"] * 1e6 for result in of)
        for name, of in results.items()
    }
    for what, ours, theirs in [
        ("publish : add", "publish", "add"),
        ("claim, check, finish : lock, get, remove", "tokens", "take"),
        ("a worker's whole job with its result : lock, get, add a result, remove", "work", "store"),
        ("a worker's whole job with its result : lock, get, remove", "work", "take"),
    ]:
        table.row(
            f"one process, no syncs: {what}", f"{rates[ours]:,.0f} jobs/s", f"{rates[theirs]:,.0f} jobs/s",
            rates[ours] / rates[theirs], f"processor time: {effort[ours]:.0f} and {effort[theirs]:.0f} µs a job",
        )


def competition(table, folder, jobs=20_000, processes=8, threads=8):
    """Many who claim the same jobs at once, with no syncs in either."""
    ours, theirs = folder / "ours", folder / "theirs"
    measure("publish", ours, jobs, "--no-sync")
    measure("restart", ours, 0)
    measure("dirq-add", theirs, jobs)
    mine = compete("compete", ours, processes, "--no-sync", "--workers", str(threads))
    dirq = compete("dirq-compete", theirs, processes * threads)
    won = sum(result["jobs"] for result in mine)
    rates = [sum(r["jobs"] for r in of) / max(r["seconds"] for r in of) for of in (mine, dirq)]
    lost = sum(result["calls"]["lostRenames"] for result in mine) / won
    lost_theirs = sum(result["lost"] for result in dirq) / sum(result["jobs"] for result in dirq)
    done = {name.split(".")[0] for _, _, files in os.walk(ours / "done") for name in files}
    once = won == len(done) == names(ours / "results") == jobs
    table.row(
        f"{processes * threads} claimers, {jobs:,} jobs, no syncs", f"{rates[0]:,.0f} jobs/s",
        f"{rates[1]:,.0f} jobs/s", rates[0] / rates[1],
        f"lost races a job {lost:.3f}, dirq {lost_theirs:.1f}; "
        + ("each job was won once" if once else f"NOT ONCE: {won} won, {len(done)} done"),
    )
    # Long enough that a scan of all buckets, which comes once in ten looks, counts as often as it should.
    seconds = 180
    idle = measure("idle", ours, seconds, "--no-sync", "--workers", str(processes * threads))
    table.row(f"{processes * threads} idle workers", f"{idle['calls']['lists'] / seconds:.1f} listings/s")


def main(parent, is_large):
    prepare()
    # A signal must not leave a million files behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="lucid-queue-", dir=parent))
    table = Table()
    print("| | LucidGrid | dirq | ratio | |\n|---|---|---|---|---|")
    try:
        for count in [1_000, 100_000] + ([1_000_000] if is_large else []):
            scale(table, folder, count)
        beside_dirq(table, folder)
        competition(table, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
