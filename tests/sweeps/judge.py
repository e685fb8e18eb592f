"""What a repository and a vault hold, in a form in which two runs of one command are equal; and what is wrong with them.

Times, random tokens and hence object ids differ from run to run. What must not differ is *what there is*: which entries
follow one another, what is staged, where root, anchor, references and tags point, which files lie where.
"""

import re
import tomllib

from sandbox import NAME, SERVICE

OBJECT_FILE = re.compile(r"^repo/\.git/objects/[0-9a-f]{2}(/[0-9a-f]{38})?$")
# What docs/format.md allows to stay, with or without a kill; and the cache, which is made again whenever it is missed.
MAY_STAY = re.compile(r"^repo/\.git/packet/(\.lock$|\.next$|\.objects(/|$)|checkout/verified$)")
LEFT_ASIDE = re.compile(r"/\.new$|\.lock$|^vault/\.packet/(sanitized/)?\.incoming-")


def entries(sandbox):
    """The branch, oldest first: commit and what it did."""
    log = sandbox.git("log", "--first-parent", "--reverse", "--format=%H %s", f"refs/heads/packet/{NAME}", check=False)
    lines = [line.split(" ", 1) for line in log.stdout.splitlines()]
    return [(commit, re.sub(r"\b([op])-[0-9a-f]{12}", r"\1-…", subject)) for commit, subject in lines]


def own_file(sandbox, name):
    path = sandbox.repo / ".git/packet" / NAME / name
    return path.read_text() if path.exists() else None


def stages(sandbox):
    """What each actor has staged, without the random token. A torn file does not parse, and says so."""
    found = {}
    for path in sorted((sandbox.repo / ".git/packet" / NAME / "stage").glob("*/stage.toml")):
        text = path.read_text()
        tomllib.loads(text)
        found[path.parent.name] = re.sub(r'token = "[0-9a-f]{32}"', "token", text)
    return found


def references(sandbox):
    """Every reference, as the number of the entry that it names or leads to."""
    number = {commit: i for i, (commit, _) in enumerate(entries(sandbox))}
    lines = sandbox.git("for-each-ref", "--format=%(refname) %(objecttype) %(objectname) %(*objectname)").stdout
    found = {}
    for line in lines.splitlines():
        name, kind, target, peeled = line.split(" ")
        found[name] = (kind, number.get(peeled or target, peeled or target))
    return found


def sanitized(sandbox):
    """The stored sanitized bytes by name; other bytes under a name would be another value."""
    directory = sandbox.vault / ".packet/sanitized"
    return {p.name: p.read_bytes() for p in sorted(directory.glob("[0-9a-f]*"))} if directory.is_dir() else {}


def files(sandbox):
    """Where files and directories lie, other than objects."""
    names = (str(path.relative_to(sandbox.live)) for path in sandbox.live.rglob("*"))
    return {name for name in names if not OBJECT_FILE.match(name) and not MAY_STAY.match(name)}


class State:
    """All of it at one moment."""

    def __init__(self, sandbox):
        self.entries = entries(sandbox)
        numbers = {commit: i for i, (commit, _) in enumerate(self.entries)}
        anchor = (own_file(sandbox, "anchor") or "").split()
        key = sandbox.vault / ".packet/key"
        # A genesis that is pinned before its branch is there binds nobody: the same command pins anew.
        root = (own_file(sandbox, "root") or "").split() if self.entries else []
        self.parts = {
            "branch": [did for _, did in self.entries],
            "references": references(sandbox),
            "root": [numbers.get(c, "elsewhere") for c in root],
            "anchor": [numbers.get(c, "elsewhere") for c in anchor],
            "stage": stages(sandbox),
            "sanitized": sanitized(sandbox),
            "key": key.stat().st_size if key.exists() else None,
        }
        self.files = files(sandbox)

    def commits(self):
        return [commit for commit, _ in self.entries]

    def differs(self, other, *but):
        """The parts that are not equal."""
        return [name for name, part in self.parts.items() if name not in but and part != other.parts[name]]


def torn(now, old, new):
    """The parts that are neither old nor new. Entries that were there stay, the very same."""
    wrong = [n for n, part in now.parts.items() if part not in (old.parts[n], new.parts[n]) and n != "references"]
    for name in now.parts["references"].keys() | old.parts["references"].keys():
        found = now.parts["references"].get(name)
        if found not in (old.parts["references"].get(name), new.parts["references"].get(name)):
            wrong.append(name)
    kept = min(len(old.entries), len(new.entries))
    if now.commits()[:kept] != old.commits()[:kept]:
        wrong.append("entries that were there")
    return wrong


def git_finds(sandbox):
    """What stock git has to say against the repository; nothing when it is sound."""
    done = sandbox.git("fsck", "--strict", "--no-dangling", "--no-progress", check=False)
    noise = ("notice: ",)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith(noise)]
    return lines or ([f"exit {done.returncode}"] if done.returncode else [])


def cannot_read(sandbox):
    """What `packet status` has to say against a branch that is there and whose root is pinned."""
    if not entries(sandbox) or own_file(sandbox, "root") is None:
        return []
    done = sandbox.run(*sandbox.argv(SERVICE, ["status"]), check=False)
    return [] if done.returncode == 0 else [f"status: exit {done.returncode}: {done.stdout}"]


def history_fails(sandbox):
    """What `packet verify --history` has to say against the whole history."""
    done = sandbox.run(*sandbox.argv(SERVICE, ["verify", "--history"]), check=False)
    return [] if done.returncode == 0 else [f"verify --history: exit {done.returncode}: {done.stdout}"]


def left_behind(now, new):
    """Files that a run without a disturbance does not leave."""
    return sorted(now.files - new.files)


def strange(now, old, new):
    """Files right after a disturbance that are neither old nor new nor put aside under a name for that."""
    return sorted(n for n in now.files - old.files - new.files if not LEFT_ASIDE.search(n))
