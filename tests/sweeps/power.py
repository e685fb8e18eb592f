#!/usr/bin/env python3
"""Cuts the power: on ext4 and on XFS, after every acknowledged write, at once, 2 s and 7 s later; and inside a write.

The file system lies in an image that is mounted through a loop device; a copy of the image is what a disk holds after a
cut. In the copy every acknowledged entry is there, stock git finds nothing, the history verifies, what was staged is
staged, the vault's bytes are what they were, and the same command answers with what it did. A command that is cut
between its syncs leaves old or new. Needs root and loop devices; says *skipped* without them.

    sudo python3 tests/sweeps/power.py [--without-sync]

`--without-sync` makes every sync do nothing and say yes: then the sweep must find losses, which shows that it can.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from commands import COMMANDS
from judge import State, git_finds, history_fails, torn
from sandbox import FORENSICS, PRIVACY, RELIABILITY, Failed, Sandbox

DELAYS = [0, 2, 7]
SYSTEMS = {"ext4": ("64M", ["mkfs.ext4", "-q"], "loop"), "xfs": ("320M", ["mkfs.xfs", "-q"], "loop,nouuid")}
# In the order of a packet's life: one state after the other, without putting anything back.
LIFE = ["open", "add-session", "add-fragment", "commit", "object", "withdraw", "draft", *["sign"] * 3, "approve"]
NO_SYNC = ["-e", "inject=syncfs,fsync,fdatasync:retval=0"]


def missing():
    """Why it cannot run here; nothing when it can."""
    if os.geteuid() != 0:
        return "it needs root to mount"
    for program in ("mkfs.ext4", "mkfs.xfs", "losetup", "mount"):
        if not shutil.which(program):
            return f"{program} is not installed (apt-get install e2fsprogs xfsprogs mount)"
    done = subprocess.run(["losetup", "-f"], capture_output=True, text=True, check=False)
    return f"no loop device: {done.stderr.strip()}" if done.returncode else None


class Disk:
    """An image, mounted where the sandbox lives; and copies of it, mounted over the same place."""

    def __init__(self, system, directory):
        size, make, self.options = SYSTEMS[system]
        self.image, self.crash, self.mount = directory / "disk", directory / "crash", directory / "live"
        self.mount.mkdir()
        subprocess.run(["truncate", "-s", size, self.image], check=True)
        subprocess.run([*make, str(self.image)], check=True)
        subprocess.run(["mount", "-o", self.options, self.image, self.mount], check=True)

    def cut(self):
        """What the disk holds now, whatever memory holds."""
        subprocess.run(["cp", "--sparse=always", self.image, self.crash], check=True)

    def look_at_copy(self):
        subprocess.run(["mount", "-o", self.options, self.crash, self.mount], check=True)

    def back(self):
        subprocess.run(["umount", self.mount], check=True)

    def gone(self):
        """Whatever is mounted there goes, also after a fault of the sweep."""
        while subprocess.run(["umount", self.mount], capture_output=True, check=False).returncode == 0:
            pass


def life():
    """The commands of a packet's life, with the words that each needs, found when its turn comes."""
    by_name = {command.name: command for command in COMMANDS}
    signers = iter((PRIVACY, RELIABILITY, FORENSICS))
    for name in LIFE:
        command = by_name[name]
        actor = next(signers) if name == "sign" else command.actor
        line = command.line.replace("s2", "s1").replace("fragment:stack", "packet")
        yield actor, [word.replace("_", " ") for word in line.split()]


def learn(sandbox, answer):
    """Keeps what later commands name."""
    for word, field in (("genesis", "genesis"), ("objection", "id"), ("bound", "commit")):
        if answer.get(field):
            sandbox.words[word] = answer[field]


class Tally:
    def __init__(self):
        self.cuts = self.survived = self.empty = 0
        self.wrong = []

    def add(self, label, wrong):
        self.cuts += 1
        self.survived += not wrong
        for line in wrong:
            self.wrong.append(f"{label}: {line}")
            print(self.wrong[-1], flush=True)


def whole(sandbox, before, argv, expected):
    """What is wrong in the copy after an acknowledged write."""
    try:
        return lost(sandbox, before, argv, expected)
    except (OSError, ValueError, Failed) as error:
        return [f"cannot be read: {error}"]


