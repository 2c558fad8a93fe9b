"""Were the packages that a job ran with the pinned ones?"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from emovlm.core.errors import StudyError
from emovlm.provenance.records.surroundings import plain

REQUIREMENTS = "requirements.txt"


def mismatches(environment: dict[str, Any]) -> list[tuple[str, str]]:
    """Each pin, of the rule's environment file and in a virtual environment of ``requirements.txt``, that did not hold.

    Args:
        environment: of a record.

    Returns:
        The file of the pin, and a sentence.
    """
    files = [environment["file"]] + ([REQUIREMENTS] if environment["deployment"] == "venv" else [])
    live = {**environment["packages"], "python": environment["python"]}
    wrong = []
    for file in files:
        if not Path(file).is_file():
            wrong.append((file, f"its environment file {file} is gone"))
            continue
        for name, pinned in _pins(file, Path(file).stat().st_mtime_ns).items():
            if name == "pip":
                continue  # it installs the others; no job runs with it
            had = live.get(name, "none")
            if not (_release(had) == pinned or (name == "python" and had.startswith(f"{pinned}."))):
                wrong.append((file, f"it ran with {name} {had}, {file} pins {pinned}"))
    return wrong


def _release(version: str) -> str:
    """A version without the build it is of (``2.13.0+cpu``)."""
    return version.partition("+")[0]


@cache
def _pins(file: str, _changed: int) -> dict[str, str]:
    text = Path(file).read_text(encoding="utf-8")
    if file.endswith(".txt"):
        lines = text.splitlines()
    else:
        try:
            parts = yaml.safe_load(text)["dependencies"]
            lines = [line for part in parts for line in (part["pip"] if isinstance(part, dict) else [part])]
        except (yaml.YAMLError, KeyError, TypeError):
            raise StudyError(f"{file}: not an environment file with dependencies and pip") from None
    found = (re.match(r"\s*([\w.-]+)\s*==?\s*([\w.]+)", line) for line in lines)
    return {plain(match[1]): match[2] for match in found if match}
