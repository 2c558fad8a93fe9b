"""Open a video file with PyAV and choose the tracks that a player would."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

# Real containers only: playlists and the like, whatever they are called, would make the decoder open other files.
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"  # as FFmpeg calls MP4 and its relatives
CONTAINERS = (MP4, "matroska,webm", "avi", "mpegts", "flv", "mpeg", "asf", "ogg", "gif")
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
NO_VIDEO = "the file cannot be opened as a video"
DAMAGED = "the video is damaged or cut off"
PICTURES_ONLY = Disposition.attached_pic | Disposition.timed_thumbnails  # a cover, previews of chapters


STEADY = ("h264", "hevc", "mpeg4", "vp9")
"""Decoders that show of a damaged file the same frames each time. Those of VP8, MJPEG and FFV1 do not: what they cannot
decode is what memory happens to hold."""


class Unsteady(Exception):
    """A clip's decoder is not one of ``STEADY``."""


class Undecodable(Exception):
    """A clip cannot be decoded; the message is the reason, free of paths, times and addresses."""


@contextmanager
def undecodable(reason: Callable[[], str]) -> Iterator[None]:
    """Says that a clip cannot be decoded where FFmpeg fails, but for want of memory, which is the machine's fault.

    Raises:
        Undecodable: for this reason.
    """
    try:
        yield
    except MemoryError:  # FFmpeg's too
        raise
    except (av.FFmpegError, ValueError):
        raise Undecodable(reason()) from None


def open_container(path: str) -> InputContainer:
    """Open a file as a video, and nothing else that its content may point at.

    Raises:
        Undecodable: it is none.
    """
    with undecodable(lambda: NO_VIDEO):
        return av.open(path, options=OPTIONS, metadata_errors="replace")


def video_stream(container: InputContainer) -> VideoStream:
    """The track that players show: the default one, the one of the largest picture among several, else the first.

    Raises:
        Undecodable: there is no video track, or no decoder for it.
    """
    shown = [stream for stream in container.streams.video if not stream.disposition & PICTURES_ONLY]
    if not shown:
        raise Undecodable("the file has no video track")
    stream = max(shown, key=lambda s: (bool(s.disposition & Disposition.default), _area(s)))
    if stream.codec_context is None:
        raise Undecodable(f"there is no decoder for its video codec {_codec(container, stream.index)}")
    if _area(stream) < 1:
        raise Undecodable(DAMAGED)
    return stream


def audio_stream(container: InputContainer) -> AudioStream | None:
    """The track that players play: the default one, else the first; None if there is none."""
    return max(container.streams.audio, key=lambda s: bool(s.disposition & Disposition.default), default=None)


def _area(stream: VideoStream) -> int:
    return stream.width * stream.height if stream.codec_context else 0


def _codec(container: InputContainer, index: int) -> str:
    """What the container calls a codec that is unknown to PyAV: FFmpeg's summary of the file alone tells."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        told = re.search(rf"Stream #0:{index}\b.*?: Video: (?:none \()?([^\s,)/]+)", container.dumps_format())
    finally:
        av.logging.set_level(level)
    return told[1] if told and told[1].isprintable() else "(unnamed)"
