"""Inputs that are made to be slow, and a large core dump."""

import base64
import gzip
import random
import struct
import zlib


def filled(pattern, size):
    return (pattern * (size // len(pattern) + 1))[:size]


def nested(size):
    """Archives within archives within base64, one after the other."""
    inner = gzip.compress(bytes(1 << 20), mtime=0)
    for pack in (zlib.compress, base64.b64encode, lambda raw: gzip.compress(raw, mtime=0), base64.b64encode):
        inner = pack(inner)
    return filled(inner + b"\n", size)


def random_digits(size):
    r = random.Random(3)
    return "".join(r.choices("0123456789", k=size)).encode()


def base64_text(size):
    return base64.b64encode(random.Random(4).randbytes(size))[:size]


def in_lines(text):
    return b"\n".join(text[at : at + 76] for at in range(0, len(text), 76))


WORST = {
    "`eyJaaaaa-` repeated": lambda n: filled(b"eyJaaaaa-", n),
    "`eyJ.` repeated": lambda n: filled(b"eyJ.", n),
    "dense `a@b.co`": lambda n: filled(b"a@b.co ", n),
    "`a@b.co` without blanks": lambda n: filled(b"a@b.co", n),
    "`a@a@a@`": lambda n: filled(b"a@", n),
    "one digit": lambda n: filled(b"4", n),
    "random digits": random_digits,
    "dense card numbers": lambda n: filled(b"4111111111111111 ", n),
    "dense phone numbers": lambda n: filled(b"+1-202-555-0143,", n),
    "dense addresses `1.1.1.1`": lambda n: filled(b"1.1.1.1 ", n),
    "`1.` repeated": lambda n: filled(b"1.", n),
    "`a:` repeated": lambda n: filled(b"a:", n),
    "dense UUIDs": lambda n: filled(b"123e4567-e89b-42d3-a456-426614174000 ", n),
    "one letter": lambda n: filled(b"a", n),
    "dense UTF-16 addresses": lambda n: filled("a@b.co ".encode("utf-16le"), n),
    "random base64": base64_text,
    "random base64, in lines": lambda n: in_lines(base64_text(n))[:n],
    "`http://a?b=` repeated": lambda n: filled(b"http://a?b=", n),
    "`password=` repeated": lambda n: filled(b"password=", n),
    "`Cookie: a=b; `": lambda n: filled(b"Cookie: a=b; ", n),
    "nested archives": nested,
    "archives of zeros": lambda n: filled(gzip.compress(bytes(8 << 20), mtime=0), n),
    "small archives": lambda n: filled(gzip.compress(b"a@b.co", mtime=0), n),
    "gzip heads": lambda n: filled(b"\x1f\x8b\x08\0\0\0\0\0\0\x03", n),
    "zlib heads": lambda n: filled(b"\x78\x9c", n),
    "zlib heads, stored blocks": lambda n: filled(b"\x78\x9c\0\xff\xff\0\0", n),
    "deflate of text, end to end": lambda n: filled(zlib.compress(b"the quick brown fox" * 99)[2:-4], n),
    "letters and zeros": lambda n: filled(b"a\0", n),
    "zeros": lambda n: bytes(n),
    "random": lambda n: random.Random(5).randbytes(n),
}


def note(kind, payload):
    return struct.pack("<III", 5, len(payload), kind) + b"CORE\0\0\0\0" + payload + bytes(-len(payload) % 4)


def core(file, size, segments=20_000, threads=64):
    """A sparse ELF core of so many segments: every tenth elided, modules by name, registers of every thread."""
    notes = b"".join(note(1, bytes(32) + struct.pack("<i", 1000 + t) + bytes(300)) + note(2, bytes(512)) for t in range(threads))
    base, step = 0x7F0000000000, size // segments // 4096 * 4096
    mapped = [(base + 2 * step * n, base + 2 * step * n + step, 0) for n in range(0, segments, 20)]
    names = b"".join(f"/usr/lib/libinvented-{n}.so\0".encode() for n in range(len(mapped)))
    notes += note(0x46494C45, struct.pack("<QQ", len(mapped), 4096) + b"".join(struct.pack("<QQQ", *m) for m in mapped) + names)
    heads = 64 + 56 * (segments + 1)
    at = (heads + len(notes) + 4095) // 4096 * 4096
    table = [struct.pack("<IIQQQQQQ", 4, 0, heads, 0, 0, len(notes), 0, 1)]
    for n in range(segments):
        stored = 0 if n % 10 == 9 else step
        table.append(struct.pack("<IIQQQQQQ", 1, 4 + n % 3, at, base + 2 * step * n, 0, stored, step, 4096))
        at += stored
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    with open(file, "wb") as out:
        out.write(ident + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, segments + 1, 0, 0, 0) + b"".join(table) + notes)
        out.truncate(max(at, size))
