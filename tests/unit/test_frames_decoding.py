"""Clips become frames; bad clips become failures with a reason, and hurt no other clip."""

import os
import signal
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.scripts import run_script

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.frames.container import Undecodable
from emovlm.frames.decoding import decode_clip
from emovlm.frames.shard import decode_path, decode_shard
from emovlm.frames.store import FrameStore
from emovlm.frames.worker import Worker

ROOT = Path(__file__).resolve().parents[2]
SIZE = 32


def write_clip(
    path: Path, n: int = 70, width: int = 64, height: int = 64, fps: int = 25, faststart: bool = False
) -> None:
    """A bright column that moves a pixel a frame over noise, H.264 with B-frames."""
    rng = np.random.default_rng(0)
    ground = rng.integers(60, 120, (height, width, 3), dtype=np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "12", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for k in range(n):
            picture = ground.copy()
            picture[:, k % width] = (250, 250, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good clips of several shapes, and every kind of bad one."""
    folder = tmp_path_factory.mktemp("raw")
    write_clip(folder / "good.mp4")
    write_clip(folder / "wide.mp4", n=5, width=96, height=48)
    write_clip(folder / "tall.mp4", n=5, width=48, height=96)
    write_clip(folder / "slow.mp4", n=6, fps=5)
    write_clip(folder / "whole.mp4", n=70, faststart=True)
    whole = (folder / "whole.mp4").read_bytes()
    (folder / "broken-off.mp4").write_bytes(whole[: len(whole) // 2])  # the header promises all frames
    (folder / "damaged.mp4").write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    (folder / "no-header.mp4").write_bytes((folder / "good.mp4").read_bytes()[:-500])  # the header is at the end
    (folder / "text.mp4").write_text("00025.mp4 anger\n" * 50)
    (folder / "playlist.mp4").write_text("ffconcat version 1.0\nfile good.mp4\n")
    (folder / "empty.mp4").touch()
    (folder / "folder.mp4").mkdir()
    with av.open(str(folder / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    os.mkfifo(folder / "hangs.mp4")  # opening it waits for a writer that never comes
    return folder


def manifest_of(*names: str) -> pd.DataFrame:
    rows = [
        {"clip_id": f"d/{n}", "path": f"{n}.mp4", "label": "anger", "split": "test", "fold": 0, "identity": n}
        for n in names
    ]
    return pd.DataFrame(rows)


def reasons(folder: Path, *names: str, timeout_s: float = 30) -> dict[str, str | None]:
    with tempfile.TemporaryDirectory() as place:
        clips, _ = decode_shard(manifest_of(*names), folder, 0, 1, f"{place}/0.safetensors", SIZE, timeout_s)
    told = clips["reason"].astype(object).where(clips["reason"].notna(), None)
    return {clip_id.removeprefix("d/"): reason for clip_id, reason in zip(clips["clip_id"], told, strict=True)}


def test_frames_are_those_of_another_decoder_in_the_same_order(folder: Path) -> None:
    clip = decode_clip(str(folder / "good.mp4"), 64)
    with av.open(str(folder / "good.mp4")) as container:
        others = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert clip.pixels.shape == (70, 64, 64, 3)
    distance = np.abs(clip.pixels[:, None].astype(int) - np.stack(others)[None]).mean(axis=(2, 3, 4))
    period = distance[:64, :64]  # the column is back at its first place after 64 frames
    assert (period.argmin(axis=1) == np.arange(64)).all()
    assert period.diagonal().max() < 0.5


def test_timestamps_frame_rate_and_duration_are_the_files(folder: Path) -> None:
    clip = decode_clip(str(folder / "good.mp4"), SIZE)
    np.testing.assert_allclose(clip.timestamps_s, np.arange(70) / 25, atol=1e-6)
    assert (clip.fps, clip.duration_s, clip.width, clip.height) == (25.0, 2.8, 64, 64)
    slow = decode_clip(str(folder / "slow.mp4"), SIZE)
    assert (slow.fps, slow.duration_s, slow.timestamps_s[1]) == (5.0, 1.2, 0.2)


def test_a_frame_that_is_not_square_is_padded_with_black_and_keeps_its_shape(folder: Path) -> None:
    wide = decode_clip(str(folder / "wide.mp4"), SIZE).pixels
    tall = decode_clip(str(folder / "tall.mp4"), SIZE).pixels
    assert wide.shape == tall.shape == (5, SIZE, SIZE, 3)
    assert wide[:, :8].max() == wide[:, 24:].max() == 0 and wide[:, 8:24].min() > 20
    assert tall[:, :, :8].max() == tall[:, :, 24:].max() == 0 and tall[:, :, 8:24].min() > 20


@pytest.mark.parametrize("size", [1, 16, 24, 33, 48, 96])
def test_any_size_can_be_asked_for(folder: Path, size: int) -> None:
    pixels = decode_clip(str(folder / "good.mp4"), size).pixels
    with av.open(str(folder / "good.mp4")) as container:
        first = next(container.decode(video=0)).to_image().resize((size, size), Image.Resampling.BICUBIC)
    assert pixels.shape == (70, size, size, 3)
    assert np.abs(pixels[0].astype(int) - np.asarray(first)).mean() < 6


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text", "the file cannot be opened as a video"),
        ("playlist", "the file cannot be opened as a video"),
        ("no-header", "the file cannot be opened as a video"),
        ("folder", "the file cannot be opened as a video"),
        ("sound", "the file has no video track"),
        ("broken-off", r"frame \d+ cannot be decoded"),
        ("damaged", r"frame \d+ (is damaged|cannot be decoded)"),
    ],
)
def test_a_file_that_is_no_whole_video_is_undecodable(folder: Path, name: str, reason: str) -> None:
    with pytest.raises(Undecodable, match=f"^{reason}$"):
        decode_clip(str(folder / f"{name}.mp4"), SIZE)


def test_bad_clips_are_failed_rows_with_a_reason_and_the_others_are_decoded(folder: Path, tmp_path: Path) -> None:
    names = ("good", "text", "empty", "absent", "broken-off", "wide")
    table, frames = decode_shard(manifest_of(*names), folder, 0, 1, tmp_path / "0.safetensors", SIZE, 30)
    clips = table.set_index("clip_id")
    assert clips["status"].to_dict() == {
        "d/good": "ok",
        "d/wide": "ok",
        "d/text": "failed",
        "d/empty": "failed",
        "d/absent": "failed",
        "d/broken-off": "failed",
    }
    assert clips.loc["d/empty", "reason"] == "the file is empty"
    assert clips.loc["d/absent", "reason"] == "the file is missing"
    assert clips["n_frames"].to_dict() == {
        "d/good": 70,
        "d/wide": 5,
        "d/text": 0,
        "d/empty": 0,
        "d/absent": 0,
        "d/broken-off": 0,
    }
    assert FrameStore([tmp_path / "0.safetensors"]).clip_ids() == ["d/good", "d/wide"] and len(frames) == 75
    CLIP_INDEX.conform(table, "clips")
    FRAME_INDEX.conform(frames, "frames")


def test_a_clip_that_hangs_times_out_and_the_next_ones_are_decoded(folder: Path) -> None:
    with Worker(partial(decode_path, size=SIZE, fps=None), timeout_s=3) as worker:
        with pytest.raises(Undecodable, match=r"^timed out after 3 s$"):
            worker.decode(folder / "hangs.mp4")
        assert len(worker.decode(folder / "wide.mp4")[0]) == 5
    assert reasons(folder, "good", "hangs", "wide") == {
        "good": None,
        "hangs": "neither a file nor a folder",  # a pipe is not even opened
        "wide": None,
    }


def test_a_clip_that_kills_the_decoder_fails_and_the_next_one_is_decoded(folder: Path) -> None:
    def crash_twice() -> None:  # the second one is the new process that is asked once more
        killed = None
        for _ in range(3000):
            if worker.pid in (None, killed):
                time.sleep(0.01)
                continue
            try:
                writer = os.open(folder / "hangs.mp4", os.O_WRONLY | os.O_NONBLOCK)  # works once the decoder reads
            except OSError:
                time.sleep(0.01)
                continue
            last, killed = killed, worker.pid
            os.kill(killed, signal.SIGSEGV)
            os.close(writer)
            if last:
                return

    with Worker(partial(decode_path, size=SIZE, fps=None), timeout_s=60) as worker:
        worker.decode(folder / "wide.mp4")
        first = worker.pid
        killer = threading.Thread(target=crash_twice)
        killer.start()
        with pytest.raises(Undecodable, match=r"^the decoder died \(SIGSEGV\)$"):
            worker.decode(folder / "hangs.mp4")
        killer.join()
        assert len(worker.decode(folder / "wide.mp4")[0]) == 5
        second = worker.pid
    assert first != second
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


def test_shard_numbers_and_sizes_out_of_range_are_errors(folder: Path, tmp_path: Path) -> None:
    for shard, n_shards, size, timeout_s in ((2, 2, 32, 1), (-1, 2, 32, 1), (0, 1, 0, 1), (0, 1, 32, 0)):
        with pytest.raises(StudyError, match=r"numbered from 0|must be above 0"):
            decode_shard(manifest_of("good"), folder, shard, n_shards, tmp_path / "0", size, timeout_s)


def test_a_path_that_leaves_the_folder_is_not_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(folder / "good.mp4")
    for path in ("../good.mp4", str(folder / "good.mp4"), "link.mp4"):
        with pytest.raises(StudyError, match=r"clip d/good: .* not inside the dataset's folder"):
            decode_shard(manifest_of("good").assign(path=path), tmp_path, 0, 1, tmp_path / "0", SIZE, 30)


def test_the_script_gives_the_same_bytes_again_and_the_same_frames_for_any_number_of_shards_and_encoding(
    folder: Path, tmp_path: Path
) -> None:
    write_table(manifest_of("good", "wide", "tall", "slow", "text"), tmp_path / "manifest.parquet", MANIFEST)

    def decode(run: str, shard: int, n_shards: int, **params: str) -> list[Path]:
        suffixes = {"store": "safetensors", "clips": "clips.parquet", "frames": "frames.parquet"}
        outputs = {name: tmp_path / run / f"{shard}.{suffix}" for name, suffix in suffixes.items()}
        done = run_script(
            "decode_frames",
            wildcards={"shard": str(shard)},
            inputs={"manifest": tmp_path / "manifest.parquet"},
            outputs=outputs,
            params={"size": 32, "timeout_s": 30, "memory_gb": 2, "folder": folder, "n_shards": n_shards, **params},
        )
        assert done.returncode == 0, done.stderr
        return list(outputs.values())

    first, again = decode("first", 0, 1), decode("again", 0, 1)
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in again]
    parts = list(zip(decode("parts", 0, 2), decode("parts", 1, 2), strict=True))
    pd.testing.assert_frame_equal(read_table(first[1], CLIP_INDEX), read_tables(parts[1], CLIP_INDEX))
    pd.testing.assert_frame_equal(read_table(first[2], FRAME_INDEX), read_tables(parts[2], FRAME_INDEX))
    one, two = FrameStore(first[:1]), FrameStore(parts[0])
    assert one.clip_ids() == two.clip_ids() == ["d/good", "d/slow", "d/tall", "d/wide"]
    assert all(one.sha256(c, [0, 3, 1]) == two.sha256(c, [0, 3, 1]) for c in one.clip_ids())
    for encoding in ("h264", "webp"):
        coded = decode(encoding, 0, 1, encoding=encoding)
        assert [f.read_bytes() for f in coded[1:]] == [f.read_bytes() for f in first[1:]]
        assert coded[0].stat().st_size < first[0].stat().st_size * 0.7
        small = FrameStore(coded[:1])
        assert small.clip_ids() == one.clip_ids()
        assert all(np.array_equal(small.tensor(c), one.tensor(c)) for c in one.clip_ids())
        assert all(small.sha256(c, [0, 3, 1]) == one.sha256(c, [0, 3, 1]) for c in one.clip_ids())
