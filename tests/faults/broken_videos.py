"""Videos that are broken in every way that bytes can be: changed, cut and lying about themselves. Made from a seed."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.clips.ffmpeg import H264, TV601, encode, ffmpeg
from tests.clips.mp4 import boxes

BOXES = ("ftyp", "moov", "mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr", "minf", "vmhd", "dinf", "stbl",
         "stsd", "avc1", "avcC", "stts", "stss", "ctts", "stsc", "stsz", "stco", "mdat")  # fmt: skip
SIZES = (0, 1, 7, 2**31 - 1, 2**32 - 1)  # of a box: to the end, 64 bits, too small, larger than the file
OTHERS = {"mkv": (), "webm": ("-c:v", "libvpx", "-deadline", "realtime"), "avi": ("-c:v", "mpeg4", "-q:v", 3), "ts": (),
          "flv": (), "gif": ()}  # fmt: skip
GOING_ON = {
    "ts": ("h264", ()), "mkv": ("hevc", ("-c:v", "libx265", "-x265-params", "log-level=none")),
    "avi": ("mpeg4", OTHERS["avi"]), "webm": ("vp9", ("-c:v", "libvpx-vp9", "-deadline", "realtime")),
    "vp8.webm": ("vp8", OTHERS["webm"]), "mjpeg.avi": ("mjpeg", ("-c:v", "mjpeg", "-q:v", 3)),
    "ffv1.mkv": ("ffv1", ("-c:v", "ffv1")),
}  # fmt: skip
"""Codecs whose decoders go on after damage, by suffix, with the options that make such a file."""
FRAMES = 24

Make = Callable[[Path], None]


def sound_clip(out: Path, *options: object) -> bytearray:
    """A whole clip of 24 frames; returns its bytes."""
    encode(out, *(() if out.suffix == ".gif" else TV601), *(options or (() if out.suffix == ".gif" else H264)),
           numbers=range(FRAMES))  # fmt: skip
    return bytearray(out.read_bytes())


def write_all(folder: Path) -> list[str]:
    """Write every broken video to ``folder``; returns their names, in order."""
    names = []
    for name, data in _changed(folder):
        (folder / name).write_bytes(data)
        names.append(name)
    for name, make in LYING.items():
        make(folder / name)
        names.append(name)
    return names


def write_damaged(folder: Path) -> Iterator[str]:
    """Write videos with bytes changed within frames, 20 of each of ``GOING_ON``; yields their names."""
    rng = np.random.default_rng(20)
    for suffix, (_, options) in GOING_ON.items():
        whole = sound_clip(folder / f"whole.{suffix}", *options)
        for k in range(20):
            (folder / f"{k}.{suffix}").write_bytes(_flipped(whole, len(whole) // 8, len(whole), 1 + k % 6, rng))
            yield f"{k}.{suffix}"


def _changed(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Bytes changed, zeroed and cut in every box of an MP4 file, and anywhere in files of other containers."""
    rng = np.random.default_rng(19)
    whole = sound_clip(folder / "whole.mp4", *H264, "-movflags", "faststart")
    (folder / "whole.mp4").unlink()
    for box in BOXES:
        (begin, *_) = boxes(whole, box.encode())
        (size,) = struct.unpack_from(">I", whole, begin - 8)
        end = min(len(whole), begin - 8 + size)
        for k in range(4):
            yield f"{box}-flipped-{k}.mp4", _flipped(whole, begin - 8 if k == 3 else begin, end, 1 + 2 * k, rng)
        yield f"{box}-cut.mp4", bytes(whole[: int(rng.integers(begin - 8, max(begin, end)))])
        for size in SIZES:
            data = bytearray(whole)
            struct.pack_into(">I", data, begin - 8, size)
            yield f"{box}-size-{size}.mp4", bytes(data)
        data = bytearray(whole)
        data[begin:end] = bytes(end - begin)
        yield f"{box}-zeros.mp4", bytes(data)
    for suffix, options in OTHERS.items():
        whole = sound_clip(folder / f"whole.{suffix}", *options)
        (folder / f"whole.{suffix}").unlink()
        for k in range(5):
            yield f"{suffix}-flipped-{k}.{suffix}", _flipped(whole, 0, len(whole), 1 + 4 * k, rng)
        yield f"{suffix}-cut.{suffix}", bytes(whole[: int(rng.integers(16, len(whole)))])


def _flipped(whole: bytearray, begin: int, end: int, count: int, rng: np.random.Generator) -> bytes:
    data = bytearray(whole)
    for at in rng.integers(begin, max(end, begin + 1), count):
        data[at] ^= int(rng.integers(1, 256))
    return bytes(data)


# --- files that are whole, and lie or ask too much ----------------------------------------------------------------
LYING: dict[str, Make] = {}


def lying(name: str) -> Callable[[Make], Make]:
    """Adds a file by the function that makes it."""
    return lambda make: LYING.setdefault(name, make)


@lying("empty.mp4")
def _(out: Path) -> None:
    out.touch()


@lying("a-million-frames-promised.mp4")
def _(out: Path) -> None:
    data = sound_clip(out, *H264, "-movflags", "faststart")
    struct.pack_into(">I", data, boxes(data, b"stsz")[0] + 8, 10**6)
    out.write_bytes(data)


@lying("four-billion-ticks.mp4")
def _(out: Path) -> None:
    data = sound_clip(out, *H264, "-movflags", "faststart")
    struct.pack_into(">I", data, boxes(data, b"stts")[0] + 12, 2**32 - 1)
    out.write_bytes(data)


@lying("sound-alone.mp4")
def _(out: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=1", "-c:a", "aac", out)


@lying("a-picture.mp4")
def _(out: Path) -> None:
    png = out.with_suffix(".png")
    ffmpeg("-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", 1, png)
    png.rename(out)


@lying("matroska-called.mp4")
def _(out: Path) -> None:
    mkv = out.with_suffix(".mkv")
    sound_clip(mkv)
    mkv.rename(out)


@lying("one-frame.mp4")
def _(out: Path) -> None:
    encode(out, *TV601, *H264, numbers=range(1))


@lying("ten-minutes.mp4")
def _(out: Path) -> None:
    encode(out, *TV601, *H264, numbers=range(600 * 10), width=32, height=32)


@lying("4k.mp4")
def _(out: Path) -> None:
    encode(out, *TV601, *H264, "-preset", "ultrafast", numbers=range(4), width=3840, height=2160)


@lying("a-screen-of-four-billion-pixels.gif")
def _(out: Path) -> None:
    data = sound_clip(out)
    struct.pack_into("<HH", data, 6, 65535, 65535)
    out.write_bytes(data)


@lying("a-frame-of-four-billion-pixels.gif")
def _(out: Path) -> None:
    data = sound_clip(out)
    struct.pack_into("<HH", data, 6, 65535, 65535)
    first = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    struct.pack_into("<HHHH", data, first + 1, 0, 0, 65535, 65535)
    out.write_bytes(data)


@lying("a-picture-of-a-billion-pixels.avi")
def _(out: Path) -> None:
    data = sound_clip(out, "-c:v", "mpeg4", "-q:v", 3)
    at = data.index(b"strf") + 8
    struct.pack_into("<ii", data, at + 4, 32767, 32767)
    out.write_bytes(data)


@lying("a-large-black-picture.mov")
def _(out: Path) -> None:
    """8,192 x 8,192 pixels in a few kilobytes."""
    ffmpeg("-f", "lavfi", "-i", "color=black:size=8192x8192:rate=10", "-frames:v", 2, "-c:v", "png", out)
