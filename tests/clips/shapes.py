"""Clips that are turned, mirrored, of pixels that are not square, or of unusual size."""

from functools import partial
from pathlib import Path

import numpy as np

from tests.clips.cases import Make, add, failure, video
from tests.clips.containers import HEVC, MJPEG, MPEG2, MPEG4, THEORA, VP9
from tests.clips.drawn import HEIGHT, WIDTH
from tests.clips.ffmpeg import H264, TV601, encode, plain, remux
from tests.clips.mp4 import set_matrix

UPRIGHT = {"width": HEIGHT, "height": WIDTH}
TURNED = {  # the matrix, and how the picture must be stored to be upright after it
    "mirrored": ((-1, 0, 0, 1), lambda picture: picture[:, ::-1]),
    "upside-down-mirrored": ((1, 0, 0, -1), lambda picture: picture[::-1]),
    "half-turn": ((-1, 0, 0, -1), lambda picture: np.rot90(picture, 2)),
    "quarter-turn": ((0, 1, -1, 0), lambda picture: np.rot90(picture, 1)),
    "three-quarters": ((0, -1, 1, 0), lambda picture: np.rot90(picture, 3)),
    "rows-for-columns": ((0, 1, 1, 0), lambda picture: picture.transpose(1, 0, 2)),
    "turned-and-mirrored": ((0, -1, -1, 0), lambda picture: np.rot90(picture, 2).transpose(1, 0, 2)),
}


def _turned(matrix: tuple, stored, *coding: object) -> Make:
    def make(out: Path) -> None:
        encode(out, *(coding or (*TV601, *H264)), turn=stored, **(UPRIGHT if matrix[1] else {}))
        set_matrix(out, *matrix)

    return make


for _name, (_matrix, _stored) in TURNED.items():
    for _suffix in ("mp4", "mov") if _name == "quarter-turn" else ("mp4",):
        add(f"{_name}.{_suffix}", _turned(_matrix, _stored),
            aspect=HEIGHT / WIDTH if _matrix[1] else WIDTH / HEIGHT)  # fmt: skip
_matrix, _stored = TURNED["quarter-turn"]
add("quarter-turn-hevc.mp4", _turned(_matrix, _stored, *TV601, *HEVC), aspect=HEIGHT / WIDTH)
_wide = ("-vf", "setsar=2")
add("quarter-turn-wide-pixels.mp4", _turned(_matrix, _stored, *_wide, *H264), aspect=HEIGHT / WIDTH / 2)


@video("no-turn.mp4")
def _(out: Path) -> None:
    set_matrix(plain(out), 1, 0, 0, 1)


@video("quarter-turn-in-stream.mp4", same=False, aspect=HEIGHT / WIDTH)
def _(out: Path) -> None:
    """Only the stream says so (SEI), once in a group of frames. Version 5 of the program reads it another way."""
    encode(source := out.with_name("lying.mp4"), *TV601, *H264, turn=_stored, **UPRIGHT)
    remux(source, out, "-bsf:v", "h264_metadata=rotate=270:display_orientation=insert")


@failure("odd-angle.mp4", "the frames are to be shown at an angle that is no quarter turn")
def _(out: Path) -> None:
    set_matrix(plain(out), 0.866, 0.5, -0.5, 0.866)


# Pixels that are not square.
for _name, _options in {
    "wide-pixels.mp4": H264,
    "wide-pixels.webm": VP9,
    "wide-pixels.avi": MPEG4,
    "wide-pixels.ts": H264,
    "wide-pixels.ogv": THEORA,
    "wide-pixels.mov": MJPEG,
}.items():
    add(_name, partial(lambda out, options: encode(out, *_wide, *options), options=_options),
        aspect=2 * WIDTH / HEIGHT)  # fmt: skip
add("narrow-pixels.mp4", lambda out: encode(out, "-vf", "setsar=1/2", *H264), aspect=WIDTH / HEIGHT / 2)
PAL = {"numbers": range(6), "width": 720, "height": 576, "rate": 25}
for _name, _shape in {"pal-4-3.mkv": 4 / 3, "pal-16-9.mpg": 16 / 9}.items():
    _make = partial(lambda out, shape: encode(out, "-vf", f"setdar={shape}", *MPEG2, **PAL), shape=_shape)
    add(_name, _make, numbers=range(6), times=[k / 25 for k in range(6)], aspect=_shape)
for _suffix in ("mkv", "mp4", "mov"):  # the stream says that pixels are square, the container another shape

    @video(f"container-says-square.{_suffix}", aspect=1)
    def _(out: Path) -> None:
        remux(plain(out.with_name("source.mp4")), out, "-aspect", "1:1")


# Sizes: width, height.
YUV444 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", 10, "-pix_fmt", "yuv444p", "-threads", 1)
SIZES = {
    "odd.mp4": (63, 47, YUV444), "odd.webm": (63, 47, VP9), "odd.avi": (63, 47, MJPEG), "16.mp4": (16, 16, H264),
    "24.mp4": (24, 24, H264), "48.mp4": (48, 48, H264), "48-36.mp4": (48, 36, H264), "64-48.mp4": (64, 48, H264),
    "320-240.mp4": (320, 240, H264), "240-320.mp4": (240, 320, H264), "360-640.mp4": (360, 640, H264),
    "1080-1920.mp4": (1080, 1920, H264), "720-306.mp4": (720, 306, H264), "1000-16.mp4": (1000, 16, H264),
    "16-1000.mp4": (16, 1000, H264), "4096-2304.mp4": (4096, 2304, H264),
}  # fmt: skip
for _name, (_w, _h, _options) in SIZES.items():
    _numbers = range(2 if _w * _h > 10**6 else 8)
    add(
        _name,
        partial(lambda out, options, **drawing: encode(out, *options, **drawing), options=_options, width=_w,
                height=_h, numbers=_numbers),
        numbers=_numbers, aspect=_w / _h, readable=min(_w, _h) > 16 and max(_w, _h) < 8 * min(_w, _h),
    )  # fmt: skip
add("2.avi", lambda out: encode(out, "-c:v", "ffv1", width=2, height=2, numbers=range(4)), numbers=range(4), aspect=1,
    readable=False)  # fmt: skip
add("7680-4320.mp4", lambda out: encode(out, *TV601, *H264, "-preset", "ultrafast", width=7680, height=4320,
    numbers=range(1)), numbers=range(1), aspect=16 / 9)  # fmt: skip

# The stream changes its shape in the middle, as recordings of calls do: each frame keeps its own.
CHANGES = {"same": False, "readable": False}
for _suffix in ("mkv", "mp4", "ts"):

    @video(f"shape-changes.{_suffix}", **CHANGES)
    def _(out: Path) -> None:
        parts = out.with_name("a.h264"), out.with_name("b.h264")
        encode(parts[0], *TV601, *H264, "-bf", 0, numbers=range(12))
        encode(parts[1], *TV601, *H264, "-bf", 0, numbers=range(12, 24), **UPRIGHT)
        joined = out.with_name("ab.h264")
        joined.write_bytes(parts[0].read_bytes() + parts[1].read_bytes())
        remux(joined, out, before=("-r", 10, "-f", "h264"))
