"""What the benchmarks share: what a job of the workflow takes, and the one shape in which all write their figures.

A file of figures is JSON::

    {"benchmark": name, "commit": short hash, "date": year-month-day, "gpu": name of the card or null,
     "machine": {"processor", "cores", "memory_gib"}, "versions": {package: version},
     "rows": [{"what", "study", "study_range", "instead", "instead_range", "instead_name", "unit", "ratio", "runs",
               "limit": {"words", "value"} or null, "also": more of the row in words or null}],
     "notes": [sentences]}

``study`` and ``instead`` are medians over ``runs`` runs, with their ranges beside them. ``ratio`` says how many times
better the study is: above 1 it is better, below 1 it is worse. ``limit`` is the best that could be reached, in the unit
of the row. ``python -m benchmarks.page`` makes docs/reference/benchmarks.md of these files.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from textwrap import fill
from typing import Any

from emovlm.core.files import write_json
from emovlm.provenance.records.surroundings import machine

ROOT = Path(__file__).resolve().parents[1]
MIB, GIB = 2**20, 2**30
# Runs a script and then says the most memory that its process had, in kB. The kernel's figure for a finished child
# would count the memory of the process that started it as well. The kernel keeps no peak of memory that is no copy of a
# file, so it is looked at fifty times a second.
WRAPPER = """import re, runpy, sys, threading
def told(name):
    with open("/proc/self/status") as status:
        return int(re.search(name + r":\\s+(\\d+)", status.read())[1])
def watch():
    global own
    while not done.wait(0.02):
        own = max(own, told("RssAnon"))
script, out = sys.argv[1:]
sys.argv, own, done = [script], 0, threading.Event()
threading.Thread(target=watch, daemon=True).start()
runpy.run_path(script, run_name="__main__")
done.set()
with open(out, "w") as file:
    print(told("VmHWM"), max(own, told("RssAnon")), file=file)
"""


def wrapped(markdown: str) -> str:
    """Markdown with its lines wrapped at 100 characters; tables stay as they are."""
    return "\n".join(
        line if line.startswith("|") else fill(line, 100, subsequent_indent="  " if line.startswith("- ") else "",
                                               break_long_words=False, break_on_hyphens=False)
        for line in markdown.split("\n")
    )  # fmt: skip


@dataclass(frozen=True)
class Used:
    """What a job took: ``cpu_s`` with its child processes, in s; peaks of its own process in bytes.

    ``memory`` counts the pages of files that it has mapped, which the kernel takes back when others need memory;
    ``without_files`` leaves them out.
    """

    cpu_s: float
    memory: int
    without_files: int


def run_measured(script: str, **parts: Any) -> Used:
    """Run a script of the workflow as its rule does; what it took. For ``parts`` see ``tests/scripts.py``."""
    from tests.scripts import described  # here, since it imports pytest, and other benchmarks measure their own process

    with tempfile.TemporaryFile("w+") as job, tempfile.NamedTemporaryFile("r") as told:
        job.write(described(script, **parts))
        job.seek(0)
        command = [sys.executable, "-c", WRAPPER, f"workflow/scripts/{script}.py", told.name]
        process = subprocess.Popen(command, cwd=ROOT, stdin=job, env={**os.environ, "PYTHONPATH": "src"})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            sys.exit(f"{script} failed")
        return Used(used.ru_utime + used.ru_stime, *(1024 * int(kb) for kb in told.read().split()))


def arguments(about: str | None, rounds: int | None = 5) -> argparse.ArgumentParser:
    """The command line that all benchmarks have; ``rounds``: how often each is measured, none if it is not repeated."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds, help=f"runs of each way ({rounds}); medians are told")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser


class Figures:
    """The figures of one benchmark, gathered row by row."""

    def __init__(self, benchmark: str, packages: Sequence[str] = (), gpu: str | None = None) -> None:
        """``packages``: those whose versions matter; ``gpu``: the card that was used, if one was."""
        self._head = {"benchmark": benchmark, "gpu": gpu}
        self._packages, self._rows, self._notes = packages, [], []

    def row(
        self,
        what: str,
        study: float | Sequence[float],
        unit: str,
        instead: float | Sequence[float] | None = None,
        instead_name: str | None = None,
        limit: tuple[str, float | None] | None = None,
        also: str | None = None,
        runs: int | None = None,
    ) -> dict[str, Any]:
        """Add a row, and return it.

        Args:
            what: what is done.
            study: what the study's way takes, in each run.
            unit: of all figures of the row. More is better if it ends in ``/s``, else less.
            instead: what one would use instead takes, in each run.
            instead_name: what that is.
            limit: the best that could be reached, in words, and the figure if it is known.
            also: more that is known of the row, in words.
            runs: of how many runs the figures are medians, if they are that already.
        """
        ours, theirs = _runs(study), None if instead is None else _runs(instead)
        mine, other = statistics.median(ours), None if theirs is None else statistics.median(theirs)
        better, worse = (mine, other) if unit.endswith("/s") else (other, mine)
        self._rows.append({
            "what": what, "study": _rounded(mine), "study_range": _range(ours), "instead": _rounded(other),
            "instead_range": _range(theirs), "instead_name": instead_name, "unit": unit, "runs": runs or len(ours),
            "ratio": _rounded(better / worse) if better is not None and worse else None,
            "limit": limit and {"words": limit[0], "value": _rounded(limit[1])}, "also": also,
        })  # fmt: skip
        return self._rows[-1]

    def note(self, sentence: str) -> None:
        """Add a sentence that stands below the table."""
        self._notes.append(sentence)

    def write(self, path: Path | None) -> None:
        """Write the file, if one is asked for."""
        if path:
            write_json(path, {**self._head, **surroundings(self._packages), "rows": self._rows, "notes": self._notes})


def surroundings(packages: Sequence[str]) -> dict[str, Any]:
    """Commit, date, machine and versions."""
    here = machine()
    return {
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": here["processor"], "cores": here["cores"], "memory_gib": round(here["memory_bytes"] / GIB),
        },
        "versions": {"python": python_version(), **{name: found for name in packages if (found := _version(name))}},
    }  # fmt: skip


def _commit() -> str:
    """The short hash, and whether code differs from it; figures and the page made of them are no code."""
    changed = _git("status", "--porcelain", "--", "*.py", "*.smk", "config", "config.yaml", "Snakefile")
    return f"{_git('rev-parse', '--short=7', 'HEAD')}{' with edits' if changed else ''}"


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _runs(values: float | Sequence[float]) -> list[float]:
    return [float(value) for value in (values if isinstance(values, Sequence) else [values])]


def _range(values: list[float] | None) -> list[float] | None:
    return [_rounded(min(values)), _rounded(max(values))] if values and len(values) > 1 else None


def _rounded(value: float | None) -> float | None:
    """Four digits: no figure here is known to more."""
    return None if value is None else float(f"{value:.4g}")
