"""What goes wrong on a cluster, done to the quick study while it runs; its tables must be those of an undisturbed run.

Each test takes the same study a step further.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.cluster.conftest import SLURM, Cluster, settled
from tests.project import RESULTS, until

from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import read_plan

ANSWERED = "answers/store/freq-fps5.1.0.jsonl"
CLIPS = 22
MINUTE = "  count_terms: {runtime: 1 * attempt}\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, environments) -> Cluster:
    cluster = Cluster(tmp_path_factory.mktemp("disturbed") / "emovlm")
    cluster.run("--conda-create-envs-only")  # minutes the first time, which no test below is to wait for
    return cluster


def let_answer(process: int, store: Path) -> bytes:
    """Let a held process go on until it has answered some clips but not all; what is in its store then."""
    while not store.exists() or store.read_bytes().count(b"\n") < 3:
        os.kill(process, signal.SIGCONT)
        time.sleep(0.1)
        os.kill(process, signal.SIGSTOP)
    kept = store.read_bytes()
    assert kept.count(b"\n") < CLIPS
    return kept


def finish(process: subprocess.Popen) -> None:
    """Snakemake must end well."""
    output, _ = process.communicate(timeout=1200)
    assert process.returncode == 0, output[-4000:]


def test_a_job_over_its_time_is_retried_with_more(cluster):
    cluster.edit(
        "profiles/slurm/config.yaml", "set-resources:\n", "set-resources:\n  count_terms: {runtime: 1 * attempt}\n"
    )
    run = cluster.start(str(RESULTS / "lexicon/frequency.csv"))
    cluster.hold("count_terms")
    finish(run)
    settled(cluster)
    first, second = cluster.jobs_of("count_terms")
    assert (first.state, first.minutes) == ("TIMEOUT", 1)
    assert (second.state, second.minutes) == ("COMPLETED", 2)


def test_a_job_over_its_memory_is_retried_with_more(cluster):
    cluster.edit("profiles/slurm/config.yaml", "train_tower: {mem_mb: 4000", "train_tower: {mem_mb: 300")
    cluster.run(str(RESULTS / "models/tower/1/model.safetensors"))
    settled(cluster)
    *before, last = cluster.jobs_of("train_tower")
    assert before and {job.state for job in before} <= {"FAILED", "OUT_OF_MEMORY"}
    assert last.state == "COMPLETED"
    assert [job.memory for job in (*before, last)] == [300 * n for n in range(1, len(before) + 2)]


def test_outages_of_the_accounting_database_and_the_controller_lose_nothing(cluster):
    before = set(cluster.jobs())
    run = cluster.start(
        *(str(RESULTS / f"models/organism-{variant}/1/model.safetensors") for variant in ("frequency", "uniform"))
    )
    until(lambda: cluster.scripts("write_captions"))
    subprocess.run([SLURM, "stop_daemon", "slurmdbd"], check=True)
    until(lambda: cluster.scripts("pretrain_organism"))
    subprocess.run([SLURM, "stop_daemon", "slurmctld"], check=True)
    time.sleep(20)
    subprocess.run([SLURM, "start_controller"], check=True)
    time.sleep(40)
    subprocess.run([SLURM, "start_accounting"], check=True)
    finish(run)
    new = {number: job for number, job in settled(cluster).items() if number not in before}
    assert {job.state for job in new.values()} == {"COMPLETED"}
    assert len(cluster.jobs_of("pretrain_organism")) == 2


def test_a_cancelled_shard_goes_on_where_it_was(cluster):
    run = cluster.start(str(RESULTS / "answers/freq-fps5/1/0.parquet"))
    store = cluster.path / RESULTS / ANSWERED
    held = cluster.hold("answer_clips")
    kept = let_answer(held, store)
    (number,) = running(cluster)
    subprocess.run(["scancel", number], check=True)
    until(lambda: not Path(f"/proc/{held}").exists(), 60)
    finish(run)
    settled(cluster)
    first, second = cluster.jobs_of("answer_clips")
    assert (first.number, first.state, second.state) == (number, "CANCELLED", "COMPLETED")
    assert store.read_bytes().startswith(kept)
    assert computed(store) == CLIPS


def test_a_killed_snakemake_is_resumed(cluster, undisturbed):
    run = cluster.start()
    store = cluster.path / RESULTS / "answers/store/unif-fps5.1.0.jsonl"
    held = cluster.hold("answer_clips", "unif-fps5/1/0", seconds=600)
    kept = let_answer(held, store)
    run.send_signal(signal.SIGKILL)
    run.wait()
    running_then = running(cluster)
    assert len(running_then) > 1
    done = {number for number, job in cluster.jobs().items() if job.state == "COMPLETED"}
    until(lambda: {n for n, j in cluster.jobs().items() if j.state == "COMPLETED"} - done, 120)  # one ends, unwatched
    resumed = subprocess.run(
        ["make", "resume", "PROFILE=profiles/slurm", "CONFIG=config/quick.yaml"],
        cwd=cluster.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stdout[-4000:]
    assert "cancelling" in resumed.stdout and "finished after Snakemake was killed; made again" in resumed.stdout
    jobs = settled(cluster)
    assert {jobs[number].state for number in running_then} == {"CANCELLED", "COMPLETED"}
    assert store.read_bytes().startswith(kept)
    assert computed(store) == CLIPS
    assert cluster.tables() == undisturbed.tables


def test_nothing_was_computed_twice_and_the_audit_agrees(cluster, monkeypatch):
    stores = sorted((cluster.path / RESULTS / "answers/store").glob("*.jsonl"))
    assert {computed(store) for store in stores} == {CLIPS}
    monkeypatch.chdir(cluster.path)
    assert audit(read_plan(".", cluster.configs)).findings == []


def running(cluster: Cluster) -> list[str]:
    """Numbers of the study's jobs that run now."""
    command = ["squeue", "--noheader", "--states=running", "--format=%i\t%Z"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [number for number, folder in (line.split("\t") for line in lines) if folder == str(cluster.path)]


def computed(store: Path) -> int:
    """How many answers of a store were computed, each once."""
    keys = [json.loads(line)["key"] for line in store.read_text().splitlines()]
    assert len(set(keys)) == len(keys)
    return len(keys)
