"""Measures `packet scan` and `packet regions`: what is found of what was planted, what is reported that is none, how fast
beside the stock programs, in how much memory; benches/scan.sh prepares the directory it works in.

Times are ratios of commands that take turns; of each the minimum of all rounds counts, the median stands beside it. Memory
is the peak resident set that the kernel reports for the process.
"""

import collections
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import hostile
import mixture
from score import Findings, PLAIN, Recall, group, percent, read_lines

WORK = Path(sys.argv[1])
PACKET, TAXONOMY = str(WORK / "bin/packet"), Path(sys.argv[2])
SIZE_MIB = int(os.environ.get("SIZE_MIB", "256"))
LARGE_MIB = int(os.environ.get("LARGE_MIB", "2048"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SEED = os.environ.get("SEED", "1")
ONLY = set(filter(None, os.environ.get("ONLY", "").split(",")))
MISSES = os.environ.get("MISSES")
ENV = {"PATH": os.environ["PATH"], "HOME": str(WORK)}
REACH = {
    "ascii": 0.995,
    "utf-16le": 0.995,
    "utf-16be": 0.995,
    "base64": 0.99,
    "base64url": 0.99,
    "gzip": 0.99,
    "zlib": 0.99,
    "nested": 0.99,
}


LAUNCHER = subprocess.Popen(
    [sys.executable, Path(__file__).with_name("launch.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)


class Ran:
    """One run of a command: seconds, CPU seconds, peak MiB, exit code."""

    def __init__(self, *command, out=None, well=(0,)):
        asked = {"command": command, "out": out and str(out), "cwd": str(WORK), "env": ENV}
        LAUNCHER.stdin.write(json.dumps(asked) + "\n")
        LAUNCHER.stdin.flush()
        self.__dict__.update(json.loads(LAUNCHER.stdout.readline()))
        if self.code not in well:
            sys.exit(f"{' '.join(map(str, command))}: exit {self.code}: {self.said}")


def scan(file, out=None):
    return Ran(PACKET, "--json", "scan", str(file), out=out, well=(0, 1, 3))


def found_in(file):
    """The answer of a scan, and the run."""
    ran = scan(file, WORK / "answer.json")
    return json.loads((WORK / "answer.json").read_bytes()), ran


def take_turns(commands):
    """Runs every command once in every round, after one round that does not count."""
    runs = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            ran = command()
            if turn:
                runs[name].append(ran)
    return runs


def least(runs):
    return min(r.seconds for r in runs)


def shown(runs):
    return f"{least(runs):.3g} s (median {statistics.median(r.seconds for r in runs):.3g}, CPU {min(r.cpu for r in runs):.3g})"


def row(what, reach, measured, reached):
    print(f"| {what} | {reach} | {measured} | {'–' if reached is None else 'yes' if reached else '**no**'} |", flush=True)


def head():
    print("\n| what | reach | measured | reached |\n|---|---|---|---|", flush=True)


def recall():
    mixture.main(WORK, SIZE_MIB, SEED)
    answer, ran = found_in(WORK / "mixture")
    findings = Findings(answer["findings"])
    judged = Recall(read_lines(WORK / "truth.jsonl"), findings)
    print(f"{len(findings.all)} findings, exit {ran.code}, read {answer['read']}, warnings {answer.get('warnings')}\n")
    print("\n".join(judged.table()))
    head()
    for name in dict.fromkeys(group(e["encoding"]) for e, _ in judged.judged):
        part, whole = judged.share(lambda e: group(e["encoding"]) == name)
        row(
            f"recall, {name}",
            f"≥ {REACH[name]}" if name in REACH else "–",
            f"{part / whole:.4f} ({whole - part} of {whole} missed)",
            part / whole >= REACH[name] if name in REACH else None,
        )
    for what, keep in {
        "UTF-16 at odd offsets": lambda e: e["parity"] == 1,
        "across page borders": lambda e: e["across"] and e["encoding"] in PLAIN,
        **{f"ASCII in {k}": lambda e, k=k: e["in"] == k and e["encoding"] == "ascii" for k in dict.fromkeys(mixture.KINDS)},
    }.items():
        part, whole = judged.share(keep)
        row(f"recall, {what}", "–", f"{part / whole:.4f} ({whole - part} of {whole} missed)", None)
    turned = sum(v == "other order" for _, v in judged.judged)
    row("UTF-16 found, and named with the other byte order", "–", str(turned), None)
    lookalikes(findings)
    if MISSES:
        write_misses(judged, findings)
    return judged


def lookalikes(findings):
    planted = read_lines(WORK / "lookalikes.jsonl")
    reported = [e for e in planted if any(True for _ in findings.touching(e["offset"], e["length"]))]
    row(
        "look-alikes reported",
        "≤ 2 %",
        f"{percent(len(reported), len(planted))} % ({len(reported)} of {len(planted)})",
        len(reported) <= 0.02 * len(planted),
    )
    kinds = {}
    for entry in reported:
        for found in findings.touching(entry["offset"], entry["length"]):
            key = (entry["shape"], found["class"])
            kinds[key] = kinds.get(key, 0) + 1
    for (kind, name), count in sorted(kinds.items(), key=lambda k: -k[1])[:12]:
        print(f"  ({kind}: {count} as {name})")


def write_misses(judged, findings):
    """For those who work on the patterns: what was missed most, with an example. All of it is invented."""
    data = (WORK / "mixture").read_bytes()

    def text(entry):
        encoding, at = entry["encoding"], entry["offset"]
        if encoding not in PLAIN:
            return encoding
        unit = 1 if encoding == "ascii" else 2
        shown = data[max(0, at - 40 * unit) : at + min(entry["length"], 90 * unit) + 20 * unit]
        return repr(shown.decode("latin-1" if unit == 1 else encoding, errors="replace"))[1:-1].replace("|", "¦")

    lines = [f"# Missed in {SIZE_MIB} MiB, seed {SEED}, {time.strftime('%H:%M')}", "", *judged.table()]
    parts = {"ASCII: what patterns miss": lambda e: e["encoding"] == "ascii", "Everything else": lambda e: e["encoding"] != "ascii"}
    for title, keep in parts.items():
        lines += ["", f"## {title}", "", "| class | shape | missed | of | encodings | instead | example |", "|---" * 7 + "|"]
        for name, shape, count, whole, encodings, instead, example in list(judged.reasons(keep))[:50]:
            lines.append(f"| {name} | {shape} | {count} | {whole} | {dict(encodings)} | {dict(instead)} | `{text(example)}` |")
    lines += ["", "## Look-alikes that were reported", ""]
    for entry in read_lines(WORK / "lookalikes.jsonl"):
        for found in findings.touching(entry["offset"], entry["length"]):
            lines.append(f"- {entry['shape']} as {found['class']} ({found['confidence']}): `{text(entry)}`")
    Path(MISSES).write_text("\n".join(lines[:300]) + "\n")


def random_bytes():
    with open("/dev/urandom", "rb") as source, open(WORK / "random", "wb") as out:
        for _ in range(max(100, SIZE_MIB)):
            out.write(source.read(1 << 20))
    answer, ran = found_in(WORK / "random")
    found = len(answer["findings"])
    per = found * 100 / max(100, SIZE_MIB)
    row(
        f"findings in {max(100, SIZE_MIB)} MiB of random bytes",
        "≤ 1 per 100 MiB",
        f"{found}, {per:.2f} per 100 MiB; {ran.seconds:.2f} s; {sorted({(f['class'], f['encoding']) for f in answer['findings']})[:6]}",
        per <= 1,
    )
    (WORK / "random").unlink()


def real():
    """What the machine's own files hold: no truth is known, but a class with thousands of findings per MiB is not one."""
    sources = {"libraries": (["/usr/lib"], [".so"]), "documents": (["/usr/share/doc", "/usr/share/perl", "/usr/lib/python3"], [])}
    for name, (roots, suffixes) in sources.items():
        raw = mixture.files(roots, suffixes, min(SIZE_MIB, 96) << 20)
        (WORK / "real").write_bytes(raw)
        answer, ran = found_in(WORK / "real")
        mib = len(raw) / (1 << 20)
        counts = collections.Counter((f["class"], f["confidence"]) for f in answer["findings"])
        most = ", ".join(f"{c} {sure} {n / mib:.2f}" for (c, sure), n in counts.most_common(9))
        row(
            f"findings in {mib:.0f} MiB of this machine's {name}",
            "–",
            f"{len(answer['findings']) / mib:.1f} per MiB, {ran.seconds:.2f} s: {most}",
            None,
        )
    (WORK / "real").unlink()


def speed():
    file = WORK / "mixture"
    if not file.exists():
        mixture.main(WORK, SIZE_MIB, SEED)
    commands = {"packet": lambda: scan(file), "b3sum": lambda: Ran("b3sum", "--num-threads", "2", str(file))}
    if shutil.which("rg"):
        patterns = [
            p["regex"] if "regex" in p else p.get("pattern", "")
            for c in tomllib.loads(TAXONOMY.read_text())["class"]
            for p in c.get("pattern", [])
        ]
        (WORK / "patterns").write_text("\n".join(p.replace("\n", "") for p in patterns if p) + "\n")
        commands["rg"] = lambda: Ran("rg", "-a", "--no-unicode", "--count-matches", "--no-config", "-f", "patterns", str(file), well=(0, 1))
    runs = take_turns(commands)
    ours, b3 = runs["packet"], runs["b3sum"]
    rate = SIZE_MIB / least(ours)
    row(
        f"time, {SIZE_MIB} MiB mixture, cached, beside `b3sum` on two threads",
        "≤ 4×",
        f"{shown(ours)}, {rate:.0f} MiB/s : {shown(b3)}, {least(ours) / least(b3):.3g}×",
        least(ours) <= 4 * least(b3),
    )
    if "rg" in runs:
        row(
            "beside `rg -a` with the same patterns",
            "< 1×",
            f"{shown(runs['rg'])}, {least(ours) / least(runs['rg']):.3g}×",
            least(ours) < least(runs["rg"]),
        )
    row(f"peak memory at {SIZE_MIB} MiB", "≤ 64 MiB", f"{max(r.peak_mib for r in ours):.1f} MiB", max(r.peak_mib for r in ours) <= 64)


def large():
    """The mixture again and again, then a hole."""
    whole = WORK / "large"
    mix = (WORK / "mixture").read_bytes()
    with open(whole, "wb") as out:
        for _ in range(max(1, LARGE_MIB // 2 // SIZE_MIB)):
            out.write(mix)
        out.truncate(LARGE_MIB << 20)
    del mix
    ran = scan(whole)
    row(
        f"peak memory at {LARGE_MIB} MiB, half of it zero",
        "≤ 64 MiB",
        f"{ran.peak_mib:.1f} MiB; {ran.seconds:.2f} s, exit {ran.code}",
        ran.peak_mib <= 64,
    )
    whole.unlink()


def worst():
    sizes = (8, 32) if SIZE_MIB >= 128 else (2, 8)
    for what, make in hostile.WORST.items():
        rates, codes, peaks, times = [], [], [], []
        for mib in sizes:
            (WORK / "worst").write_bytes(make(mib << 20))
            ran = min((scan(WORK / "worst") for _ in range(2)), key=lambda r: r.seconds)
            rates.append(mib * 1.048576 / ran.seconds)
            times.append(ran.seconds)
            codes.append(ran.code)
            peaks.append(ran.peak_mib)
        growth = times[1] / times[0] / (sizes[1] / sizes[0])
        row(
            f"worst: {what}, {sizes[0]} and {sizes[1]} MiB",
            "≥ 20 MB/s, linear",
            f"{rates[0]:.0f} and {rates[1]:.0f} MB/s; time grows {growth:.2f}× the size; exit {codes}; {max(peaks):.0f} MiB",
            min(rates) >= 20 and growth <= 1.3,
        )
    (WORK / "worst").unlink()


def regions():
    hostile.core(WORK / "core", LARGE_MIB << 20)
    ran = min(
        (Ran(PACKET, "--json", "regions", str(WORK / "core"), out=WORK / "answer.json", well=(0, 1, 3)) for _ in range(ROUNDS)),
        key=lambda r: r.seconds,
    )
    answer = json.loads((WORK / "answer.json").read_bytes())
    row(
        f"`regions` of a {LARGE_MIB} MiB core, 20,000 segments",
        "≤ 1 s, ≤ 128 MiB",
        f"{ran.seconds:.3f} s, {ran.peak_mib:.1f} MiB, exit {ran.code}, {len(answer.get('regions') or [])} regions",
        ran.seconds <= 1 and ran.peak_mib <= 128,
    )
    (WORK / "core").unlink()


def main():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    tools = [
        subprocess.run([t, "--version"], capture_output=True, text=True).stdout.splitlines()[0] for t in ("b3sum", "rg") if shutil.which(t)
    ]
    print(
        f"{model}, {os.cpu_count()} cores; Linux {platform.release()}; {'; '.join(tools)}; {ROUNDS} rounds, minima; load {os.getloadavg()[0]:.1f}"
    )
    parts = {"recall": recall, "random": random_bytes, "real": real, "speed": speed, "large": large, "worst": worst, "regions": regions}
    for name, part in parts.items():
        if not ONLY or name in ONLY:
            if name != "recall":
                head() if name == next(iter(ONLY or parts)) else None
            part()


main()
