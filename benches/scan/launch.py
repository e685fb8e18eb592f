"""Runs commands for measure.py from a small process of its own: the kernel counts the memory of the process that starts a
program as the program's, until that is larger. Reads one command a line in JSON, answers with one line of figures."""

import json
import os
import subprocess
import sys
import time

for line in sys.stdin:
    asked = json.loads(line)
    begun = time.monotonic()
    with open(asked["out"] or os.devnull, "wb") as stdout:
        child = subprocess.Popen(
            asked["command"], cwd=asked["cwd"], env=asked["env"], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
        )
        said = child.stderr.read(2000)
        child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    figures = {
        "seconds": time.monotonic() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "code": child.returncode,
        "said": said.decode(errors="replace"),
    }
    print(json.dumps(figures), flush=True)
