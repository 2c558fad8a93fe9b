"""What a workflow script takes on a given job."""

import os
import subprocess
import sys
import tempfile
from resource import struct_rusage
from typing import Any

from tests.scripts import ROOT, described


def run_measured(script: str, **parts: Any) -> struct_rusage:
    """Run a script of the workflow as its rule does; what its process took. For ``parts`` see ``tests/scripts.py``."""
    with tempfile.TemporaryFile("w+") as job:
        job.write(described(script, **parts))
        job.seek(0)
        command = [sys.executable, f"workflow/scripts/{script}.py"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=job, env={**os.environ, "PYTHONPATH": "src"})
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{script} failed")
    return used
