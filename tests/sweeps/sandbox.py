"""A place of its own for a sweep: a repository, a vault, people with keys, a charter, and the built `packet`.

The paths never change while a sweep runs, because the charter names the vault by its path: a state is kept as a copy
beside it and put back before each trial. Sweeps over kills and errors live on a tmpfs, where a sync costs nothing; that
a sync does what it promises is `power.py`'s business.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKET = os.environ.get("PACKET", str(ROOT / "target/release/packet"))

OWNER, PRIVACY, RELIABILITY, FORENSICS = "release-owner", "privacy-lead", "reliability", "forensics-lead"
AGENT, SERVICE = "triage-agent", "ci-service"
ACTORS = [OWNER, PRIVACY, RELIABILITY, FORENSICS, AGENT, SERVICE]
ROLES = {
    OWNER: ("human", ["governance"]),
    PRIVACY: ("human", ["privacy-lead", "contributor", "governance"]),
    RELIABILITY: ("human", ["reliability", "contributor", "custodian"]),
    FORENSICS: ("human", ["forensics", "contributor"]),
    AGENT: ("agent", ["contributor"]),
    SERVICE: ("service", []),
}
NAME = "checkout"


class Failed(Exception):
    """Something the sweep itself rests on did not work."""


def fast_directory():
    """Where syncs cost nothing, if there is such a place."""
    shm = Path("/dev/shm")
    return str(shm) if os.access(shm, os.W_OK) else None


class Sandbox:
    """One repository and what belongs to it, below one directory that it removes when it is done."""

    def __init__(self, directory=None, here=None):
        self.top = Path(tempfile.mkdtemp(prefix="packet-sweep-", dir=directory or fast_directory()))
        # `here` puts what a trial changes elsewhere: on a loop-mounted image, on a tmpfs that is full.
        self.live = Path(here) if here else self.top / "live"
        self.saved = self.top / "saved"
        self.keys = self.top / "keys"
        for path in (self.live, self.saved, self.keys):
            path.mkdir(exist_ok=True)
        self.repo, self.vault, self.inputs = self.live / "repo", self.live / "vault", self.live / "in"
        # What a state has that commands need to be told: the genesis, objections, the bound commit.
        self.words = {}
        self.kept_words = {}
        for actor in ACTORS:
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", actor, "-f", str(self.keys / actor))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def environment(self):
        """HOME and PATH and nothing else that a person's machine might set."""
        home, tmp = self.live / "home", self.live / "tmp"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(tmp),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PACKET_LOCK_WAIT": "20",
        }

    def run(self, *command, check=True, timeout=120):
        """Runs a program in the repository, if there is one."""
        cwd = self.repo if self.repo.is_dir() else self.top
        done = subprocess.run(
            command, cwd=cwd, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, errors="replace",
        )
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr or done.stdout}")
        return done

    def git(self, *arguments, check=True):
        return self.run("git", "-C", str(self.repo), *arguments, check=check)

    def argv(self, actor, arguments):
        """The command line of `packet`, as an actor types it."""
        words = [str(a).format(**self.words) for a in arguments]
        return [PACKET, "--json", "--key", str(self.keys / actor), *words]

    def packet(self, actor, *arguments, expect=0):
        """Runs `packet` as an actor; gives its JSON answer."""
        done = self.run(*self.argv(actor, arguments), check=False)
        if expect is not None and done.returncode != expect:
            raise Failed(f"{arguments}: exit {done.returncode}, not {expect}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def begin(self):
        """An empty repository, a vault with two dumps, and the files that commands are given."""
        for path in (self.repo, self.vault, self.inputs, self.live / "home", self.live / "tmp"):
            path.mkdir()
        self.run("git", "init", "-q", "--template=", "-b", "main", str(self.repo))
        for name, masked in (("a.dmp", slice(600, 632)), ("b.dmp", slice(100, 116))):
            raw = bytearray((i * 7) % 251 for i in range(4096))
            # Something to find, masked in the copy: what draft and scan do, they do here too.
            raw[200:240] = b"  write to first.user@mail.example.test  "[:40]
            (self.vault / name).write_bytes(raw)
            raw[masked] = b"X" * (masked.stop - masked.start)
            raw[200:240] = bytes(40)
            (self.inputs / f"{name}.masked").write_bytes(raw)
        (self.inputs / "notes.txt").write_text("invented notes\n")
        (self.inputs / "checkout.sym").write_bytes(b"invented")
        (self.inputs / "summary.md").write_text("What the sanitized dumps still show.\n")
        charter = self.charter()
        (self.inputs / "charter.toml").write_text(charter)
        # One amendment that its author may make alone, and one that needs somebody beside the release owner.
        (self.inputs / "retitled.toml").write_text(charter.replace("recurring crash", "one crash"))
        (self.inputs / "audience.toml").write_text(charter.replace('["intake-reviewer"]', '["another-reviewer"]'))
        self.words = {"inputs": self.inputs}

    def charter(self):
        """The usual charter of the tests, with this sandbox's keys and vault."""
        head = (ROOT / "tests/it/charter-head.toml").read_text()
        parts = [head.replace("min_fragment = 64\n", f'min_fragment = 64\ndisposers = ["{PRIVACY}"]\n')]
        for actor, (kind, roles) in ROLES.items():
            key = " ".join((self.keys / f"{actor}.pub").read_text().split()[:2])
            operator = "" if kind == "human" else f'operator = "{FORENSICS}"\n'
            parts.append(
                f'\n[[actor]]\nid = "{actor}"\nkind = "{kind}"\n{operator}roles = {json.dumps(roles)}\nkeys = ["{key}"]\n'
            )
        parts.append(f'\n[[source]]\nname = "vault"\nkind = "evidence"\nurl = "{self.vault.as_uri()}"\n')
        return "".join(parts)

    def save(self, name):
        """Keeps the state as it is now."""
        self.run("cp", "-a", str(self.live), str(self.saved / name))
        self.kept_words[name] = dict(self.words)

    def restore(self, name):
        """Puts a kept state back."""
        for path in self.live.iterdir():
            shutil.rmtree(path)
        self.run("cp", "-a", f"{self.saved / name}/.", str(self.live))
        self.words = dict(self.kept_words[name])

    def has(self, name):
        return name in self.kept_words
