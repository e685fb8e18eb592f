#!/usr/bin/env python3
"""Races every pair of writing commands, made certain: one is held up at a chosen system call while the other runs.

What there is afterwards is what one order or the other gives, or what one of the two gives alone while the other was
refused and says so; never a mixture. Whoever was refused because the head moved runs again, and then it is one order or
the other. Of two approvals there is exactly one; an objection that lands during an approval makes the approval fail.

    python3 tests/sweeps/pairs.py [--only COMMAND]… [--sample N]
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter

from commands import put_in
from judge import State, git_finds, history_fails
from races import pairs
from sandbox import NAME, Sandbox

HELD_MS = 500
# Where the first command is held up: the call, the file that it is about (of a rename, the one it moves), which instance.
POINTS = {
    "before it locks": ("flock", "repo/.git/packet/.lock", 1),
    "before the branch moves": ("rename", f"repo/.git/refs/heads/packet/{NAME}.lock", 1),
    "before its stage is written": ("rename", f"repo/.git/packet/{NAME}/stage/{{actor}}/.new", 1),
    "before its stage goes": ("unlink", f"repo/.git/packet/{NAME}/stage/{{actor}}/stage.toml", 1),
}


class Result:
    """How a command ended, and why."""

    def __init__(self, returncode, stdout):
        self.exit = returncode
        answer = json.loads(stdout) if stdout else {}
        self.codes = sorted(reason["code"] for reason in answer.get("reasons", []))

    def refused_by_the_race(self):
        return self.codes in (["head-moved"], ["stage-moved"], ["locked"])


def alone(sandbox, command):
    done = sandbox.run(*sandbox.argv(command.actor, command.arguments), check=False)
    return Result(done.returncode, done.stdout)


def in_order(sandbox, *commands):
    """What these commands give one after the other, from their state."""
    put_in(sandbox, commands[0].state)
    ends = [alone(sandbox, command).exit for command in commands]
    return ends, State(sandbox)


def start_held(sandbox, command, point):
    """Starts a command that is held up at the point, if it comes there."""
    call, path, when = point
    path = str(sandbox.live / path.format(actor=command.actor))
    log = sandbox.top / "held"
    argv = ["strace", "-f", "-qq", "-o", str(log), "-P", path, "-e", f"trace={call}",
            "-e", f"inject={call}:delay_enter={HELD_MS}000:when={when}"]
    argv += sandbox.argv(command.actor, command.arguments)
    return subprocess.Popen(argv, cwd=sandbox.repo, env=sandbox.environment(), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_until_held(sandbox, held, call):
    """Waits until the command is in the delayed call, or over. The kernel says in which call a process is."""
    number = {"flock": "73", "rename": "82", "unlink": "87"}[call]
    deadline = time.monotonic() + 5
    while held.poll() is None and time.monotonic() < deadline:
        children = open(f"/proc/{held.pid}/task/{held.pid}/children", encoding="ascii").read().split()
        for child in children:
            try:
                if open(f"/proc/{child}/syscall", encoding="ascii").read().split(" ")[0] == number:
                    time.sleep(0.01)
                    if open(f"/proc/{child}/syscall", encoding="ascii").read().split(" ")[0] == number:
                        return True
            except OSError:
                continue
        time.sleep(0.002)
    return False


def race(sandbox, held, other, point):
    """Runs both at once; how they ended, and whether the first was held up at all."""
    put_in(sandbox, held.state)
    first = start_held(sandbox, held, point)
    met = wait_until_held(sandbox, first, point[0])
    second = alone(sandbox, other) if met else None
    stdout, _ = first.communicate(timeout=60)
    return (Result(first.returncode, stdout), second) if met else None


def judge(sandbox, held, other, ends, orders):
    """What is wrong after a race, and after whoever was refused by it ran again."""
    now = State(sandbox)
    wrong = [f"fsck: {line}" for line in git_finds(sandbox)] + (history_fails(sandbox) if held.state != "foreign" else [])
    matches = [name for name, (exits, state) in orders.items()
               if not now.differs(state) and fits(exits, ends, name)]
    if not matches:
        against = {name: (exits, now.differs(state)) for name, (exits, state) in orders.items()}
        return wrong + [f"a mixture: exits {[e.exit for e in ends]} {[e.codes for e in ends]}, differs {against}"], None
    for command, end in ((held, ends[0]), (other, ends[1])):
        if end.refused_by_the_race():
            alone(sandbox, command)
            again = State(sandbox)
            if all(again.differs(state) for _, state in list(orders.values())[:2]):
                wrong.append(f"{command.name} refused by the race, run again, and it is neither order")
    return wrong, matches[0]


def fits(exits, ends, name):
    """Whether the ends are those of this order: the same exits, or one refused where only the other counts."""
    first, second = ends
    if name == "first alone":
        return first.exit == exits[0] and second.exit in (1, 3)
    if name == "second alone":
        return second.exit == exits[0] and first.exit in (1, 3)
    return [first.exit, second.exit] == exits


def references_of(sandbox, held, other):
    """The outcomes that are allowed: exits in the order (held, other), and the state."""
    first, state_first = in_order(sandbox, held, other)
    second, state_second = in_order(sandbox, other, held)
    return {
        "first, second": (first, state_first),
        "second, first": (second[::-1], state_second),
        "first alone": in_order(sandbox, held),
        "second alone": in_order(sandbox, other),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="COMMAND", help="pairs with this command")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every Nth pair")
    options = parser.parse_args()
    raced, orders_seen, faults, begun = 0, Counter(), 0, time.monotonic()
    chosen = [p for p in pairs() if not options.only or {p[0].name, p[1].name} & set(options.only)][:: options.sample]
    with Sandbox() as sandbox:
        for held, other in chosen:
            orders = references_of(sandbox, held, other)
            for where, point in POINTS.items():
                ends = race(sandbox, held, other, point)
                if ends is None:
                    continue
                raced += 1
                wrong, order = judge(sandbox, held, other, ends, orders)
                orders_seen[order] += 1
                faults += len(wrong)
                for line in wrong:
                    print(f"{held.name} held {where}, {other.name} meanwhile: {line}", flush=True)
    seen = ", ".join(f"{count} {name}" for name, count in orders_seen.most_common() if name)
    print(f"pairs: {len(chosen)} ordered pairs, {raced} races: {seen}; {faults} faults, {time.monotonic() - begun:.0f} s")
    return 1 if faults or not raced else 0


if __name__ == "__main__":
    sys.exit(main())
