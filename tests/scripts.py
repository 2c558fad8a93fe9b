"""Workflow scripts, run on a job that a test describes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from emovlm.core.job import Job

ROOT = Path(__file__).resolve().parents[1]


def described(script: str, **parts: Any) -> str:
    """The description of a job of a script as JSON; paths may be ``Path`` objects.

    Args:
        parts: ``inputs``, ``outputs``, ``params`` and ``wildcards``, each none if it is not given.
    """
    given = {part: parts.pop(part, {}) for part in ("wildcards", "inputs", "outputs", "params")}
    assert not parts, f"no parts of a job: {parts}"
    job = Job(rule=script, script=f"workflow/scripts/{script}.py", code="0123456789abcdef", **given)
    return json.dumps(job.as_dict(), default=str)


def run_script(script: str, environment: dict[str, str] | None = None, **parts: Any) -> subprocess.CompletedProcess:
    """Run a script in the project's folder; output is text. For ``parts`` see :func:`described`."""
    return subprocess.run(
        [sys.executable, f"workflow/scripts/{script}.py"], input=described(script, **parts), cwd=ROOT, text=True,
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": "src", **(environment or {})},
    )  # fmt: skip
