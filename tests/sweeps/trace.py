"""System calls: which ones a command makes that change something, and how to disturb one of them.

strace counts `when=N` per system call *and per thread*, so that a point is one system call and one instance of it. With
`--seccomp-bpf` a signal comes after the call instead of before it; so it is not used.
"""

import re
import subprocess
from dataclasses import dataclass

OPENS = ["open", "openat", "openat2", "creat"]
WRITES = ["write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "ftruncate", "truncate",
          "fallocate"]
NAMES = ["rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "mkdir",
         "mkdirat", "rmdir"]
SYNCS = ["fsync", "fdatasync", "syncfs", "sync", "sync_file_range", "msync"]
MODES = ["chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "fchownat", "lchown", "utimensat", "utime",
         "utimes", "futimesat", "flock"]
CHANGING = OPENS + WRITES + NAMES + SYNCS + MODES
WRITING_OPEN = re.compile(r"O_CREAT|O_TRUNC|O_WRONLY|O_RDWR|O_TMPFILE")
LINE = re.compile(r"^(\d+)\s+(\w+)\((.*)$")


@dataclass(frozen=True)
class Point:
    """One instance of one system call of a command."""

    call: str
    when: int
    arguments: str

    def path(self):
        """The first path among its arguments."""
        found = re.search(r'"([^"]*)"', self.arguments)
        return found.group(1) if found else ""

    def __str__(self):
        return f"{self.call} {self.when} ({self.arguments})"


def run(sandbox, options, argv, timeout=60):
    """Runs under strace; gives what `subprocess.run` gives."""
    command = ["strace", "-f", "-qq", *options, *argv]
    return subprocess.run(
        command, cwd=sandbox.repo, env=sandbox.environment(), capture_output=True, text=True, timeout=timeout,
        errors="replace",
    )


def census(sandbox, argv, calls):
    """Runs the command once, undisturbed; gives its exit code and every instance of these calls, in order.

    Two threads that make the same call have the same instance numbers, and strace disturbs whichever comes first: such
    an instance is given once.
    """
    log = sandbox.top / "census"
    done = run(sandbox, ["-s", "300", "-o", str(log), "-e", f"trace={','.join('?' + c for c in calls)}"], argv)
    counts, points = {}, {}
    for line in log.read_text(errors="replace").splitlines():
        found = LINE.match(line)
        if not found:
            continue
        thread, call, arguments = found.groups()
        when = counts[thread, call] = counts.get((thread, call), 0) + 1
        points.setdefault((call, when), Point(call, when, arguments))
    return done, list(points.values())


def changes_something(point):
    """Whether a call changes files: an `open` only when it is for writing."""
    return point.call not in OPENS or bool(WRITING_OPEN.search(point.arguments))


def kill_at(sandbox, point, argv):
    """Kills the process just before this call. True when it was killed."""
    inject = f"inject={point.call}:signal=KILL:when={point.when}"
    done = run(sandbox, ["-o", "/dev/null", "-e", f"trace={point.call}", "-e", inject], argv)
    return done.returncode in (-9, 137)


def fail_reading(sandbox, point, error, argv):
    """Makes every call of this name fail that is about the same path."""
    log = sandbox.top / "failed"
    inject = f"inject={point.call}:error={error}"
    options = ["-o", str(log), "-P", point.path(), "-e", f"trace={point.call}", "-e", inject]
    done = run(sandbox, options, argv)
    return done, "(INJECTED)" in log.read_text(errors="replace")


def fail_at(sandbox, point, error, argv, for_good=False):
    """Makes this call fail with an error; all later ones of the same name too, when it is for good."""
    when = f"{point.when}+" if for_good else str(point.when)
    inject = f"inject={point.call}:error={error}:when={when}"
    log = sandbox.top / "failed"
    done = run(sandbox, ["-o", str(log), "-e", f"trace={point.call}", "-e", inject], argv)
    return done, "(INJECTED)" in log.read_text(errors="replace")
