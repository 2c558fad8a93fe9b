"""The study as it is now: its configuration, and every job that Snakemake would run for it."""

import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.config import Study, load_study, read_config
from emovlm.core.errors import StudyError
from emovlm.provenance.job import job_name, parser
from emovlm.provenance.record import FOLDER, Places, read_record

SHELL = "Shell command: python -m emovlm.provenance.job "


@dataclass(frozen=True)
class Job:
    """One job that the present study has; paths and command as its record would write them."""

    name: str
    code: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    command: tuple[str, ...]

    @property
    def rule(self) -> str:
        """The rule that the job is of."""
        return self.name.split("/")[0]

    @property
    def script(self) -> str:
        """The script that the job runs."""
        return self.command[1]


@dataclass(frozen=True)
class Plan:
    """The present study: its tables, its folder of results, and its jobs by name."""

    study: Study
    overrides: tuple[str, ...]
    results: str
    places: Places
    jobs: dict[str, Job]

    def makers(self) -> dict[str, Job]:
        """The job that makes each declared output."""
        return {path: job for job in self.jobs.values() for path in job.outputs}

    def upstream(self, targets: Iterable[str]) -> list[Job]:
        """The jobs that targets are made by, directly or through others, raw data first.

        Raises:
            StudyError: no job makes a target.
        """
        makers = self.makers()
        ordered: dict[str, Job] = {}

        def visit(job: Job) -> None:
            if job.name not in ordered:
                for path in job.inputs:
                    if path in makers:
                        visit(makers[path])
                ordered[job.name] = job

        for target in targets:
            if target not in makers:
                raise StudyError(
                    f"{target}: no job of the study makes this file; see {self.results}/ for those there are"
                )
            visit(makers[target])
        return list(ordered.values())


def latest_overrides(root: str | Path) -> tuple[str, ...]:
    """The files that overrode ``config.yaml`` in the last job that ran: those that the results are made with."""
    folder = Path(root, read_config(root)["pathvars"]["results"], FOLDER)
    records = sorted(folder.rglob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    try:
        return tuple(read_record(records[-1])["config"])
    except (IndexError, StudyError, KeyError):
        return ()


def read_plan(root: str | Path, overrides: Iterable[str] = ()) -> Plan:
    """Read the study in ``root`` and ask Snakemake which jobs it consists of; nothing is run.

    Args:
        overrides: files that override ``config.yaml``, in their order.

    Raises:
        StudyError: the configuration is not valid, or Snakemake cannot plan the study.
    """
    overrides = tuple(overrides)
    config = read_config(root, overrides)
    study = load_study(config)
    results, logs = config["pathvars"]["results"], config["pathvars"]["logs"]
    folders = {name: row["folder"].replace("<results>", results) for name, row in study.datasets.items()}
    places = Places(root, folders)
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/default", "--cores", "1", "--dry-run",
               "--forceall", "--printshellcmds", "--nolock"]  # fmt: skip
    if overrides:
        command += ["--configfile", *overrides]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise StudyError(f"Snakemake cannot plan the study:\n{done.stdout.strip()[-2000:]}")
    jobs = {}
    for line in done.stdout.splitlines():
        if line.strip().startswith(SHELL):
            given = parser().parse_args(shlex.split(line.strip().removeprefix(SHELL)))
            name = job_name(given.log, logs)
            inputs, outputs = (tuple(map(places.portable, paths)) for paths in (given.inputs, given.outputs))
            jobs[name] = Job(name, given.code, inputs, outputs, tuple(map(places.clean, given.command)))
    if not jobs:
        raise StudyError("Snakemake lists no job of the study; is this its folder?")
    return Plan(study, overrides, results, places, jobs)
