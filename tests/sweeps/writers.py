#!/usr/bin/env python3
"""Eight writers on one repository, beside git's own housekeeping in loops: nothing lost, nothing doubled, one line.

    python3 tests/sweeps/writers.py [--writers 8] [--entries 500]
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import Counter

from commands import put_in
from judge import git_finds, history_fails
from sandbox import ACTORS, NAME, Sandbox


def write_all(sandbox, writer, count, results):
    """One writer: objections one after the other, each with words of its own. A wait that is over is waited again."""
    actor = ACTORS[writer % len(ACTORS)]
    for i in range(count):
        words = f"writer {writer} entry {i}"
        argv = sandbox.argv(actor, ["object", "--kind", "other", "--about", "packet", "-m", words])
        while True:
            begun = time.monotonic()
            done = subprocess.run(argv, cwd=sandbox.repo, env=sandbox.environment(), capture_output=True, text=True)
            results["longest"] = max(results["longest"], time.monotonic() - begun)
            if done.returncode == 0:
                results["ids"].append(json.loads(done.stdout)["id"])
                break
            results["refused"].append(f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}")
            if '"locked"' not in done.stdout:
                return


def keep_house(sandbox, command, stop, runs):
    """git's housekeeping, again and again; that it finds a reference locked is its own affair."""
    while not stop.is_set():
        subprocess.run(["git", "-C", str(sandbox.repo), *command], env=sandbox.environment(), capture_output=True)
        runs[command[0]] += 1


def words_in_ledger(sandbox):
    """How often each writer's words stand in the ledger."""
    answer = json.loads(sandbox.run(*sandbox.argv(ACTORS[0], ["log"])).stdout)
    paths = sandbox.git("ls-tree", "-r", "--name-only", f"packet/{NAME}", "ledger/").stdout.split()
    batch = "".join(f"packet/{NAME}:{path}\n" for path in paths)
    text = subprocess.run(["git", "-C", str(sandbox.repo), "cat-file", "--batch"], input=batch, env=sandbox.environment(),
                          capture_output=True, text=True, check=True).stdout
    return len(answer["entries"]), Counter(line for line in text.splitlines() if line.startswith("text = "))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--entries", type=int, default=500)
    options = parser.parse_args()
    with Sandbox() as sandbox:
        put_in(sandbox, "evidence")
        before = len(sandbox.packet(ACTORS[0], "log")["entries"])
        results = {"ids": [], "refused": [], "longest": 0.0}
        stop, runs = threading.Event(), Counter()
        house = [threading.Thread(target=keep_house, args=(sandbox, command, stop, runs))
                 for command in (["gc", "--auto", "--quiet"], ["pack-refs", "--all"])]
        writers = [threading.Thread(target=write_all, args=(sandbox, n, options.entries, results))
                   for n in range(options.writers)]
        begun = time.monotonic()
        for thread in house + writers:
            thread.start()
        for thread in writers:
            thread.join()
        seconds = time.monotonic() - begun
        stop.set()
        for thread in house:
            thread.join()
        wanted = options.writers * options.entries
        entries, words = words_in_ledger(sandbox)
        told = {f'text = "writer {w} entry {i}"' for w in range(options.writers) for i in range(options.entries)}
        lost = sum(1 for text in told if words[text] == 0)
        doubled = sum(1 for text in told if words[text] > 1)
        merges = sandbox.git("rev-list", "--merges", "--count", f"packet/{NAME}").stdout.strip()
        faults = git_finds(sandbox) + history_fails(sandbox)
        if entries - before != wanted or merges != "0":
            faults.append(f"{entries - before} entries, {merges} merges")
        for line in results["refused"][:10] + faults:
            print(line)
        print(f"writers: {options.writers} × {options.entries} entries: {len(results['ids'])} acknowledged, "
              f"{lost} lost, {doubled} doubled, {len(results['refused'])} refused and run again, "
              f"{len(faults)} faults, beside {runs['gc']} gc and {runs['pack-refs']} pack-refs; "
              f"{seconds:.0f} s, {seconds / wanted * 1000:.0f} ms an entry, the longest {results['longest']:.1f} s")
        return 0 if not (lost or doubled or faults) and len(results["ids"]) == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
