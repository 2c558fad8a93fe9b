"""Files that are no whole clips."""

import struct
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tests.clips.cases import add, failure, video
from tests.clips.ffmpeg import H264, TV601, encode, ffmpeg, plain
from tests.clips.mp4 import boxes

NO_VIDEO, NO_TRACK = "the file cannot be opened as a video", "the file has no video track"
CUT_OFF, SPOILT = "the video is damaged or cut off", "frame [0-9]+ (is damaged|cannot be decoded)"


def _whole(out: Path, *options: object) -> bytearray:
    encode(out, *TV601, *H264, *options, numbers=range(48))
    return bytearray(out.read_bytes())


def _cut_off(out: Path, *options: object) -> None:
    data = _whole(out, *options)
    out.write_bytes(data[: len(data) * 6 // 10])


failure("header-missing.mp4", NO_VIDEO)(_cut_off)
failure("cut-off.mp4", SPOILT)(lambda out: _cut_off(out, "-movflags", "faststart"))
add("cut-off.mkv", _cut_off, numbers=range(24))  # the frames that are there


@failure("cut-off.avi", "frame [0-9]+ is damaged")
def _(out: Path) -> None:
    encode(out, *TV601, "-c:v", "mpeg4", "-q:v", 2, numbers=range(48))
    data = out.read_bytes()
    out.write_bytes(data[: len(data) * 6 // 10])


def _spoilt(out: Path, begin: float, end: float, first: int = 0) -> None:
    """Zeros for a part of the media's bytes."""
    data = _whole(out, "-movflags", "faststart")
    media = boxes(data, b"mdat")[0] + first
    begin, end = (media + round(share * (len(data) - media)) for share in (begin, end))
    data[begin:end] = bytes(end - begin)
    out.write_bytes(data)


failure("zeros.mp4", SPOILT)(partial(_spoilt, begin=1 / 3, end=1 / 2))
failure("zeros-at-the-end.mp4", SPOILT)(partial(_spoilt, begin=0.96, end=1))
failure("zeros-in-the-first-frame.mp4", SPOILT)(partial(_spoilt, begin=0, end=0.15, first=700))


@video("junk-behind.mp4", numbers=range(48))
def _(out: Path) -> None:
    out.write_bytes(_whole(out) + bytes(5000))


@failure("no-frames.mp4", NO_TRACK)
def _(out: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=size=96x64:rate=10:duration=1", "-vf", "select=0", *H264, out)


@failure("only-header.mp4", f"{CUT_OFF}|the video has no frames")
def _(out: Path) -> None:
    data = _whole(out, "-movflags", "faststart")
    out.write_bytes(data[: boxes(data, b"mdat")[0] - 8])


failure("web-page.mp4", NO_VIDEO)(lambda out: out.write_text("<!DOCTYPE html><html>404</html>\n" * 20))
failure("git-lfs.mp4", NO_VIDEO)(
    lambda out: out.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 123456\n")
)
failure("playlist.mp4", NO_VIDEO)(
    lambda out: out.write_text(f"#EXTM3U\n#EXTINF:2,\n{plain(out.with_name('a.ts')).name}\n#EXT-X-ENDLIST\n")
)
failure("empty.mp4", NO_VIDEO)(Path.touch)
failure("._of-a-mac.mp4", NO_VIDEO)(
    lambda out: out.write_bytes(bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(4072))
)
failure("elementary-stream.h264", NO_VIDEO)(lambda out: encode(out, *TV601, *H264))  # it has no times
failure("only-sound.mp4", NO_TRACK)(lambda out: ffmpeg("-f", "lavfi", "-i", "sine=440:duration=1", "-c:a", "aac", out))


@failure("song-with-cover.m4a", NO_TRACK)
def _(out: Path) -> None:
    cover = out.with_name("cover.jpg")
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(cover)
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=1", "-i", cover, "-map", 0, "-map", 1, "-c:a", "aac", "-c:v",
           "copy", "-disposition:v:0", "attached_pic", out)  # fmt: skip


@failure("more-promised.mp4", CUT_OFF)
def _(out: Path) -> None:
    """The header lists a last frame of no bytes."""
    data = _whole(out, "-bf", 0)
    sizes = boxes(data, b"stsz")[0] + 8
    (count,) = struct.unpack_from(">I", data, sizes)
    struct.pack_into(">I", data, sizes + 4 * count, 0)
    out.write_bytes(data)


@failure("unknown-codec.mp4", "there is no decoder for its video codec zzz1")
def _(out: Path) -> None:
    out.write_bytes(_whole(out).replace(b"avc1", b"zzz1"))


# Bytes changed within frames.
def _changed(out: Path) -> None:
    data = _whole(out, *(("-movflags", "faststart") if out.suffix == ".mp4" else ()))
    begin = boxes(data, b"mdat")[0] if out.suffix == ".mp4" else 0
    third = (len(data) - begin) // 3
    rng = np.random.default_rng(0)
    for at in rng.integers(begin + third, begin + 2 * third, 3):
        data[at] ^= int(rng.integers(1, 256))
    out.write_bytes(data)


for _suffix in ("mkv", "mp4"):
    failure(f"bytes-changed.{_suffix}", "frame [0-9]+ (is damaged|cannot be decoded)")(_changed)
