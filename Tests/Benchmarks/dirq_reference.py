# SPDX-License-Identifier: MIT
"""The queue of the package dirq (QueueSimple), doing what queue-benchmark does. Prints a line of JSON.

usage: dirq_reference.py add|take|store|compete QUEUE NUMBER

`take` locks, reads and removes; `store` also adds a result to a second queue, as a job of ours leaves one behind.
"""
import json
import sys
import time

from dirq.QueueSimple import QueueSimple

PAYLOAD = json.dumps({"format": 1, "run": "0" * 32, "job": "0" * 32, "kind": "nothing", "payload": '{"number":1}'})


def add(queue, count):
    for _ in range(count):
        queue.add(PAYLOAD)
    return count, 0


def take(queue, count, results=None):
    taken = lost = 0
    while taken < count:
        name = queue.first()
        while name and taken < count:
            if queue.lock(name):
                data = queue.get(name)
                if results:
                    results.add(data)
                queue.remove(name)
                taken += 1
            else:
                lost += 1
            name = queue.next()
        if not name and count == sys.maxsize:
            break
    return taken, lost


def main(part, path, number):
    queue = QueueSimple(path)
    if part == "compete":
        print("ready", flush=True)
        sys.stdin.readline()
    start = time.perf_counter()
    processor = time.process_time()
    if part == "add":
        jobs, lost = add(queue, number)
    elif part == "store":
        jobs, lost = take(queue, number, QueueSimple(path + "-results"))
    else:
        jobs, lost = take(queue, sys.maxsize if part == "compete" else number)
    print(
        json.dumps(
            {
                "jobs": jobs,
                "lost": lost,
                "seconds": time.perf_counter() - start,
                "processor": time.process_time() - processor,
            }
        )
    )


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
