"""Clips of many codecs, in many containers, with other tracks beside the video."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tests.clips.cases import Make, add, video
from tests.clips.drawn import FRAMES
from tests.clips.ffmpeg import H264, TV601, encode, ffmpeg, plain, remux

VP8 = ("-c:v", "libvpx", "-crf", 4, "-b:v", "2M", "-deadline", "realtime", "-threads", 1, "-pix_fmt", "yuv420p")
VP9 = ("-c:v", "libvpx-vp9", "-crf", 12, "-b:v", 0, "-deadline", "realtime", "-threads", 1, "-pix_fmt", "yuv420p")
AV1 = ("-c:v", "libsvtav1", "-qp", 20, "-preset", 10, "-pix_fmt", "yuv420p")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", 10, "-pix_fmt", "yuv420p", "-tag:v", "hvc1", "-x265-params",
        "log-level=error:pools=1:frame-threads=1")  # fmt: skip
MPEG4 = ("-c:v", "mpeg4", "-q:v", 2)
MJPEG = ("-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", "yuvj420p")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", 2)
THEORA = ("-c:v", "libtheora", "-q:v", 10)
TONE = ("-f", "lavfi", "-i", "sine=440:duration=2.4")
AT_25 = [k / 25 for k in range(FRAMES)]

CODED = {
    "h264.mp4": (*TV601, *H264),
    "h264.mov": (*TV601, *H264),
    "h264.m4v": (*TV601, *H264),
    "h264.3gp": (*TV601, *H264),
    "fragmented.mp4": (*TV601, *H264, "-movflags", "frag_keyframe+empty_moov"),
    "frame-a-fragment.mp4": (*TV601, *H264, "-movflags", "frag_every_frame+empty_moov+default_base_moof"),
    "mp4-called.avi": (*TV601, *H264, "-f", "mp4"),
    "UPPER.MP4": (*TV601, *H264, "-f", "mp4"),
    "hevc.mp4": (*TV601, *HEVC),
    "h264.mkv": (*TV601, *H264),
    "h264-b-frames.avi": (*TV601, *H264),
    "h264.ts": (*TV601, *H264),
    "h264.m2ts": (*TV601, *H264),
    "h264.flv": (*TV601, *H264),
    "sorenson.flv": (*TV601, "-c:v", "flv", "-q:v", 2),
    "vp8.webm": (*TV601, *VP8),
    "vp9.webm": (*TV601, *VP9),
    "vp9.mp4": (*TV601, *VP9),
    "av1.mp4": (*TV601, *AV1),
    "av1.webm": (*TV601, *AV1),
    "av1.mkv": (*TV601, *AV1),
    "mpeg4.avi": (*TV601, *MPEG4, "-vtag", "XVID"),
    "mpeg4-b-frames.avi": (*TV601, *MPEG4, "-bf", 2, "-vtag", "XVID"),
    "divx3.avi": (*TV601, "-c:v", "msmpeg4", "-q:v", 2),
    "mjpeg.avi": MJPEG,  # of full range
    "huffyuv.avi": (*TV601, "-c:v", "huffyuv"),
    "ffv1.mkv": (*TV601, "-c:v", "ffv1"),
    "prores.mov": (*TV601, "-c:v", "prores_ks", "-profile:v", 2),
    "png.mov": ("-c:v", "png"),
    "wmv1.wmv": (*TV601, "-c:v", "wmv1", "-q:v", 2),
    "wmv2.wmv": (*TV601, "-c:v", "wmv2", "-q:v", 2),
    "theora.ogv": (*TV601, *THEORA),
}


def _coded(*options: object, **drawing) -> Make:
    return lambda out: encode(out, *options, **drawing)


for _name, _options in CODED.items():
    add(_name, _coded(*_options), rate=10)
add("animated.gif", encode, colours=False)
for _name, _codec in {"mpeg2.mpg": "mpeg2video", "mpeg2.vob": "mpeg2video", "mpeg1.mpg": "mpeg1video"}.items():
    add(_name, _coded(*TV601, "-c:v", _codec, "-q:v", 2, rate=25), rate=25, times=AT_25)
add("one-frame.mp4", partial(plain, numbers=range(1)), numbers=range(1))
add("two-frames.mp4", partial(plain, numbers=range(2)), numbers=range(2))
add("many-frames.mp4", partial(plain, numbers=range(200)), numbers=range(200))

# Its encoder never wrote two of the frames. What is left is what players built on FFmpeg show.
add("packed-b-frames.avi", _coded(*TV601, "-c:v", "libxvid", "-q:v", 2, "-bf", 2), numbers=[*range(21), 23])


def _beside(out: Path) -> Path:
    """An ordinary clip beside ``out``."""
    return plain(out.with_name("beside.mp4"))


def _small(out: Path) -> Path:
    """A small square clip of six frames beside ``out``."""
    return plain(out.with_name("small.mp4"), width=32, height=32, numbers=range(6))


def _cover(out: Path) -> Path:
    """A large square picture beside ``out``."""
    cover = out.with_name("cover.jpg")
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(cover)
    return cover


@video("cover-first.mp4")
def _(out: Path) -> None:
    ffmpeg("-i", _cover(out), "-i", _beside(out), "-map", 0, "-map", 1, "-c", "copy", "-disposition:v:0",
           "attached_pic", out)  # fmt: skip


@video("cover-attached.mkv")
def _(out: Path) -> None:
    remux(_beside(out), out, "-attach", _cover(out), "-metadata:s:t", "mimetype=image/jpeg")


def _two(out: Path, *options: object) -> None:
    ffmpeg("-i", _small(out), "-i", _beside(out), "-map", 0, "-map", 1, "-c", "copy", *options, out)


# Of several tracks players take the default one, else the largest.
add("default-is-second.mkv", lambda out: _two(out, "-disposition:v:0", "0", "-disposition:v:1", "default"))
add("no-default.mkv", lambda out: _two(out, "-disposition:v:0", "0", "-disposition:v:1", "0"))
add("two-tracks.mp4", _two)
add("two-tracks.ts", _two)
add("default-is-small.mkv", lambda out: _two(out, "-disposition:v:0", "default", "-disposition:v:1", "0"),
    numbers=range(6), aspect=1)  # fmt: skip


@video("sound-first.mp4")
def _(out: Path) -> None:
    ffmpeg(*TONE, "-i", _beside(out), "-map", 0, "-map", 1, "-c:v", "copy", "-c:a", "aac", out)


@video("sound-longer.mp4")
def _(out: Path) -> None:
    tone = ("-f", "lavfi", "-i", "sine=440:duration=9")
    ffmpeg("-i", _beside(out), *tone, "-map", 0, "-map", 1, "-c:v", "copy", "-c:a", "aac", out)


@video("subtitles.mkv")
def _(out: Path) -> None:
    text = out.with_name("said.srt")
    text.write_text("1\n00:00:00,000 --> 00:00:05,000\nhello\n")
    ffmpeg("-i", text, "-i", _beside(out), "-map", 0, "-map", 1, "-c:v", "copy", out)


# Browsers write as they record: without a duration and without an index.
add("recorded.webm", _coded(*TV601, *VP8, "-f", "webm", "-live", 1))
add("recorded-with-sound.webm", _coded(*TV601, *VP8, "-c:a", "libopus", "-f", "webm", "-live", 1, inputs=TONE))


@video("recorded-unevenly.webm", times=[k / 10 + 0.067 * (k % 2) for k in range(FRAMES)])
def _(out: Path) -> None:
    source = out.with_name("even.mkv")
    encode(source, *TV601, *VP8)
    late = "setts=pts=PTS+67*mod(N\\,2):dts=DTS+67*mod(N\\,2)"
    remux(source, out, "-bsf:v", late, "-f", "webm", "-live", 1)


@video("title-in-latin-1.avi")
def _(out: Path) -> None:
    encode(out, *TV601, *MPEG4, "-metadata", "title=caf??")
    out.write_bytes(out.read_bytes().replace(b"caf??", b"caf\xe9\xe8"))
