"""A disk that is full or read-only, a clock that was set back, two runs in one folder: a message, nothing corrupt."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips.ffmpeg import plain

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
