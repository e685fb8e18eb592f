#!/usr/bin/env python3
"""Makes every system call of every writing command that opens, writes, names or syncs fail, one at a time.

The command ends with a refusal that names the thing and says what the system said, or it does all that it promises and
says yes; a sync that failed is never a yes. Either way the packet is old or new, stock git finds nothing, and the same
command run again does the rest. Where the entry is there although the command failed, the message says so.

    python3 tests/sweeps/errors.py [--only COMMAND]… [--sample N]
"""

import argparse
import errno
import json
import os
import re
import sys
import time

import trace
from commands import named, put_in
from judge import State
from sandbox import Sandbox
from trial import after_the_disturbance, after_the_retry, undisturbed

# What a call can fail with; `+` makes all later calls of that name fail too, as on a disk that stays full.
FAILS = [
    (set(trace.OPENS), ["EIO", "EMFILE", "EROFS", "ENOSPC+"]),
    (set(trace.WRITES), ["EIO", "ENOSPC", "ENOSPC+"]),
    (set(trace.SYNCS), ["EIO", "ENOSPC"]),
    ({"link", "linkat"}, ["EIO", "EPERM", "ENOSPC+"]),
    ({"rename", "renameat", "renameat2", "mkdir", "mkdirat"}, ["EIO", "EROFS", "ENOSPC+"]),
    ({"unlink", "unlinkat", "rmdir"}, ["EIO", "EROFS+"]),
    ({"flock"}, ["EIO", "ENOLCK"]),
    (set(trace.MODES) - {"flock"}, ["EIO", "EROFS"]),
]
# A file that cannot be read stays so: all reads of it fail.
READS = ["EIO", "EMFILE", "EACCES"]
# What happens before the program is loaded is not its own.
LOADER = re.compile(r'"(/etc/ld\.so|/lib|/usr/lib|/proc|/sys|/dev/null)|\.so')
TOLD = re.compile("is recorded|did not confirm|the command is done")


def errors_of(point):
    """What this call is made to fail with."""
    if LOADER.search(point.arguments):
        return []
    if not trace.changes_something(point):
        return READS
    return next(errors for calls, errors in FAILS if point.call in calls)


def trials_of(command, points):
    """Every point with every error; a file that is read several times counts once.

    `drift` records what it cannot read as *unreachable*, and `scan` what it found in what it could read: that is their
    business and no error.
    """
    seen, trials = set(), []
    for point in points:
        path = point.path()
        if command.name.startswith(("drift", "scan")) and "/live/vault/" in path:
            continue
        if trace.changes_something(point) or path not in seen:
            trials += [(point, error) for error in errors_of(point)]
        seen.add(path)
    return trials


def said(done):
    """The messages of a refusal; also one that could not be printed where it belongs."""
    try:
        return " ".join(reason["message"] for reason in json.loads(done.stdout)["reasons"])
    except (ValueError, KeyError):
        return " ".join((done.stdout + done.stderr).split())


def warned_of_the_tag(done):
    """The branch alone decides: an approval whose tag could not be made is one, and says so."""
    try:
        return any(warning.startswith("tag-missing") for warning in json.loads(done.stdout)["warnings"])
    except (ValueError, KeyError):
        return False


class Tally:
    """What was tried, and what went wrong."""

    def __init__(self):
        self.points = self.refused = self.unharmed = self.intact = self.retried = 0
        self.wrong = []

    def line(self):
        n = self.points
        return (f"{n} injected: {self.refused} refused with the right message, {self.unharmed} done all the same; "
                f"{self.intact}/{n} intact, {self.retried}/{n} retry")


def judge_exit(tally, command, point, error, done, now, old, new):
    """What is wrong with how the command ended."""
    if done.returncode == command.exit and warned_of_the_tag(done) and not now.differs(new, "references"):
        tally.refused += 1
        return []
    if done.returncode == command.exit and not now.differs(new):
        tally.unharmed += 1
        return ["a failed sync is a yes"] if point.call in trace.SYNCS else []
    if done.returncode not in (1, 2, 3):
        return [f"exit {done.returncode}: {said(done)}"]
    # When no write succeeds any more, there is nowhere to say anything.
    if point.call in trace.WRITES and error.endswith("+"):
        tally.refused += 1
        return []
    message, wanted = said(done), os.strerror(getattr(errno, error.rstrip("+")))
    if wanted.lower() not in message.lower() or not re.search(r"[/`]|the (raw|sanitized) range|the copy of", message):
        return [f"exit {done.returncode}, and the message is: {message}"]
    if now.entries != old.entries and not TOLD.search(message):
        return [f"the entry is there, and the message does not say so: {message}"]
    tally.refused += 1
    return []


def trial(sandbox, command, point, error, old, new, tally):
    """One error at one point, and the retry."""
    put_in(sandbox, command.state)
    argv = sandbox.argv(command.actor, command.arguments)
    if trace.changes_something(point):
        done, injected = trace.fail_at(sandbox, point, error.rstrip("+"), argv, for_good=error.endswith("+"))
    else:
        done, injected = trace.fail_reading(sandbox, point, error, argv)
    if not injected:
        return
    tally.points += 1
    ended = judge_exit(tally, command, point, error, done, State(sandbox), old, new)
    first = after_the_disturbance(sandbox, old, new, look=tally.points % 2 == 0)
    second = after_the_retry(sandbox, command, new)
    tally.intact += not first
    tally.retried += not second
    for wrong in ended + first + second:
        tally.wrong.append(f"{command.name}: {error} at {point}: {wrong}".replace(f"{sandbox.live}/", ""))
        print(tally.wrong[-1], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="COMMAND")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every Nth injection")
    options = parser.parse_args()
    tally, begun, commands = Tally(), time.monotonic(), named(options.only)
    with Sandbox() as sandbox:
        for command in commands:
            before = tally.points
            old, new, points = undisturbed(sandbox, command)
            trials = trials_of(command, points)
            for point, error in trials[:: options.sample]:
                trial(sandbox, command, point, error, old, new, tally)
            print(f"{command.name}: {tally.points - before} errors", flush=True)
    seconds = time.monotonic() - begun
    print(f"errors: {len(commands)} commands, {tally.line()}, {len(tally.wrong)} faults, {seconds:.0f} s")
    return 1 if tally.wrong or tally.points == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
