"""The sound of a clip is decoded to 16 kHz; a clip without sound is stored as one."""

from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from tests.scripts import run_script

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.io import write_table
from emovlm.frames.audio import decode_audio
from emovlm.frames.container import Undecodable
from emovlm.frames.shard import decode_sound
from emovlm.frames.store import RATE, SoundStore

ROOT = Path(__file__).resolve().parents[2]


def write_clip(path: Path, seconds: float = 1.0, sound: str | None = "aac", rate: int = 44_100) -> None:
    """A grey clip with a tone of 440 Hz, twice as loud on the left as on the right, or without sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        audio = container.add_stream(sound, rate=rate, layout="stereo") if sound else None
        for _ in range(round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio:
            wave = np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.stack([0.6 * wave, 0.3 * wave]), format="fltp", layout="stereo")
            frame.sample_rate = rate
            container.mux(audio.encode(frame))
            container.mux(audio.encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_clip(tmp_path / "tone.mp4")
    write_clip(tmp_path / "low.mp4", seconds=2, rate=22_050)
    write_clip(tmp_path / "silent.mp4", sound=None)
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "playlist.mp4").write_text("ffconcat version 1.0\nfile tone.mp4\n")
    (tmp_path / "faces/tone").mkdir(parents=True)
    (tmp_path / "faces/other").mkdir()
    return tmp_path


@pytest.mark.parametrize(("name", "seconds"), [("tone", 1), ("low", 2)])
def test_sound_is_mixed_down_to_one_channel_of_16_khz(folder: Path, name: str, seconds: float) -> None:
    wave = decode_audio(str(folder / f"{name}.mp4"))
    assert wave.dtype == np.int16 and abs(len(wave) / RATE - seconds) < 0.1
    middle = wave[len(wave) // 4 : -len(wave) // 4] / 32768
    loudest = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax() * RATE / len(middle)
    assert abs(loudest - 440) < 4
    assert abs(np.sqrt((middle**2).mean()) - 0.45 / np.sqrt(2)) < 0.02


def test_a_clip_without_a_sound_track_has_no_samples(folder: Path) -> None:
    assert decode_audio(str(folder / "silent.mp4")).shape == (0,)


@pytest.mark.parametrize("name", ["text", "playlist"])
def test_a_file_that_is_no_video_is_undecodable(folder: Path, name: str) -> None:
    with pytest.raises(Undecodable, match=r"^the file cannot be opened as a video$"):
        decode_audio(str(folder / f"{name}.mp4"))


def test_a_shard_of_sound_has_every_clip_and_says_how_many_have_none(folder: Path, capsys) -> None:
    paths = ["tone.mp4", "silent.mp4", "text.mp4", "absent.mp4", "low.mp4", "faces/tone", "faces/other"]
    rows = pd.DataFrame([{"clip_id": f"d/{path}", "path": path} for path in paths])
    told = decode_sound(rows, folder, 0, 1, folder / "0.audio.safetensors", 30, {"tone": "tone.mp4"})
    assert told == "3 clips have sound, 2 have none, that of 2 does not decode"
    assert "d/absent.mp4: the file is missing; it is taken to have no sound" in capsys.readouterr().err
    store = SoundStore([folder / "0.audio.safetensors"])
    assert store.clip_ids() == sorted(rows["clip_id"])
    assert [len(store.waveform(f"d/{path}")) > 0 for path in paths] == [True, False, False, False, True, True, False]
    wave = store.waveform("d/tone.mp4")
    assert wave.dtype == np.float32 and 0.3 < np.abs(wave).max() < 0.6
    np.testing.assert_array_equal(wave, store.waveform("d/faces/tone"))


def test_the_script_gives_the_same_bytes_again(folder: Path) -> None:
    row = {"label": "anger", "split": "test", "fold": 0, "identity": "p"}
    rows = [{"clip_id": f"d/{name}", "path": f"{name}.mp4", **row} for name in ("tone", "silent")]
    write_table(pd.DataFrame(rows), folder / "manifest.parquet", MANIFEST)
    for store in (folder / "a", folder / "b"):
        done = run_script(
            "decode_audio",
            wildcards={"shard": "0"},
            inputs={"manifest": folder / "manifest.parquet"},
            outputs={"store": store},
            params={"kind": "folder", "timeout_s": 30, "memory_gb": 2, "folder": folder, "n_shards": 1},
        )
        assert done.returncode == 0 and "1 clips have sound, 1 have none" in done.stderr
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
