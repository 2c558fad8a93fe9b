"""A disk that is full or read-only, a clock that was set back, two runs in one folder: a message, nothing corrupt."""

import errno
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emovlm.core.answer_store import AnswerStore
from emovlm.core.errors import machine_fault
from emovlm.core.files import write_text
from tests.clips.ffmpeg import plain
from tests.project import RESULTS, Project

CLASSES = ("anger", "happiness")


def on_disk(folder: Path, size: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell while ``folder`` is a disk of its own of this size; what was on it is lost after."""
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    mounted = f"mount -t tmpfs -o size={size} tmpfs {shlex.quote(str(folder))} && {command}"
    return subprocess.run([*namespace, "sh", "-c", mounted], text=True, capture_output=True, check=False)


@pytest.fixture
def decoding(tmp_path: Path):
    """The job that decodes two clips to a folder; its command."""
    import pandas as pd

    from emovlm.core.contracts.data import MANIFEST
    from emovlm.core.io import write_table

    (tmp_path / "raw").mkdir()
    names = [plain(tmp_path / f"raw/{label}.mp4").stem for label in CLASSES]
    rows = [{"clip_id": f"d/{name}", "path": f"{name}.mp4", "label": name, "split": "test", "fold": 0,
             "identity": name} for name in names]  # fmt: skip
    write_table(pd.DataFrame(rows), tmp_path / "manifest.parquet", MANIFEST)
    out = tmp_path / "out"
    out.mkdir()
    job = {
        "rule": "decode_frames", "script": "decode_frames.py", "code": "", "wildcards": {"dataset": "d", "shard": "0"},
        "inputs": {"manifest": str(tmp_path / "manifest.parquet")},
        "outputs": {"store": str(out / "0.safetensors"), "clips": str(out / "0.clips.parquet"),
                    "frames": str(out / "0.frames.parquet")},
        "params": {"folder": str(tmp_path / "raw"), "n_shards": 1, "size": 224, "timeout_s": 60, "memory_gb": 2},
    }  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    script = Path(__file__).resolve().parents[2] / "workflow/scripts/decode_frames.py"
    return out, f"{sys.executable} {script} < {tmp_path / 'job.json'}; echo code $?; ls -A {out}"


def test_on_a_full_disk_a_job_says_so_leaves_nothing_and_succeeds_once_there_is_room(decoding):
    out, command = decoding
    done = on_disk(out, "1m", f"{command}; mount -o remount,size=100m {out}; echo again; {command}")
    full, again = done.stdout.split("again")
    assert full.split() == ["code", "1"], done.stdout + done.stderr
    assert "the disk is full; free some space, and run it again" in done.stderr and "Traceback" not in done.stderr
    assert again.split() == ["code", "0", "0.clips.parquet", "0.frames.parquet", "0.safetensors"]


def test_on_a_read_only_disk_a_job_says_so(decoding):
    out, command = decoding
    done = on_disk(out, "10m", f"mount -o remount,ro {out}; {command}")
    assert done.stdout.split() == ["code", "1"]
    assert "the disk is read-only" in done.stderr and "Traceback" not in done.stderr


def test_a_file_system_without_fsync_loses_only_the_promise_of_power_cuts(tmp_path, monkeypatch):
    with open(os.devnull, "wb") as device, pytest.raises(OSError, match="Invalid argument"):
        os.fsync(device.fileno())  # such an answer is real
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL))
    write_text(tmp_path / "a.txt", "whole")
    store = AnswerStore(tmp_path / "a.jsonl")
    store.add("k", 1)
    assert (tmp_path / "a.txt").read_text() == "whole" and "k" in AnswerStore(tmp_path / "a.jsonl")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl", "a.txt"]


def test_a_disk_that_fails_at_fsync_is_told_and_leaves_the_old_file(tmp_path, monkeypatch):
    write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError) as caught:
        write_text(tmp_path / "a.txt", "new")
    assert "the disk failed to read or write" in machine_fault(caught.value)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]


def failing(number: int):
    """A call of the system that always fails."""

    def call(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.whole_study
def test_a_clock_that_was_set_back_reruns_nothing(project, tmp_path):
    project = project.copy(tmp_path / "emovlm")
    made = [p for p in sorted((project.path / RESULTS).rglob("*")) if p.is_file()]
    draw, now = random.Random(19), time.time()
    for path in made:  # outputs seem older than what they were made of, or of tomorrow
        when = now + draw.uniform(-(10**6), 10**5)
        os.utime(path, (when, when))
    assert project.would_run() == {}
    project.edit("config/quick.yaml", "resamples: 200", "resamples: 201")
    assert "compute_metrics" in project.would_run()


def test_a_second_run_in_the_same_folder_stops_with_a_sentence_and_harms_nothing(tmp_path):
    project = Project(tmp_path / "emovlm")
    target = str(RESULTS / "raw/synface/plan.parquet")
    first = project.start(target, "--cores", "1")
    held = project.hold("plan_clips")
    second = project.snakemake(target, "--cores", "1")
    assert second.returncode == 1 and "Directory cannot be locked" in second.stdout
    resumed = subprocess.run(
        [sys.executable, "-m", "emovlm.cli", "resume", "--", target, *project.options],
        cwd=project.path, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert resumed.returncode == 1 and f"Snakemake still runs in this folder (process {first.pid})" in resumed.stderr
    os.kill(held, signal.SIGCONT)
    output, _ = first.communicate()
    assert first.returncode == 0 and (project.path / target).is_file(), output
