"""What differs between a job as it ran and the same job now, in words."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emovlm.core.codehash import modules_of
from emovlm.provenance.records.record import Record, json_arguments

ABSENT = object()


def command_edits(then: Sequence[str], now: Sequence[str]) -> list[str]:
    """Each difference of two commands: values of JSON arguments by their key, else arguments as a whole."""
    if list(then) == list(now):
        return []
    if len(then) != len(now):
        gone, new = [a for a in then if a not in now], [a for a in now if a not in then]
        return [f"it ran with other arguments: {_short(gone)} then, {_short(new)} now"]
    edits = []
    for i, (old, new) in enumerate(zip(then, now, strict=True)):
        if old != new:
            option = then[i - 1] if i else "the command"
            a, b = (dict(json_arguments((option, each))).get(option, each) for each in (old, new))
            found = list(_differences(a, b)) or [("", old, new)]
            edits += [f"{key or option} was {_short(x)}, is {_short(y)}" for key, x, y in found]
    return edits


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
