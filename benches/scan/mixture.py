"""Makes the data that the scanner is measured on: a mixture of random bytes, zeros, libraries, text and UTF-16 text, with
invented identifiers and look-alikes planted in it, and the list of what lies where.

    mixture.py DIR MIB [SEED]      DIR/mixture, DIR/truth.jsonl, DIR/lookalikes.jsonl

The same seed on the same machine gives the same bytes; libraries and documents are those of the machine.
"""

import base64
import gzip
import json
import random
import sys
import zlib
from pathlib import Path

from lookalikes import MAKERS
from machines import CLASSES

CELL = 4096
BLOCK = 256 << 10
KINDS = ["random", "random", "random", "zero", "library", "library", "library", "text", "text", "text", "utf-16le", "utf-16be"]


def deflate(raw):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush()


def url_safe(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


# Decode path, outermost first: what packs the text. Of the nested ones, the inner packer is applied first.
PACKED = {
    "base64": base64.b64encode,
    "base64url": url_safe,
    "gzip": lambda raw: gzip.compress(raw, mtime=0),
    "zlib": zlib.compress,
    "deflate": deflate,
    "base64>gzip": lambda raw: base64.b64encode(gzip.compress(raw, mtime=0)),
    "base64url>zlib": lambda raw: url_safe(zlib.compress(raw)),
    "gzip>base64": lambda raw: gzip.compress(base64.b64encode(raw), mtime=0),
    "base64>base64": lambda raw: base64.b64encode(base64.b64encode(raw)),
    "zlib>gzip": lambda raw: zlib.compress(gzip.compress(raw, mtime=0)),
    "base64>utf-16le": lambda raw: base64.b64encode(raw.decode("latin-1").encode("utf-16le")),
}
WIDE = [("utf-16le", 0), ("utf-16le", 1), ("utf-16be", 0), ("utf-16be", 1)]


def files(roots, suffixes, most):
    """Real bytes of this machine, in the order of their names."""
    taken, size = [], 0
    for root in roots:
        for path in sorted(Path(root).rglob("*")):
            if size >= most:
                break
            if path.is_file() and not path.is_symlink() and (not suffixes or any(s in path.name for s in suffixes)):
                raw = path.read_bytes()[: 4 << 20]
                taken.append(gzip.decompress(raw) if path.suffix == ".gz" and raw[:2] == b"\x1f\x8b" and len(raw) < 4 << 20 else raw)
                size += len(taken[-1])
    return b"".join(taken)


def log_lines(r, size):
    """What servers write, without identifiers."""
    words = "cache queue order retry timeout worker commit index session shard batch page flush lock stream".split()
    lines, total = [], 0
    while total < size:
        a, b = r.choice(words), r.choice(words)
        lines.append(
            r.choice(
                [
                    f"2026-11-25T22:{r.randint(10, 59)}:{r.randint(10, 59)}Z {r.choice(['INFO', 'WARN', 'DEBUG'])} {a}.{b}: {r.randint(1, 9999)} items in {r.randint(1, 900)} ms\n",
                    f'{{"level":"info","{a}":{r.randint(1, 10**6)},"{b}":{r.random():.4f},"ok":true}}\n',
                    f"UPDATE {a} SET {b} = {r.randint(1, 99)} WHERE state = 'open';\n",
                    f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {r.randint(2, 9999)}\r\n\r\n",
                    f"#{r.randint(0, 40)} 0x{r.getrandbits(44):016x} in {a}_{b}() at {a}.c:{r.randint(1, 2000)}\n",
                ]
            )
        )
        total += len(lines[-1])
    return "".join(lines).encode()


class Ground:
    """The bytes that identifiers are planted in."""

    def __init__(self, r, mib):
        self.r, self.kinds, parts = r, [], []
        library = files(["/usr/lib"], [".so"], 96 << 20)
        text = files(["/usr/share/doc", "/usr/share/perl", "/usr/lib/python3"], [], 24 << 20) + log_lines(r, 8 << 20)
        wide_text = text.decode("latin-1")
        for _ in range((mib << 20) // BLOCK):
            kind = r.choice(KINDS)
            self.kinds.append(kind)
            parts.append(self.block(kind, library, text, wide_text))
        self.bytes = bytearray(b"".join(parts))
        self.free = list(range(1, len(self.bytes) // CELL - 1))
        r.shuffle(self.free)
        self.taken = bytearray(len(self.bytes) // CELL)

    def block(self, kind, library, text, wide_text):
        if kind == "zero":
            return bytes(BLOCK)
        if kind == "random":
            return self.r.randbytes(BLOCK)
        source = library if kind == "library" else text
        at = self.r.randrange(len(source) - BLOCK)
        if kind in ("library", "text"):
            return source[at : at + BLOCK]
        odd = self.r.randrange(2)
        return (bytes(odd) + wide_text[at : at + BLOCK // 2].encode(kind))[:BLOCK]

    def cells(self, count):
        """So many free cells in a row; the number of the first."""
        while self.free:
            first = self.free.pop()
            run = range(first, first + count)
            if run.stop < len(self.taken) and not any(self.taken[c] for c in run):
                for c in run:
                    self.taken[c] = 1
                return first
        sys.exit("the mixture is full: plant less, or make it larger")

    def place(self, length, parity=None):
        """Where something of this length goes: in a cell of its own, or across the border of two, of pages and chunks."""
        across = self.r.random() < 0.05
        first = self.cells(2 if across or length > CELL // 2 else 1)
        if across:
            at = (first + 1) * CELL - self.r.randint(1, length - 1)
        else:
            at = first * CELL + self.r.randrange(8, CELL // 4)
        kind = self.kinds[at // BLOCK]
        if kind == "text" and not across:
            line = self.bytes.find(b"\n", at, at + CELL // 4)
            at = line + 1 if line >= 0 else at
        if parity is not None and at % 2 != parity:
            at += 1
        return at, kind, across

    def put(self, at, raw):
        self.bytes[at : at + len(raw)] = raw


def plant_plain(ground, made, class_name):
    shape, before, value, after = made
    encoded = [part.encode("utf-8") for part in ("\n" + before, value, after)]
    return put(ground, encoded, class_name, shape, "ascii", None)


def plant_wide(ground, made, class_name, encoding, parity):
    shape, before, value, after = made
    encoded = [part.encode(encoding) for part in ("\n" + before, value, after + "\0")]
    return put(ground, encoded, class_name, shape, encoding, parity)


def put(ground, encoded, class_name, shape, encoding, parity):
    before, value, after = encoded
    at, kind, across = ground.place(sum(map(len, encoded)), parity)
    ground.put(at, b"".join(encoded))
    return {
        "class": class_name,
        "shape": shape,
        "encoding": encoding,
        "offset": at + len(before),
        "length": len(value),
        "in": kind,
        "across": across,
        "parity": None if parity is None else (at % 2),
    }


def plant_packed(ground, made, class_name, path):
    """In a document of some hundred bytes, packed; nothing else in it is an identifier."""
    shape, before, value, after = made
    rest = log_lines(ground.r, ground.r.randint(1, 700)).decode()
    cut = rest.find("\n", len(rest) // 2) + 1
    packed = PACKED[path](f"{rest[:cut]}\n{before}{value}{after}\n{rest[cut:]}".encode())
    at, kind, across = ground.place(len(packed) + 2)
    border = ground.r.choice([b'""', b"\0\0", b"\n\n", b"<>", b"::"]) if path.startswith("base64") else ground.r.choice([b"\0\0", b"\n\n"])
    ground.put(at, border[:1] + packed + border[1:])
    return {
        "class": class_name,
        "shape": shape,
        "encoding": path,
        "offset": at + 1,
        "length": len(packed),
        "in": kind,
        "across": across,
        "parity": None,
    }


def plant_all(ground, each):
    truth = []
    for class_name, make in CLASSES.items():
        for _ in range(each * 4):
            truth.append(plant_plain(ground, make(ground.r), class_name))
        for encoding, parity in WIDE:
            truth += [plant_wide(ground, make(ground.r), class_name, encoding, parity) for _ in range(each)]
        for path in PACKED:
            truth += [plant_packed(ground, make(ground.r), class_name, path) for _ in range(each)]
    return truth


def plant_lookalikes(ground, each):
    planted = []
    for make in MAKERS:
        for n in range(each * 4):
            made = make(ground.r)
            wide = n % 8 == 0
            planted.append(plant_wide(ground, made, "", "utf-16le", n // 8 % 2) if wide else plant_plain(ground, made, ""))
    return planted


def main(directory, mib, seed="1"):
    r = random.Random(int(seed))
    directory, ground = Path(directory), Ground(r, int(mib))
    each = max(4, int(mib) // 4)
    lists = {"truth": plant_all(ground, each), "lookalikes": plant_lookalikes(ground, each // 2)}
    (directory / "mixture").write_bytes(ground.bytes)
    for name, entries in lists.items():
        (directory / f"{name}.jsonl").write_text("".join(json.dumps(e) + "\n" for e in entries))
    print(f"{mib} MiB: {len(lists['truth'])} identifiers, {len(lists['lookalikes'])} look-alikes, seed {seed}")


if __name__ == "__main__":
    main(*sys.argv[1:])
