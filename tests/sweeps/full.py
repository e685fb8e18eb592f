#!/usr/bin/env python3
"""Runs every writing command where the system itself says no: a full disk, no inodes, a read-only repository or vault,
a limit on file sizes or on open files.

The command is refused with what the system said, or it is done; the packet is old or new; with room again the same
command does the rest. Needs root for the mounts; says *skipped* without.

    sudo python3 tests/sweeps/full.py [--only COMMAND]…
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from commands import named, put_in
from errors import said, warned_of_the_tag
from judge import State
from sandbox import Sandbox
from trial import after_the_disturbance, after_the_retry

PAGES_LEFT = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
INODES_LEFT = [0, 1, 2, 3, 4, 6, 8, 12, 16]
OPEN_FILES = [4, 5, 6, 7, 8, 9, 10]
FILE_KIB = [0, 1]
SAID = re.compile("no space left|read-only file system|too many open files|file too large", re.IGNORECASE)
# A file that would grow beyond its limit is a signal that ends the program: then there is a kill to survive.
SIGXFSZ = {-25, 153}


class Disk:
    """A tmpfs where the sandbox lives, filled and emptied at will."""

    def __init__(self, mount):
        self.mount = mount
        mount.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=4000", "tmpfs", mount], check=True)

    def remount(self, options, at=None):
        subprocess.run(["mount", "-o", f"remount,{options}", at or self.mount], check=True)

    def leave_pages(self, pages):
        at = os.statvfs(self.mount)
        self.remount(f"size={(at.f_blocks - at.f_bfree + pages) * at.f_frsize}")

    def leave_inodes(self, inodes):
        at = os.statvfs(self.mount)
        self.remount(f"nr_inodes={at.f_files - at.f_ffree + inodes}")

    def room(self):
        self.remount("size=16m,nr_inodes=4000")

    def gone(self):
        subprocess.run(["umount", "-l", self.mount], check=True)


class ReadOnly:
    """A directory of the sandbox, mounted over itself read-only."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["mount", "--bind", path, path], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", path], check=True)

    def gone(self):
        subprocess.run(["umount", "-l", self.path], check=True)


def limited(flag, value, argv):
    """The command line under a limit of the shell."""
    return ["bash", "-c", f'ulimit {flag} {value}; exec "$@"', "limited", *argv]


def obstacles(sandbox, disk):
    """Each is a name, what sets it up and gives what takes it away, and how the command is run."""
    def page(n):
        disk.leave_pages(n)
        return disk.room

    def inode(n):
        disk.leave_inodes(n)
        return disk.room

    plain = list
    for n in PAGES_LEFT:
        yield f"{n} pages left", lambda n=n: page(n), plain
    for n in INODES_LEFT:
        yield f"{n} inodes left", lambda n=n: inode(n), plain
    yield "the repository is read-only", lambda: ReadOnly(sandbox.repo).gone, plain
    yield "the vault is read-only", lambda: ReadOnly(sandbox.vault).gone, plain
    for n in OPEN_FILES:
        yield f"{n} open files", lambda: (lambda: None), lambda argv, n=n: limited("-n", n, argv)
    for n in FILE_KIB:
        yield f"files of {n} KiB", lambda: (lambda: None), lambda argv, n=n: limited("-f", n, argv)


class Tally:
    def __init__(self):
        self.tried = self.refused = self.done = self.ended = self.intact = self.retried = 0
        self.wrong = []


def judge_exit(tally, command, done, now, new):
    """What is wrong with how the command ended."""
    if done.returncode == command.exit and not now.differs(new):
        tally.done += 1
        return []
    if done.returncode == command.exit and warned_of_the_tag(done) and not now.differs(new, "references"):
        tally.refused += 1
        return []
    if done.returncode in SIGXFSZ:
        tally.ended += 1
        return []
    if done.returncode not in (1, 2, 3) or not SAID.search(said(done)):
        return [f"exit {done.returncode}: {said(done)}"]
    tally.refused += 1
    return []


def trial(sandbox, command, obstacle, old, new, tally):
    """One command against one obstacle, and the retry without it."""
    name, set_up, how = obstacle
    put_in(sandbox, command.state)
    take_away = set_up()
    try:
        done = sandbox.run(*how(sandbox.argv(command.actor, command.arguments)), check=False)
    finally:
        take_away()
    tally.tried += 1
    ended = judge_exit(tally, command, done, State(sandbox), new)
    first = after_the_disturbance(sandbox, old, new, look=tally.tried % 2 == 0)
    second = after_the_retry(sandbox, command, new)
    tally.intact += not first
    tally.retried += not second
    for wrong in ended + first + second:
        tally.wrong.append(f"{command.name}, {name}: {wrong}".replace(f"{sandbox.live}/", ""))
        print(tally.wrong[-1], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="COMMAND")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("full: skipped: it needs root to mount")
        return 0
    tally, begun, commands = Tally(), time.monotonic(), named(options.only)
    with tempfile.TemporaryDirectory(prefix="packet-full-") as directory:
        disk = Disk(Path(directory) / "live")
        try:
            with Sandbox(here=disk.mount) as sandbox:
                for command in commands:
                    put_in(sandbox, command.state)
                    old = State(sandbox)
                    sandbox.run(*sandbox.argv(command.actor, command.arguments), check=False)
                    new = State(sandbox)
                    for obstacle in obstacles(sandbox, disk):
                        trial(sandbox, command, obstacle, old, new, tally)
        finally:
            disk.gone()
    n = tally.tried
    print(f"full: {len(commands)} commands, {n} obstacles met: {tally.refused} refused with the right message, "
          f"{tally.done} done all the same, {tally.ended} ended by the system; {tally.intact}/{n} intact, "
          f"{tally.retried}/{n} retry, {len(tally.wrong)} faults, {time.monotonic() - begun:.0f} s")
    return 1 if tally.wrong or not n else 0


if __name__ == "__main__":
    sys.exit(main())
