"""The sound of a clip begins with its pictures, whatever the file's header says of when either begins."""

import wave
from pathlib import Path

import numpy as np
import pytest
from tests.clips.containers import VP8
from tests.clips.ffmpeg import H264, TV601, encode, ffmpeg, plain, remux

from emovlm.frames.audio import decode_audio
from emovlm.frames.decoding import decode_clip
from emovlm.frames.store import RATE

SECONDS = 2.4


def tone(path: Path, begin: float, seconds: float = SECONDS, rate: int = 48_000, channels: int = 2) -> Path:
    """A WAV file, silent but for half a second of 440 Hz from ``begin`` on."""
    times = np.arange(round(seconds * rate)) / rate
    sound = np.where((times >= begin) & (times < begin + 0.5), 0.5 * np.sin(2 * np.pi * 440 * times), 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels), file.setsampwidth(2), file.setframerate(rate)
        file.writeframes(np.repeat((sound * 32767).astype("<i2")[:, None], channels, axis=1).tobytes())
    return path


def heard(sound: np.ndarray) -> tuple[float, float]:
    """When the tone begins and ends, in s."""
    loud = np.flatnonzero(np.abs(sound.astype(int)) > 3000) / RATE
    return float(loud[0]), float(loud[-1])


def beside(out: Path, *options: object, late: float = 0.0, begin: float = 1.0, **sound) -> None:
    """A clip of 2.4 s with a tone from ``begin`` on, in s of the pictures; the sound itself begins ``late``."""
    file = tone(out.with_name("tone.wav"), begin - late, **sound)
    silent = plain(out.with_name("silent.mp4"))
    ffmpeg("-i", silent, "-itsoffset", late, "-i", file, "-map", 0, "-map", 1, "-c:v", "copy", *options, out)


