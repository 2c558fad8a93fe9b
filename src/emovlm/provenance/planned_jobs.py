"""The study as it is now: its configuration, and every job that Snakemake would run for it from nothing."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from emovlm.core.codehash import TRUST
from emovlm.core.errors import StudyError
from emovlm.core.job import Job, paths
from emovlm.provenance.audit.record_fields import what_is_wrong
from emovlm.provenance.records.record import Places, Record, read_record, record_paths
from emovlm.study.load import DEFAULT, check_config, load_study, read_config

if TYPE_CHECKING:
    from emovlm.study.study import Study

PLANNED = "@planned"  # stands behind the name of the folder of results while the study is planned


@dataclass(frozen=True)
class Plan:
    """The present study: its tables, its folder of results, its jobs by name, and the profile of its last job.

    ``overrides`` are the files of its configuration, none for ``config.yaml``. Jobs are described as their records
    would describe them; ``environments`` is the environment file of each rule.
    """

    study: "Study"
    overrides: tuple[str, ...]
    profile: str
    results: str
    places: Places
    jobs: dict[str, Job]
    environments: dict[str, str]

    @property
    def makers(self) -> dict[str, str]:
        """The job that makes each declared output."""
        return {path: name for name, job in self.jobs.items() for path in paths(job.outputs)}

    def upstream(self, targets: Iterable[str], also: Mapping[str, str]) -> list[Job]:
        """The jobs that targets are made by, directly or through others, raw data first.

        Args:
            also: jobs that make files which no rule declares (clips), by the records.

        Raises:
            StudyError: no job makes a target.
        """
        makers = {**also, **self.makers}
        ordered: dict[str, Job] = {}

        def visit(job: Job) -> None:
            if job.name not in ordered:
                for path in paths(job.inputs):
                    if path in makers:
                        visit(self.jobs[makers[path]])
                ordered[job.name] = job

        for target in targets:
            path = self.places.portable(target)
            if path not in makers:
                chosen = ", ".join(self.overrides or [DEFAULT])
                raise StudyError(f"{target}: no job of the study makes this file ({chosen}; choose with --configfile)")
            visit(self.jobs[makers[path]])
        return list(ordered.values())


def latest_overrides(root: str | Path) -> tuple[str, ...]:
    """The files of the configuration of the last job that ran below the results of ``config.yaml``; none for itself."""
    return _latest_run(Path(root, check_config(read_config(root)).pathvars.results))[0]


def _latest_run(results: str | Path) -> tuple[tuple[str, ...], str]:
    """The files of the configuration of the last job that ran, and the profile, as far as its record tells."""
    found = []
    for path in record_paths(results).values():
        try:
            record = read_record(path)
            if what_is_wrong(record):
                continue  # it may name any file as the configuration
            found.append((record["ended"], tuple(record["config"]), _profile(record)))
        except (StudyError, KeyError, TypeError):
            continue  # the audit says so
    return max(found, default=("", (), "profiles/default"))[1:]


def _profile(record: Record) -> str:
    if record["machine"]["slurm_job"]:
        return "profiles/slurm"
    return "profiles/conda" if record["environment"]["deployment"] == "conda" else "profiles/default"


def read_plan(root: str | Path, overrides: Iterable[str] = (), trust: bool = True) -> Plan:
    """Read the study in ``root`` and ask Snakemake which jobs it consists of; nothing is run.

    Snakemake is told of a folder of results that does not exist: what is there must not change the answer. A job whose
    source is gone, for example, would be left out if its output was still there.

    Args:
        overrides: files of the configuration, later ones over earlier ones; ``config.yaml`` if there are none.
        trust: take what is remembered of code that was read before; if not, all of it is parsed.

    Raises:
        StudyError: the configuration is not valid, or Snakemake cannot plan the study.
    """
    overrides = tuple(overrides)
    values = read_config(root, overrides)
    paths = {name: os.path.normpath(path) for name, path in check_config(values).pathvars.told().items()}
    results = paths["results"]
    if results.startswith(("..", "/")):
        raise StudyError(
            f"config, key pathvars.results: {results} is outside the study; the audit cannot follow it there"
        )
    with tempfile.TemporaryDirectory() as folder:
        moved = {
            n: results + PLANNED + p.removeprefix(results) if _in(p, results) else p + PLANNED for n, p in paths.items()
        }
        last = Path(folder, "planned.yaml")
        last.write_text(yaml.safe_dump({"pathvars": moved}), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default", "--dry-run",
             "--forceall", "--quiet", "rules", "--nolock", "--configfile", *(overrides or [DEFAULT]), str(last)],
            cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "EMOVLM_PLAN": folder, **({} if trust else {TRUST: "off"})},
        ) as snakemake:  # fmt: skip
            try:
                study, profile = load_study(values), _latest_run(Path(root, results))[1]  # while Snakemake plans
                said = snakemake.communicate()[0].replace(PLANNED, "")
            except BaseException:
                snakemake.kill()
                raise
        if snakemake.returncode:
            raise StudyError(f"Snakemake cannot plan the study:\n{said.strip()[-2000:]}")
        shared, *described = _read(folder, "study.json", "jobs.jsonl")
    folders = {name: dataset.folder.replace("<results>", results) for name, dataset in study.datasets.items()}
    shared = json.loads(shared)
    places = Places(root, folders | shared["models"])
    jobs = {job.name: job for job in (places.portable_job(Job.from_json(line)) for line in described)}
    if not jobs:
        raise StudyError("Snakemake lists no job; run the command in the folder of the study")
    return Plan(study, overrides, profile, results, places, jobs, shared["environments"])


def _read(folder: str, *names: str) -> list[str]:
    """The lines of files that the dry run has written, under the names that results have when they are there."""
    files = (Path(folder, name) for name in names)
    return [
        line.replace(PLANNED, "")
        for file in files if file.is_file()
        for line in file.read_text(encoding="utf-8").split("\n") if line
    ]  # fmt: skip


def _in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
