"""Clips as people have them are decoded to what players show, and as the ffmpeg program shows it, or told as failures.

The clips are made by ``tests/clips``: phones' recordings lying on their side, films of DVDs, cuts without encoding,
recordings of browsers, many codecs and containers, and files that are damaged.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.clips import colours, containers, damaged, shapes, times  # noqa: F401 (they fill the tables)
from tests.clips.cases import FAILURES, VIDEOS, Right
from tests.clips.drawn import COLOURS, HEIGHT, WIDTH, inner, number_of, quarters_of
from tests.clips.ffmpeg import encode, plain, remux, shown_by_ffmpeg

from emovlm.frames.container import Undecodable
from emovlm.frames.decoding import DecodedClip, decode_clip
from emovlm.frames.shard import decode_shard

SIZE = 160  # px


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def made(place: Path, name: str) -> Path:
    """The clip of a name, made when it is first asked for."""
    path = place / name.replace(".", "-") / name
    if not path.parent.is_dir():
        path.parent.mkdir()
        (VIDEOS | FAILURES)[name][0](path)
    return path


def pictures(clip: DecodedClip) -> np.ndarray:
    return inner(clip.pixels, clip.width / clip.height)


@pytest.mark.parametrize("name", VIDEOS)
def test_a_clip_is_decoded_to_what_a_player_shows(place: Path, name: str) -> None:
    right: Right = VIDEOS[name][1]
    clip = decode_clip(str(made(place, name)), SIZE)
    assert clip.width / clip.height == pytest.approx(right.aspect, rel=0.01)
    np.testing.assert_allclose(clip.timestamps_s, right.seconds, atol=0.0011)
    assert right.rate is None or clip.fps == pytest.approx(right.rate, rel=1e-3)
    assert clip.fps * clip.duration_s == pytest.approx(len(right.numbers), rel=1e-3)
    height, width = pictures(clip).shape[1:3]
    outside = clip.pixels.copy()
    inner(outside, clip.width / clip.height)[:] = 0
    assert max(height, width) == SIZE and (outside.max() == 0 or name.startswith("shape-changes"))
    if right.readable:
        assert [number_of(picture) for picture in pictures(clip)] == list(right.numbers)
    if right.readable and "grey" not in name:
        found = quarters_of(pictures(clip)[0])
        assert np.abs(found - COLOURS).max() < (10 if right.colours else 40)


@pytest.mark.parametrize("name", [name for name, (_, right) in VIDEOS.items() if right.same])
def test_pixels_and_times_are_those_of_the_ffmpeg_program(place: Path, name: str) -> None:
    clip = decode_clip(str(made(place, name)), SIZE)
    shown, seconds = shown_by_ffmpeg(made(place, name), *pictures(clip).shape[1:3])
    np.testing.assert_allclose(seconds, clip.timestamps_s, atol=0.0011)
    np.testing.assert_array_equal(pictures(clip), shown)


@pytest.mark.parametrize("name", FAILURES)
def test_a_file_of_which_no_whole_clip_can_be_made_is_a_failure_with_its_reason(place: Path, name: str) -> None:
    with pytest.raises(Undecodable, match=f"^({FAILURES[name][1]})$"):
        decode_clip(str(made(place, name)), SIZE)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_a_frame_of_another_shape_keeps_its_own(place: Path, suffix: str) -> None:
    clip = decode_clip(str(made(place, f"shape-changes.{suffix}")), SIZE)
    lying, upright = inner(clip.pixels[:12], WIDTH / HEIGHT), inner(clip.pixels[12:], HEIGHT / WIDTH)
    assert [number_of(picture) for picture in (*lying, *upright)] == list(range(24))
    assert clip.pixels[12:, :, :20].max() == 0 and np.abs(quarters_of(upright[0]) - COLOURS).max() < 10


def test_the_same_stream_gives_the_same_bytes_in_every_container(place: Path, tmp_path: Path) -> None:
    source = plain(tmp_path / "a.mp4")
    first = decode_clip(str(source), 64)
    for suffix in ("mov", "mkv", "ts", "flv", "avi", "m4v"):
        remux(source, tmp_path / f"b.{suffix}")
        clip = decode_clip(str(tmp_path / f"b.{suffix}"), 64)
        np.testing.assert_array_equal(clip.pixels, first.pixels)
        np.testing.assert_array_equal(clip.timestamps_s, first.timestamps_s)
        assert (clip.fps, clip.duration_s, clip.width, clip.height) == (10, 2.4, WIDTH, HEIGHT)


def test_hd_clips_without_a_tag_are_read_as_bt_601_and_can_be_tagged(place: Path, tmp_path: Path) -> None:
    """As docs/how-to/adding-a-dataset.md says; the clip was made as BT.709."""
    untagged, tagged = made(place, "untagged-hd.mp4"), tmp_path / "b.mp4"
    remux(untagged, tagged, "-bsf:v", "h264_metadata=matrix_coefficients=1")
    first, second = (quarters_of(pictures(decode_clip(str(file), SIZE))[0]) for file in (untagged, tagged))
    assert np.abs(first - COLOURS).max() > 12 and np.abs(second - COLOURS).max() < 5


def test_what_is_transparent_is_laid_over_black(tmp_path: Path) -> None:
    clear = ("-vf", "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*lt(X,48)'")
    encode(tmp_path / "half.mov", *clear, "-c:v", "png")
    clip = decode_clip(str(tmp_path / "half.mov"), WIDTH)
    shown = inner(clip.pixels, WIDTH / HEIGHT)
    assert shown[:, :, 50:].max() == 0 and np.abs(quarters_of(shown[0])[[0, 2]] - COLOURS[[0, 2]]).max() < 3


def test_every_container_is_decoded_in_the_worker_and_its_bad_neighbours_are_failed_rows(
    place: Path, tmp_path: Path
) -> None:
    good = ("h264.mp4", "h264.ts", "sorenson.flv", "mpeg2.mpg", "wmv2.wmv", "theora.ogv", "animated.gif", "av1.webm",
            "h264-b-frames.avi", "recorded.webm", "quarter-turn.mp4", "cut.mp4")  # fmt: skip
    bad = ("unknown-codec.mp4", "only-sound.mp4", "bytes-changed.mkv")
    paths = [str(made(place, name).relative_to(place)) for name in (*good, *bad)]
    rows = pd.DataFrame({"clip_id": [f"d/{path}" for path in paths], "path": paths})
    clips, frames = decode_shard(rows, place, 0, 1, tmp_path / "0.safetensors", SIZE, 60)
    status = clips.set_index("clip_id")["status"]
    assert [status[f"d/{path}"] for path in paths] == ["ok"] * len(good) + ["failed"] * len(bad)
    assert frames.groupby("clip_id").size().sum() == clips["n_frames"].sum() == 24 * 11 + 32
