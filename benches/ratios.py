"""Measures `packet` beside the stock programs, in one run; benches/run.sh prepares the directory it works in.

Every figure is a ratio of two commands that take turns, so that a busy machine slows both. Of each the minimum of all
rounds counts (what the machine can do when nobody disturbs), and the median is shown beside it. Memory is the peak
resident set that the kernel reports for the process.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

WORK = Path(sys.argv[1])
PACKET, HISTORY = str(WORK / "bin/packet"), str(WORK / "bin/history")
SIZE_MIB = int(os.environ.get("SIZE_MIB", "4096"))
ENTRIES = int(os.environ.get("ENTRIES", "10000"))
SLICE = int(os.environ.get("SLICE", "500"))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
ONLY = set(filter(None, os.environ.get("ONLY", "").split(",")))
ENV = {"PATH": os.environ["PATH"], "HOME": str(WORK / "home"), "GIT_CONFIG_NOSYSTEM": "1"}
ROWS = []


def run(*command, cwd=None, stdin=None):
    """Runs once; seconds, CPU seconds, peak KiB."""
    stream = open(stdin, "rb") if stdin else subprocess.DEVNULL
    begun = time.monotonic()
    child = subprocess.Popen(command, cwd=cwd, env=ENV, stdin=stream, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {child.returncode}: {said.decode()}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def text(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, env=ENV, check=True, capture_output=True, text=True).stdout


class Times:
    """The rounds of one command."""

    def __init__(self, rounds):
        self.least = min(r[0] for r in rounds)
        self.median = statistics.median(r[0] for r in rounds)
        self.cpu = min(r[1] for r in rounds)
        self.peak_mib = max(r[2] for r in rounds) / 1024

    def __str__(self):
        unit, factor = ("s", 1) if self.least >= 1 else ("ms", 1000)
        return f"{self.least * factor:.3g} {unit} (median {self.median * factor:.3g}, CPU {self.cpu * factor:.3g})"


def take_turns(commands, rounds=ROUNDS):
    """Runs every command once in every round, after one round that does not count."""
    seen = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            took = command()
            if turn:
                seen[name].append(took)
    return {name: Times(took) for name, took in seen.items()}


def row(what, beside, reach, measured, ratio, limit):
    load = " ".join(f"{x:.2f}" for x in os.getloadavg())
    verdict = "yes" if ratio <= limit else "no"
    ROWS.append(f"| {what} | {beside} | {reach} | {measured} | {ratio:.3g}× | {verdict} | {load} |")
    print(ROWS[-1], flush=True)


def packet_in(place, *arguments, actor="reliability"):
    return lambda: run(PACKET, "--key", str(place / "keys" / actor), *arguments, cwd=place / "repo")


def make_history(name, entries, packed=True):
    place = WORK / name
    run(HISTORY, "make", str(place), str(entries))
    if packed:
        run("git", "gc", "-q", cwd=place / "repo")
    run(PACKET, "verify", "--history", cwd=place / "repo")
    packet_in(place, "status")()
    return place


def fragment():
    """A dump of random bytes, in the page cache; its copy has 1,000 masked intervals."""
    place = WORK / "evidence"
    run(HISTORY, "make", str(place), "10")
    add = ["add-fragment", "vault:dump", "--session", "s1", "--annex"]
    packet_in(place, "add-session", "s1", "--environment", "prod", "--sensitivity", "restricted")()
    dump, masked = place / "vault/dump", place / "masked"
    with open("/dev/urandom", "rb") as source, open(dump, "wb") as out:
        for _ in range(SIZE_MIB):
            out.write(source.read(1 << 20))
    run("cp", str(dump), str(masked))
    with open(masked, "r+b") as out:
        for n in range(1000):
            out.seek((n * SIZE_MIB << 20) // 1000)
            out.write(b"X" * 64)
    os.sync()
    size = f"{SIZE_MIB} MiB, cached"
    times = take_turns({
        "packet": packet_in(place, *add, "--id", "whole", "--why", "measured"),
        "b3sum": lambda: run("b3sum", str(dump)),
        "one": lambda: run("b3sum", "--num-threads", "1", str(dump)),
    })
    ours, b3 = times["packet"], times["b3sum"]
    row(f"`add-fragment`, whole file of {size}", "`b3sum` on the same file", "≤ 1.15×", f"{ours} : {b3}", ours.least / b3.least, 1.15)
    row("its peak memory", "64 MiB", "≤ 64 MiB", f"{ours.peak_mib:.1f} MiB", ours.peak_mib / 64, 1)
    print(f"  (`b3sum --num-threads 1`: {times['one']})", flush=True)

    def sanitized():
        # The vault keeps what it has: without this only the first round would write the copy.
        for kept in (place / "vault/.packet/sanitized").glob("*"):
            kept.unlink()
        os.sync()
        return packet_in(place, *add[:-1], "--id", "masked", "--sanitized", str(masked))()

    accelerated = {"openssl": lambda: run("openssl", "dgst", "-sha256", str(masked))} if shutil.which("openssl") else {}
    times = take_turns(accelerated | {
        "packet": sanitized,
        "again": packet_in(place, *add[:-1], "--id", "masked", "--sanitized", str(masked)),
        "b3sum": lambda: run("b3sum", str(masked)),
        "sha256sum": lambda: run("sha256sum", str(masked)),
        # Not into /dev/null: `cmp` sees that, and stops at the first difference.
        "cmp": lambda: run("sh", "-c", f"cmp -l '{dump}' '{masked}' > '{place}/differences'; test $? = 1"),
        "copy": lambda: run("dd", f"if={masked}", f"of={place}/copy", "bs=1M", "conv=fsync"),
    }, min(ROUNDS, 4))
    ours, slower = times["packet"], max(times["b3sum"], times["sha256sum"], key=lambda t: t.least)
    ratio = ours.least / (slower.least + times["cmp"].least)
    row(f"with `--sanitized`, {size}", "the slower of `b3sum` and `sha256sum`, plus `cmp`", "≤ 1.2×",
        f"{ours} : {slower} + {times['cmp']}", ratio, 1.2)
    print(f"  (the vault's copy of the sanitized bytes is synced: `dd conv=fsync` of the same bytes {times['copy']};"
          f" again, with the copy there: {times['again']}; peak {ours.peak_mib:.1f} MiB)", flush=True)
    if accelerated:
        both = times["openssl"].least + times["cmp"].least
        print(f"  (beside a SHA-256 that uses the processor's instructions, `openssl dgst` {times['openssl']}, plus `cmp`:"
              f" {ours.least / both:.3g}×)", flush=True)
    for name in (dump, masked, place / "copy"):
        name.unlink()


def verification(large):
    objects = WORK / "objects"
    reached = text("git", "rev-list", "--objects", "packet/bench", cwd=large / "repo")
    objects.write_text("".join(line.split()[0] + "\n" for line in reached.splitlines()))
    times = take_turns({
        "packet": packet_in(large, "verify", "--history"),
        "ed25519": lambda: run(HISTORY, "verifications", str(ENTRIES)),
        "cat-file": lambda: run("git", "cat-file", "--batch", cwd=large / "repo", stdin=objects),
    })
    ours, keys, cat = times["packet"], times["ed25519"], times["cat-file"]
    row(f"`verify`, {ENTRIES:,} signed entries", f"{ENTRIES:,} strict Ed25519 verifications on one core + `git cat-file --batch`",
        "≤ 2×", f"{ours} : {keys} + {cat}", ours.least / (keys.least + cat.least), 2)
    print(f"  (peak {ours.peak_mib:.1f} MiB)", flush=True)
    return ours


def show_signature(large, ours):
    """git starts two programs for every commit: a slice says enough."""
    signers = text("git", "show", "packet/bench:allowed_signers", cwd=large / "repo")
    (WORK / "allowed_signers").write_text(signers)
    log = ["git", "-c", f"gpg.ssh.allowedSignersFile={WORK}/allowed_signers", "log", "--show-signature"]
    good = text(*log, "-n", "20", "packet/bench", cwd=large / "repo").count("Good \"git\" signature")
    if good != 20:
        sys.exit(f"git finds {good} of 20 signatures good")
    took = take_turns({"git": lambda: run(*log, "-n", str(SLICE), "packet/bench", cwd=large / "repo")}, 2)["git"]
    whole = took.least * ENTRIES / SLICE
    row(f"`verify`, {ENTRIES:,} signed entries", f"`git log --show-signature`, {SLICE} commits extrapolated", "≤ 1/50",
        f"{ours} : {whole:.1f} s ({took} for {SLICE})", ours.least / whole, 1 / 50)


def status(large, small):
    """A small packet is seldom packed, so beside `git status` its objects are loose."""
    fresh = make_history("fresh", 10, packed=False)
    times = take_turns({
        "large": packet_in(large, "status"),
        "small": packet_in(small, "status"),
        "fresh": packet_in(fresh, "status"),
        "git": lambda: run("git", "status", cwd=fresh / "repo"),
        "nothing": lambda: run(PACKET, "--version"),
    }, ROUNDS * 8)
    big, little, fresh, git = times["large"], times["small"], times["fresh"], times["git"]
    row(f"`status` at {ENTRIES:,} entries", "at 10 entries", "≤ 1.5×", f"{big} : {little}", big.least / little.least, 1.5)
    row("`status` of a small packet, whole process", "`git status` there", "≤ 3×", f"{fresh} : {git}", fresh.least / git.least, 3)
    print(f"  (`packet --version`: {times['nothing']})", flush=True)


def loose(place):
    found = text("git", "count-objects", "-v", cwd=place / "repo").split()
    names = [p for p in (place / "repo/.git/objects").glob("??/*")]
    return int(found[1]), sum(p.stat().st_size for p in names)


def objecting(large, small):
    turn = iter(range(1_000_000))

    def one(place):
        return packet_in(place, "object", "--kind", "other", "--about", "packet", "-m", f"measured {next(turn)}")

    grown = {}
    for name, place in {"large": large, "small": small}.items():
        before = loose(place)
        one(place)()
        grown[name] = tuple(b - a for a, b in zip(before, loose(place)))
    times = take_turns({"large": lambda: one(large)(), "small": lambda: one(small)()}, ROUNDS * 3)
    big, little = times["large"], times["small"]
    row(f"one `object` at {ENTRIES:,} entries", "at 10 entries", "≤ 1.5×", f"{big} : {little}", big.least / little.least, 1.5)
    (count, size), (few, little_size) = grown["large"], grown["small"]
    row("its new objects", "at 10 entries", "as many", f"{count} of {size:,} bytes : {few} of {little_size:,} bytes", count / few, 1)


def wanted(name):
    return not ONLY or name in ONLY


def main():
    (WORK / "home").mkdir(exist_ok=True)
    (WORK / "home/.gitconfig").write_text("[user]\n\tname = b\n\temail = b@b\n")
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    print(f"{model}, {os.cpu_count()} cores; Linux {platform.release()}; {text('git', '--version').strip()};"
          f" {text('b3sum', '--version').strip()}; {text('sha256sum', '--version').splitlines()[0]}")
    print(f"{ROUNDS} rounds, minima; load averages over 1, 5 and 15 minutes as each row ended\n")
    print("| what | beside | reach | measured | ratio | reached | load |\n|---|---|---|---|---|---|---|", flush=True)
    if any(map(wanted, ("verify", "git", "status", "object"))):
        large, small = make_history("large", ENTRIES), make_history("small", 10)
        ours = verification(large) if wanted("verify") or wanted("git") else None
        if wanted("git"):
            show_signature(large, ours)
        if wanted("status"):
            status(large, small)
        if wanted("object"):
            objecting(large, small)
    if wanted("fragment"):
        fragment()
    print("\n" + "| what | beside | reach | measured | ratio | reached | load |\n|---|---|---|---|---|---|---|")
    print("\n".join(ROWS))


main()
