"""What a job tells its record beyond its declared inputs and outputs.

Rendered clips, for example, are no outputs of a rule (Snakemake would delete them all when one fails), yet the record
should say what was in them. Outside a recorded job these functions do nothing.
"""

import json
import os
from pathlib import Path

NOTES = "EMOVLM_NOTES"
"""Environment variable that names the file for the notes: one JSON object a line."""


def read(path: str | Path) -> None:
    """This job reads, now, a file that is not among its declared inputs; the file may be missing."""
    _note(read=os.fspath(path), state=state(path))


def wrote(path: str | Path) -> None:
    """This job has written a file that is not among its declared outputs."""
    _note(wrote=os.fspath(path))


def fetched(name: str, pin: str) -> None:
    """This job has fetched something from outside the study.

    Args:
        name: what, for example ``pypi:anny==0.6.2`` or ``hub:organisation/model``.
        pin: what fixes its content: ``sha256:<64 hex digits>`` or ``commit:<40 hex digits>``.
    """
    _note(fetched=name, pin=pin)


def state(path: str | Path) -> list[int] | None:
    """Size, both times and inode of a file, which change when the file does; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _note(**note: object) -> None:
    file = os.environ.get(NOTES)
    if file:
        with open(file, "a", encoding="utf-8") as handle:
            handle.write(json.dumps(note) + "\n")
