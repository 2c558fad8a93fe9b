"""Broken videos: each is decoded, or a failed row with its reason; memory is bounded, and nothing else is hurt."""

import os
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emovlm.frames.container import Undecodable
from emovlm.frames.fit import inner_size
from emovlm.frames.shard import decode_shard
from emovlm.frames.store import FrameStore
from emovlm.frames.worker import Worker
from tests.clips.ffmpeg import plain, shown_by_ffmpeg
from tests.faults.broken_videos import write_all

SIZE, TIMEOUT_S, MEMORY_GB = 64, 20, 1.5
EVERY = int(os.environ.get("EMOVLM_FAULTS_EVERY", "1"))  # of how many broken videos one is tried


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory):
    """The folder, its names, and what decoding them in one job made of them."""
    folder = tmp_path_factory.mktemp("broken")
    names = write_all(folder)[::EVERY]
    for good in ("a.mp4", "zz.mp4"):
        plain(folder / good)
    rows = [{"clip_id": f"d/{name}", "path": name} for name in ("a.mp4", *names, "zz.mp4")]
    began = time.monotonic()
    clips, frames = decode_shard(
        pd.DataFrame(rows), folder, 0, 1, folder / "0.safetensors", SIZE, TIMEOUT_S, memory_gb=MEMORY_GB
    )
    return folder, names, clips.set_index("clip_id"), frames, time.monotonic() - began


def test_every_broken_video_is_decoded_or_fails_with_its_reason(decoded):
    _, names, clips, _, _ = decoded
    mine = clips.loc[[f"d/{name}" for name in names]]
    failed = mine[mine["status"] == "failed"]
    assert 0 < len(failed) < len(mine) and failed["reason"].str.len().gt(0).all() and failed["n_frames"].eq(0).all()
    assert mine.loc[mine["status"] == "ok", "n_frames"].gt(0).all()


def test_the_rest_of_the_job_is_unharmed(decoded):
    _, names, clips, frames, _ = decoded
    assert len(clips) == len(names) + 2
    assert clips.loc[["d/a.mp4", "d/zz.mp4"], "n_frames"].tolist() == [24, 24]
    assert len(frames) == clips["n_frames"].sum()


def test_memory_and_time_are_bounded(decoded):
    peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < 1e9 * MEMORY_GB + 0.4e9  # the libraries' own pages are not private
    assert decoded[-1] < TIMEOUT_S * (3 + len(decoded[1]) / 4)


def test_what_is_decoded_is_what_the_ffmpeg_program_shows(decoded):
    folder, names, clips, _, _ = decoded
    store = FrameStore([folder / "0.safetensors"])
    whole = [name for name in names if clips.loc[f"d/{name}", "status"] == "ok"]
    other = [name for name in whole if not alike(folder / name, store.tensor(f"d/{name}"), clips.loc[f"d/{name}"])]
    print(f"{len(whole)} of {len(names)} decoded; {len(other)} otherwise than by the ffmpeg program: {other}")
    assert len(other) <= 0.02 * len(names)


def alike(path: Path, pixels: np.ndarray, clip: pd.Series) -> bool:
    """Whether the ffmpeg program shows as many frames of a file, and the same ones but for rounding."""
    height, width = inner_size(clip["height"], clip["width"], SIZE, "pad")
    try:
        shown, _ = shown_by_ffmpeg(path, height, width)
    except AssertionError:
        return False
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    mine = pixels[:, top : top + height, left : left + width]
    return shown.shape == mine.shape and np.abs(shown.astype(int) - mine).mean((1, 2, 3)).max() < 3


# --- decoders that misbehave; functions of a module, since the worker is another process ----------------------------
KEPT: list[bytearray] = []


def leaking(path: str) -> tuple[np.ndarray, dict]:
    KEPT.append(bytearray(b"x" * 300_000_000))
    return np.zeros(1, np.uint8), {}


def greedy(path: str) -> tuple[np.ndarray, dict]:
    return np.ones(10**10, np.uint8), {}


def dying(path: str) -> tuple[np.ndarray, dict]:
    os.kill(os.getpid(), signal.SIGSEGV)


def hanging(path: str) -> tuple[np.ndarray, dict]:
    while True:
        pass


def test_a_decoder_that_leaks_is_replaced_and_no_clip_fails():
    with Worker(leaking, timeout_s=30, memory_gb=1) as worker:
        seen = [worker.decode(Path(f"{k}.mp4")) and worker.pid for k in range(8)]
    assert len(set(seen)) > 1


@pytest.mark.parametrize(
    ("decoder", "reason"),
    [(greedy, "decoding takes more than 1 GB of memory"), (dying, r"the decoder died \(SIGSEGV\)"),
     (hanging, "timed out after 2 s")],
)  # fmt: skip
def test_a_decoder_that_misbehaves_fails_its_clip_alone(decoder, reason):
    with Worker(decoder, timeout_s=2, memory_gb=1) as worker:
        for _ in range(2):
            with pytest.raises(Undecodable, match=f"^{reason}$"):
                worker.decode(Path("a.mp4"))