def lost(sandbox, before, argv, expected):
    now = State(sandbox)
    wrong = [f"lost: {name}" for name in now.differs(before)]
    if now.commits() != before.commits():
        wrong.append("acknowledged entries are missing")
    wrong += [f"fsck: {line}" for line in git_finds(sandbox)] + history_fails(sandbox)
    again = sandbox.run(*argv, check=False)
    if again.returncode != expected:
        wrong.append(f"again: exit {again.returncode}: {again.stdout}")
    elif State(sandbox).differs(before):
        wrong.append("again, and something is doubled or lost")
    return wrong


def cannot_reach(sandbox):
    """What stock git cannot read of all that references lead to. Objects that nothing names yet may be empty (F3)."""
    done = sandbox.git("pack-objects", "--all", "--stdout", "-q", check=False)
    return [f"pack-objects: {done.stderr}"] if done.returncode else []


def cut_between(sandbox, disk, argv, tally, label):
    """Cuts while `object` waits in a sync or just before the branch moves: 0.5 s and 7 s into the wait."""
    old = State(sandbox)
    for call, when in (("syncfs", 1), ("rename", 6), ("syncfs", 2), ("fsync", 1)):
        subprocess.run(["cp", "-a", sandbox.live, sandbox.top / "before"], check=True)
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                   f"inject={call}:delay_enter=8000000:when={when}", *argv]
        held = subprocess.Popen(command, cwd=sandbox.repo, env=sandbox.environment(), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        copies = []
        for delay in (0.5, 6.5):
            time.sleep(delay)
            disk.cut()
            copies.append(disk.crash.rename(disk.crash.with_name(f"crash-{len(copies)}")))
        held.wait(timeout=60)
        new = State(sandbox)
        for copy in copies:
            disk.crash = copy
            disk.look_at_copy()
            now = State(sandbox)
            wrong = [f"torn: {part}" for part in torn(now, old, new)] + cannot_reach(sandbox)
            tally.empty += sum(1 for path in sandbox.repo.glob(".git/objects/??/*") if path.stat().st_size == 0)
            again = sandbox.run(*argv, check=False)
            wrong += [] if again.returncode == 0 else [f"again: exit {again.returncode}: {again.stdout}"]
            wrong += [f"again: {part}" for part in State(sandbox).differs(new)] + history_fails(sandbox)
            tally.add(f"{label}, object cut at {call} {when}", wrong)
            disk.back()
            copy.unlink()
        disk.crash = copies[0].with_name("crash")
        for path in sandbox.live.iterdir():
            if path.name != "lost+found":
                shutil.rmtree(path)
        subprocess.run(["cp", "-a", f"{sandbox.top / 'before'}/.", sandbox.live], check=True)
        shutil.rmtree(sandbox.top / "before")


def sweep(system, delay, tally, prefix):
    """A packet's life on one file system, cut after each write."""
    with tempfile.TemporaryDirectory(prefix="packet-power-", dir="/var/tmp") as directory:
        disk = Disk(system, Path(directory))
        try:
            with Sandbox(here=disk.mount) as sandbox:
                sandbox.begin()
                subprocess.run(["sync", "-f", disk.mount], check=True)
                for actor, arguments in life():
                    argv = sandbox.argv(actor, arguments)
                    learn(sandbox, json.loads(sandbox.run(*prefix, *argv).stdout))
                    before = State(sandbox)
                    time.sleep(delay)
                    disk.cut()
                    disk.look_at_copy()
                    tally.add(f"{system}, {delay} s after {arguments[0]}", whole(sandbox, before, argv, 0))
                    disk.back()
                if delay == 0 and not prefix:
                    words = ["object", "--kind", "other", "--about", "packet", "-m", "cut in between"]
                    cut_between(sandbox, disk, sandbox.argv("privacy-lead", words), tally, system)
        finally:
            disk.gone()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--without-sync", action="store_true")
    options = parser.parse_args()
    why = missing()
    if why:
        print(f"power: skipped: {why}")
        return 0
    prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=syncfs,fsync,fdatasync", *NO_SYNC]
    tally, begun = Tally(), time.monotonic()
    for system in SYSTEMS:
        for delay in DELAYS:
            sweep(system, delay, tally, prefix if options.without_sync else [])
    print(f"power: {len(SYSTEMS)} file systems, {len(DELAYS)} delays, {tally.survived}/{tally.cuts} cuts survived, "
          f"{tally.empty} unnamed empty objects left by cuts inside a write, {len(tally.wrong)} faults, {time.monotonic() - begun:.0f} s")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
