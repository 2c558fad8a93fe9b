"""Workflow scripts, run on a job that a test describes."""

import io
import json
import os
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from emovlm.core.job import Job, run

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
    """Run a script in the project's folder; output is text. For ``parts`` see :func:`described`.

    It runs in this process, so that libraries are imported once; in one of its own where it has an environment of its
    own, which libraries read when they are imported.
    """
    command, description = [sys.executable, f"workflow/scripts/{script}.py"], described(script, **parts)
    if environment:
        return subprocess.run(
            command, input=description, cwd=ROOT, text=True, capture_output=True, check=False,
            env={**os.environ, "PYTHONPATH": "src", **environment},
        )  # fmt: skip
    out, error, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
        patch.chdir(ROOT)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(description.encode())))
        try:
            run(runpy.run_path(command[1])["main"])
        except SystemExit as exited:
            code = exited.code
    return subprocess.CompletedProcess(command, code, out.getvalue(), error.getvalue())
