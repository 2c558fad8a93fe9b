"""What differs between a job as it ran and the same job now, in words."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emovlm.core.codehash import modules_of
from emovlm.core.job import Job, paths
from emovlm.provenance.records.record import Record

ABSENT = object()


def job_edits(then: Job, now: Job) -> list[str]:
    """What a job was told, and is now told otherwise: each value of its params by its key, its script and wildcards.

    Of files, only that the same ones come under other names or in another order.
    """
    edits = [*_differences(then.params, now.params)]
    edits += _differences(*({"script": job.script, "wildcards": job.wildcards} for job in (then, now)))
    found = [f"{key} was {_short(old)}, is {_short(new)}" for key, old, new in edits]
    for what, old, new in (("input", then.inputs, now.inputs), ("output", then.outputs, now.outputs)):
        moved = json.dumps(old) != json.dumps(new)  # the order of names counts, which == overlooks
        if moved and set(paths(old)) == set(paths(new)):
            found.append(f"its {what} files have other names or another order now")
    return found


def _differences(then: Any, now: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted({*then, *now}):
            inner = f"{key}.{name}" if key else name
            yield from _differences(then.get(name, ABSENT), now.get(name, ABSENT), inner)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (a, b) in enumerate(zip(then, now, strict=True)):
            yield from _differences(a, b, f"{key}[{i}]")
    elif type(then) is not type(now) or then != now:
        yield key, then, now


def code_edits(script: str, record: Record) -> str:
    """A sentence about edited code, naming the files where the repository can tell."""
    names = [script, *(str(Path("src", *m.split(".")).with_suffix(".py")) for m in modules_of(script))]
    git = record["git"]
    changed = ""
    if git and not git["dirty"] and shutil.which("git"):
        done = subprocess.run(
            ["git", "diff", "--name-only", git["commit"], "--", *names], capture_output=True, text=True, check=False
        )
        changed = ", ".join(done.stdout.split()) if done.returncode == 0 else ""
    if changed:
        return f"its code was edited since: {changed}"
    return f"the code of {script}, or of a module it imports, was edited since"


def _short(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
