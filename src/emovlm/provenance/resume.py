"""Continue after Snakemake was killed: end its jobs, and delete outputs that it has no metadata for."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from emovlm.core.errors import StudyError
from emovlm.core.files import UNFINISHED

PREFIX = "emovlm_"  # what SLURM jobs are called: slurm-jobname-prefix of profiles/slurm
LOGS = Path("results/slurm")  # what its jobs write: slurm-logdir of profiles/slurm
GRACE = 30  # seconds in which a job may end by itself once told to


def prepare(arguments: Sequence[str], console: Console) -> None:
    """Make the folder safe to run in again: no job of the killed run is left, nor a file that it finished alone.

    Snakemake does not adopt running jobs: started again at once, two of them write the same file. And a job that ended
    after the kill leaves its output without Snakemake's notes on how it was made, so that later changes would go
    unnoticed; such outputs are deleted. Answers of a model are in their stores and are not asked again.

    Args:
        arguments: those of Snakemake.

    Raises:
        StudyError: Snakemake still runs in this folder, or cannot plan the study.
    """
    if running := processes(is_snakemake):
        raise StudyError(f"Snakemake still runs in this folder (process {running[0]}); end it, or wait for it")
    _cancel_cluster_jobs(console)
    _end_local_jobs(console)
    if locks := list(Path(".snakemake/locks").glob("*.lock")):
        outputs = _outputs(arguments)
        for path in unwatched(outputs, min(lock.stat().st_mtime for lock in locks)):
            console.print(f"{path}: finished after Snakemake was killed; made again", soft_wrap=True)
            path.unlink()
        for path in unfinished(outputs):
            path.unlink()
    _snakemake([*arguments, "--unlock"])


def unwatched(outputs: Mapping[str, bool], started: float) -> list[Path]:
    """What jobs of the killed run finished after it was killed: outputs that Snakemake has no notes of.

    Args:
        outputs: from an output's path to whether Snakemake knows how it was made.
        started: when the killed run did, in s since the epoch.
    """
    unknown = [Path(path) for path, known in outputs.items() if not known]
    return [path for path in unknown if path.is_file() and path.stat().st_mtime >= started]


def unfinished(outputs: Iterable[str]) -> list[Path]:
    """What killed jobs had begun to write, in the folders of outputs and those beside them."""
    folders = {Path(*Path(path).parent.parts[:2]) for path in outputs}
    return sorted({path for folder in folders for path in folder.rglob(f".*{UNFINISHED}*") if path.is_file()})


def _outputs(arguments: Sequence[str]) -> dict[str, bool]:
    """The outputs of the study, and whether Snakemake has notes on how each was made."""
    rows = [line.split("\t") for line in _snakemake([*arguments, "--summary", "--nolock"]).splitlines()]
    # Every rule has a log: it is missing where Snakemake's notes are.
    return {row[0]: row[3] != "-" for row in rows if len(row) == 6 and row[0] != "output_file"}


def processes(chosen: Callable[[list[str]], bool], folder: str | Path = ".") -> list[int]:
    """Processes of this machine that run in a folder, chosen by the words of their command."""
    here, found = os.path.realpath(folder), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = re.split("[\0 ]", (entry / "cmdline").read_text(errors="replace"))  # titles have spaces
                if chosen(words) and os.readlink(entry / "cwd") == here:
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended, or is another user's
    return sorted(found)


def is_snakemake(words: list[str]) -> bool:
    """Is this Snakemake itself, and not the one inside a SLURM job, which has a ``--mode``?"""
    return "--mode" not in words and any(Path(word).name == "snakemake" for word in words[:4])


def is_job(words: list[str]) -> bool:
    """Is this the command of a rule, or the script in it?"""
    return words[1:3] == ["-m", "emovlm.provenance.records.job"] or any(
        w.startswith("workflow/scripts/") for w in words[1:2]
    )


def cluster_jobs() -> list[str]:
    """Numbers of the SLURM jobs that this study has queued or running; none where there is no SLURM.

    Raises:
        StudyError: SLURM does not answer, and has had jobs of this study.
    """
    if not shutil.which("squeue"):
        return []
    asked = ["squeue", "--me", "--noheader", "--format=%i\t%j\t%Z"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode and not LOGS.is_dir():
        return []  # installed, but not for this machine or not for this study
    if done.returncode:
        raise StudyError(f"squeue failed ({done.stderr.strip()}); try again when SLURM answers")
    jobs = [line.split("\t") for line in done.stdout.splitlines()]
    return [number for number, name, folder in jobs if name.startswith(PREFIX) and folder == os.getcwd()]


def _cancel_cluster_jobs(console: Console) -> None:
    if orphans := cluster_jobs():
        console.print(f"cancelling {len(orphans)} SLURM jobs of the killed run: {' '.join(orphans)}", soft_wrap=True)
        subprocess.run(["scancel", *orphans], check=False)
        with console.status("waiting for them to end"):
            while cluster_jobs():
                time.sleep(1)


def _end_local_jobs(console: Console) -> None:
    if orphans := processes(is_job):
        console.print(f"ending the killed run's jobs on this machine: processes {', '.join(map(str, orphans))}")
    for number in (signal.SIGTERM, signal.SIGKILL):
        for orphan in processes(is_job):
            os.kill(orphan, number)
            os.kill(orphan, signal.SIGCONT)  # one that was stopped would not end
        until = time.monotonic() + GRACE
        while processes(is_job) and time.monotonic() < until:
            time.sleep(0.2)


def _snakemake(arguments: Sequence[str]) -> str:
    done = subprocess.run([sys.executable, "-m", "snakemake", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StudyError(f"Snakemake cannot plan the study:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout
