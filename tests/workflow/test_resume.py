"""After Snakemake was killed, `emovlm resume` goes on: no job runs twice, none is trusted that nobody watched."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emovlm.core.errors import StudyError
from emovlm.provenance.records.record import record_path
from emovlm.provenance.resume import LOGS, cluster_jobs
from tests.project import RESULTS, Project, until

COUNTED, PLANNED = RESULTS / "lexicon/frequency.csv", RESULTS / "raw/synface/plan.parquet"


def listing(path: Path) -> Project:
    """A study whose word counts are all listed, so that nothing is fetched or counted before ``count_terms``."""
    project = Project(path)
    sources = path / "config/quick/sources.tsv"
    rows = sources.read_text().splitlines(keepends=True)
    sources.write_text("".join(row for row in rows if row.split("\t")[2] != "corpus"))
    return project


@pytest.fixture
def killed(tmp_path):
    """A study whose Snakemake was killed while two jobs ran: one finished alone, the other, a process, hangs."""
    project = listing(tmp_path / "emovlm")
    run = project.start(str(COUNTED), str(PLANNED), "--cores", "2")
    held = {script: project.hold(script) for script in ("count_terms", "plan_clips")}
    run.kill()
    run.wait()
    os.kill(held["count_terms"], signal.SIGCONT)
    until(record_path(project.path / RESULTS, "count_terms").is_file)
    yield project, held["plan_clips"]
    for process in project.scripts("plan_clips"):
        os.kill(process, signal.SIGKILL)


def test_what_a_killed_run_left_is_ended_and_made_again(killed):
    project, hanging = killed
    resumed = resume(project)
    assert resumed.returncode == 0, resumed.stdout
    assert "ending the killed run's jobs on this machine" in resumed.stdout and str(hanging) in resumed.stdout
    assert f"{COUNTED}: finished after Snakemake was killed; made again" in resumed.stdout
    assert f"{PLANNED}: finished" not in resumed.stdout
    assert not Path(f"/proc/{hanging}").exists()
    project.edit("config/lexicon.tsv", "anger\ten\tangering\tverb\t\tname\t\t\t\n", "")
    assert project.would_run(str(COUNTED), str(PLANNED)) == {"count_terms": 1}  # Snakemake knows how it was made
    again = resume(project)
    assert again.returncode == 0 and "made again" not in again.stdout


def test_a_running_snakemake_is_left_alone(tmp_path):
    project = listing(tmp_path / "emovlm")
    run = project.start(str(COUNTED), "--cores", "1")
    held = project.hold("count_terms")
    refused = resume(project)
    assert refused.returncode == 1 and f"Snakemake still runs in this folder (process {run.pid})" in refused.stdout
    os.kill(held, signal.SIGCONT)
    output, _ = run.communicate()
    assert run.returncode == 0, output


def test_a_silent_slurm_stops_only_studies_that_gave_it_jobs(tmp_path, monkeypatch):
    (tmp_path / "squeue").write_text("#!/bin/sh\necho 'squeue: fatal: no configuration' >&2; exit 1\n")
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    assert cluster_jobs() == []
    (tmp_path / LOGS).mkdir(parents=True)
    with pytest.raises(StudyError, match=r"squeue failed \(squeue: fatal: no configuration\)"):
        cluster_jobs()


def resume(project: Project) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emovlm.cli", "resume", "--", str(COUNTED), str(PLANNED), *project.options]
    return subprocess.run(
        command, cwd=project.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