ORDINARY = {
    "aac.mp4": (("-c:a", "aac"), {}),
    "pcm.avi": (("-c:a", "pcm_s16le"), {"rate": 44_100}),
    "pcm.mov": (("-c:a", "pcm_u8"), {"rate": 8_000, "channels": 1}),
    "six-channels.mp4": (("-c:a", "aac"), {"channels": 6}),
    "longer.mp4": (("-c:a", "aac"), {"seconds": 6.0}),
    "mp3.avi": (("-c:a", "libmp3lame"), {}),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_sound_that_begins_with_the_pictures_is_as_ffmpeg_resamples_it(tmp_path: Path, name: str) -> None:
    options, sound = ORDINARY[name]
    beside(tmp_path / name, *options, **sound)
    mine = decode_audio(str(tmp_path / name))
    raw, _ = ffmpeg("-i", tmp_path / name, "-ac", 1, "-ar", RATE, "-f", "s16le", "-")
    other = np.frombuffer(raw, np.int16)
    assert mine.dtype == np.int16 and len(mine) == len(other)
    assert np.abs(mine.astype(int) - other).max() <= 4  # of 32768: another version of the decoder rounds otherwise
    late = 0.025 if name == "mp3.avi" else 0  # the encoder's delay, which AVI cannot state
    assert heard(mine) == pytest.approx((1 + late, 1.5 + late), abs=0.004)
    assert len(mine) / RATE == pytest.approx(sound.get("seconds", SECONDS), abs=0.03)


@pytest.mark.parametrize(
    ("name", "codec", "late"),
    [
        ("late.mp4", "aac", 0.5),
        ("late.mkv", "libopus", 0.5),
        ("late.ts", "aac", 0.5),
        ("late.flv", "aac", 0.5),
        ("early.mkv", "libopus", -0.5),
        ("early.mp4", "aac", -0.5),
        ("together.mkv", "libopus", 0),
        ("together.ts", "aac", 0),
    ],
)
def test_sound_that_begins_later_or_earlier_is_heard_where_a_player_plays_it(
    tmp_path: Path, name: str, codec: str, late: float
) -> None:
    beside(tmp_path / name, "-c:a", codec, late=late, seconds=SECONDS - late)
    sound = decode_audio(str(tmp_path / name))
    assert heard(sound) == pytest.approx((1, 1.5), abs=0.025)
    assert len(sound) / RATE == pytest.approx(SECONDS, abs=0.03)
    if late > 0:
        assert np.abs(sound[: int((late - 0.03) * RATE)].astype(int)).max() == 0


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_sound_of_a_clip_that_is_cut_without_encoding_begins_at_the_cut(tmp_path: Path, suffix: str) -> None:
    source, cut = tmp_path / "long.mp4", tmp_path / f"cut.{suffix}"
    file = tone(tmp_path / "tone.wav", begin=2.0, seconds=7.2)
    encode(source, *TV601, *H264, "-g", 24, "-keyint_min", 24, "-c:a", "aac", numbers=range(72), inputs=("-i", file))
    remux(source, cut, before=("-ss", 1, "-t", 3))
    assert decode_clip(str(cut), 32).duration_s == 3.2
    assert heard(decode_audio(str(cut))) == pytest.approx((1, 1.5), abs=0.01)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_sound_before_the_first_picture_is_left_out(tmp_path: Path, name: str) -> None:
    file, silent = tone(tmp_path / "tone.wav", begin=1.2), plain(tmp_path / "silent.mp4")
    ffmpeg("-itsoffset", 0.2, "-i", silent, "-i", file, "-map", 0, "-map", 1, "-c:v", "copy", "-c:a", "aac", "-ac", 1,
           tmp_path / name)  # fmt: skip
    sound = decode_audio(str(tmp_path / name))
    assert heard(sound) == pytest.approx((1, 1.5), abs=0.025) and len(sound) / RATE == pytest.approx(2.2, abs=0.03)


@pytest.mark.parametrize("options", [("-use_editlist", 0), ("-output_ts_offset", 1_700_000_000)])
def test_sound_and_pictures_that_begin_late_together_stay_together(tmp_path: Path, options: tuple) -> None:
    file, suffix = tone(tmp_path / "tone.wav", begin=1.0), "mp4" if "-use_editlist" in options else "mkv"
    encode(tmp_path / f"a.{suffix}", *TV601, *H264, "-c:a", "aac", *options, inputs=("-i", file))
    assert heard(decode_audio(str(tmp_path / f"a.{suffix}"))) == pytest.approx((1, 1.5), abs=0.03)


def test_a_gap_in_the_sound_is_silence(tmp_path: Path) -> None:
    """As browsers leave one where a microphone is muted: what follows keeps its time."""
    file = tone(tmp_path / "tone.wav", begin=1.5)
    encode(tmp_path / "a.webm", *TV601, *VP8, "-c:a", "libopus", inputs=("-i", file))
    remux(tmp_path / "a.webm", tmp_path / "b.webm", "-bsf:a", "noise=drop=between(n\\,20\\,59)")
    sound = decode_audio(str(tmp_path / "b.webm"))
    assert heard(sound) == pytest.approx((1.5, 2), abs=0.025) and len(sound) / RATE == pytest.approx(SECONDS, abs=0.03)


def test_the_default_track_is_heard(tmp_path: Path) -> None:
    first, second = tone(tmp_path / "1.wav", begin=0.5), tone(tmp_path / "2.wav", begin=1.0)
    ffmpeg("-i", plain(tmp_path / "a.mp4"), "-i", first, "-i", second, "-map", 0, "-map", 1, "-map", 2, "-c:v", "copy",
           "-c:a", "aac", "-disposition:a:0", 0, "-disposition:a:1", "default", tmp_path / "a.mkv")  # fmt: skip
    assert heard(decode_audio(str(tmp_path / "a.mkv"))) == pytest.approx((1, 1.5), abs=0.03)


def test_a_file_of_sound_alone_is_heard_from_its_own_begin(tmp_path: Path) -> None:
    ffmpeg("-i", tone(tmp_path / "tone.wav", begin=1.0), "-c:a", "aac", tmp_path / "a.m4a")
    assert heard(decode_audio(str(tmp_path / "a.m4a"))) == pytest.approx((1, 1.5), abs=0.01)
