#!/usr/bin/env python3
"""Kills every writing command at every system call that changes something.

After each kill: the branch, its references, stage, root and anchor are old or new and never anything between; stock
`git fsck --strict` finds nothing; `packet status` reads it. Then the same command runs again: it succeeds, the packet
is what one undisturbed run makes of it, nothing is doubled, and no file stays behind.

    python3 tests/sweeps/kill.py [--only COMMAND]… [--sample N]
"""

import argparse
import sys
import time

import trace
from commands import named, put_in
from sandbox import Sandbox
from trial import after_the_disturbance, after_the_retry, undisturbed


class Tally:
    """What was tried, and what went wrong."""

    def __init__(self):
        self.points = self.killed = self.old_or_new = self.retried = 0
        self.wrong = []

    def line(self):
        return f"{self.killed}/{self.points} killed, {self.old_or_new}/{self.killed} old-or-new, {self.retried}/{self.killed} retry"


def sweep(sandbox, command, sample, tally):
    """Kills one command at each of its points, or at every `sample`th."""
    old, new, points = undisturbed(sandbox, command)
    for point in list(filter(trace.changes_something, points))[::sample]:
        tally.points += 1
        put_in(sandbox, command.state)
        if not trace.kill_at(sandbox, point, sandbox.argv(command.actor, command.arguments)):
            continue
        tally.killed += 1
        first = after_the_disturbance(sandbox, old, new, look=tally.points % 2 == 0)
        second = after_the_retry(sandbox, command, new)
        tally.old_or_new += not first
        tally.retried += not second
        for wrong in first + second:
            tally.wrong.append(f"{command.name}: killed at {point}: {wrong}".replace(f"{sandbox.live}/", ""))
            print(tally.wrong[-1], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="COMMAND")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every Nth point")
    options = parser.parse_args()
    total, begun = Tally(), time.monotonic()
    commands = named(options.only)
    with Sandbox() as sandbox:
        for command in commands:
            before = total.points
            sweep(sandbox, command, options.sample, total)
            print(f"{command.name}: {total.points - before} points", flush=True)
    seconds = time.monotonic() - begun
    print(f"kill: {len(commands)} commands, {total.line()}, {len(total.wrong)} faults, {seconds:.0f} s")
    return 1 if total.wrong or total.killed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
