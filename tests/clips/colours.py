"""Clips of other colour spaces, ranges, samplings and depths."""

from functools import partial
from pathlib import Path

from tests.clips.cases import add
from tests.clips.containers import HEVC, VP9
from tests.clips.drawn import FRAMES
from tests.clips.ffmpeg import H264, encode


def _tags(matrix: str, primaries: str, transfer: str) -> tuple[str, ...]:
    return "-colorspace", matrix, "-color_primaries", primaries, "-color_trc", transfer


def _to(matrix: str, values: str = "tv") -> str:
    return f"scale=out_color_matrix={matrix}:out_range={values}"


T601, T709 = _tags("smpte170m", "smpte170m", "smpte170m"), _tags("bt709", "bt709", "bt709")
T2020 = _tags("bt2020nc", "bt2020", "bt2020-10")
X264 = H264[: H264.index("-pix_fmt")]
X265 = HEVC[: HEVC.index("-pix_fmt")]
TEN = ("-pix_fmt", "yuv420p10le", *HEVC[HEVC.index("-tag:v") :])
COLOURED = {
    "untagged.mp4": (_to("bt601"), H264),
    "601.mp4": (_to("bt601"), (*H264, *T601)),
    "709.mp4": (_to("bt709"), (*H264, *T709)),
    "709-full-range.mp4": (_to("bt709", "pc"), (*H264, *T709, "-color_range", "pc")),
    "601-full-range.mp4": (_to("bt601", "pc"), (*X264, "-pix_fmt", "yuvj420p")),
    "2020-10-bit.mp4": (_to("bt2020"), (*X265, *TEN, *T2020)),
    "hevc-10-bit.mp4": (_to("bt709"), (*X265, *TEN, *T709)),
    "h264-10-bit.mp4": (_to("bt601"), (*X264, "-pix_fmt", "yuv420p10le")),
    "422.mp4": (_to("bt601"), (*X264, "-pix_fmt", "yuv422p")),
    "444.mp4": (_to("bt601"), (*X264, "-pix_fmt", "yuv444p")),
    "grey.mp4": (_to("bt601"), (*X264, "-pix_fmt", "gray")),
    "grey.avi": ("scale,format=gray", ("-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", "gray", "-strict", -1)),
    "rgb-h264.mp4": ("null", ("-c:v", "libx264rgb", "-preset", "veryfast", "-crf", 10, "-threads", 1)),
    "rgb-ffv1.mkv": ("null", ("-c:v", "ffv1", "-pix_fmt", "bgr0")),
    "rgb-animation.mov": ("null", ("-c:v", "qtrle", "-pix_fmt", "rgb24")),
    "rgb-raw.avi": ("null", ("-c:v", "rawvideo", "-pix_fmt", "bgr24")),
    "prores-4444.mov": (_to("bt601"), ("-c:v", "prores_ks", "-profile:v", 4, "-pix_fmt", "yuva444p10le")),
    "interlaced.mp4": (_to("bt601"), (*H264, "-flags", "+ilme+ildct", "-x264opts", "tff=1")),
    "vp9-10-bit.webm": (_to("bt601"), (*VP9[:-2], "-profile:v", 2, "-pix_fmt", "yuv420p10le")),
    "vp9-opaque.webm": (_to("bt601"), (*VP9[:-2], "-pix_fmt", "yuva420p", "-auto-alt-ref", 0)),
}


def _coloured(out: Path, vf: str, options: tuple, **drawing) -> None:
    encode(out, "-vf", vf, *options, **drawing)


for _name, (_vf, _options) in COLOURED.items():
    add(_name, partial(_coloured, vf=_vf, options=_options), numbers=range(FRAMES),
        colours=not _name.startswith("grey"))  # fmt: skip
# Without a tag it is read as BT.601, as by the ffmpeg program (docs/how-to/adding-a-dataset.md): drawn here as BT.709.
add("untagged-hd.mp4", partial(_coloured, vf=_to("bt709"), options=H264, width=1280, height=720, numbers=range(4)),
    numbers=range(4), aspect=16 / 9, colours=False)  # fmt: skip
