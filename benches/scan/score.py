"""Compares what `packet scan` found with what was planted."""

import bisect
import collections
import json

# A value may rightly be called by another name: a session cookie is a cookie and a token, a cloud's key in the
# environment is a secret there. Each is counted as found, and apart as found under its own name.
ALSO = {
    "session-token": {"cookie", "api-key", "jwt", "bearer-token"},
    "cookie": {"session-token"},
    "cloud-key": {"api-key", "env-secret"},
    "api-key": {"cloud-key", "env-secret"},
    "env-secret": {"api-key", "cloud-key", "session-token"},
    "ipv6": {"ipv4"},
    "account-id": {"cloud-key", "customer-id"},
    "customer-id": {"account-id"},
    "national-id": {"ssn"},
    "ssn": {"national-id"},
    "device-id": {"uuid"},
    "uuid": {"device-id"},
}
RIGHT = ("found", "other", "other order")
PLAIN = ("ascii", "utf-16le", "utf-16be")


def path(encoding):
    """One spelling of a decode path: without the last `ascii`, URL-safe base64 as base64."""
    layers = encoding.lower().replace("base64-url", "base64").replace("base64url", "base64").replace("raw-deflate", "deflate").split(">")
    return tuple(layers[:-1] if len(layers) > 1 and layers[-1] in ("ascii", "utf-8") else layers)


def right_class(planted, found):
    return (
        found == planted
        or planted == "national-id"
        and (found.startswith("national-id") or found.endswith("-id") and found not in ("customer-id", "account-id"))
    )


class Findings:
    """What was found, by offset."""

    def __init__(self, findings):
        self.all = sorted(findings, key=lambda f: f["offset"])
        self.offsets = [f["offset"] for f in self.all]
        self.longest = max((f["length"] for f in self.all), default=0)

    def touching(self, offset, length):
        first = bisect.bisect_left(self.offsets, offset - self.longest)
        for found in self.all[first : bisect.bisect_left(self.offsets, offset + length)]:
            if found["offset"] + found["length"] > offset:
                yield found


def overlap(a, b):
    return min(a["offset"] + a["length"], b["offset"] + b["length"]) - max(a["offset"], b["offset"])


def verdict(planted, findings):
    """`found`, `other` (under another right name), or why it counts as missed."""
    best, want = "missed", path(planted["encoding"])
    for found in findings.touching(planted["offset"], planted["length"]):
        own, other = right_class(planted["class"], found["class"]), found["class"] in ALSO.get(planted["class"], ())
        if planted["encoding"] in PLAIN and overlap(planted, found) * 2 < min(planted["length"], 2 * found["length"]):
            continue
        if own and path(found["encoding"]) == want:
            return "found"
        if own and {path(found["encoding"]), want} == {("utf-16le",), ("utf-16be",)}:
            # The same text but for its first or last byte: found all the same, and counted apart.
            return "other order"
        if own or other:
            best = "other" if other and path(found["encoding"]) == want else best if best == "other" else "decoded otherwise"
        elif best == "missed":
            best = "as " + found["class"]
    return best


def group(encoding):
    return encoding if encoding in PLAIN else "nested" if ">" in encoding else encoding


class Recall:
    """Every planted identifier with what became of it."""

    def __init__(self, truth, findings):
        self.judged = [(entry, verdict(entry, findings)) for entry in truth]

    def share(self, keep=lambda entry: True, own=False):
        right = ("found", "other order") if own else RIGHT
        verdicts = [v for entry, v in self.judged if keep(entry)]
        return (sum(v in right for v in verdicts), len(verdicts))

    def missed(self):
        return [(entry, v) for entry, v in self.judged if v not in RIGHT]

    def table(self):
        """Rows are classes, columns encodings."""
        encodings = list(dict.fromkeys(group(e["encoding"]) for e, _ in self.judged))
        yield "| class | " + " | ".join(encodings) + " | all | own name |"
        yield "|---" * (len(encodings) + 3) + "|"
        for name in [*dict.fromkeys(e["class"] for e, _ in self.judged), None]:
            of_class = lambda e, name=name: name is None or e["class"] == name
            cells = [percent(*self.share(lambda e, g=g: of_class(e) and group(e["encoding"]) == g)) for g in encodings]
            yield (
                f"| {name or '**all**'} | "
                + " | ".join(cells)
                + f" | {percent(*self.share(of_class))} | {percent(*self.share(of_class, own=True))} |"
            )

    def reasons(self, keep=lambda entry: True):
        """Misses by class and shape, the most frequent first, with the encodings they were missed in."""
        missed = [(e, v) for e, v in self.missed() if keep(e)]
        counted = collections.Counter((e["class"], e["shape"]) for e, _ in missed)
        planted = collections.Counter((e["class"], e["shape"]) for e, _ in self.judged if keep(e))
        for (name, shape), count in counted.most_common():
            same = [(e, v) for e, v in missed if (e["class"], e["shape"]) == (name, shape)]
            yield (
                name,
                shape,
                count,
                planted[name, shape],
                collections.Counter(group(e["encoding"]) for e, _ in same),
                collections.Counter(v for _, v in same),
                same[0][0],
            )


def percent(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "–"


def read_lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]
