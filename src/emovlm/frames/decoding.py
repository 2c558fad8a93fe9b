"""Decode all frames of one clip as a player shows them, scaled to a small square."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import av
import av.filter
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from emovlm.frames.clock import clock_of
from emovlm.frames.container import (
    DAMAGED,
    MP4,
    STEADY,
    Undecodable,
    Unsteady,
    open_container,
    undecodable,
    video_stream,
)
from emovlm.frames.fit import Fit, inner_size, over_black, put_in_middle, transparent
from emovlm.frames.turn import UPRIGHT, Turn, swaps, turn_of

FILTERS: dict[Turn, tuple[tuple[str, str], ...]] = {
    UPRIGHT: (),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}
"""FFmpeg's filters that turn a picture, with their options."""


@dataclass(frozen=True)
class DecodedClip:
    """The frames of a clip.

    ``pixels`` is uint8 [n, size, size, 3] (RGB); ``timestamps_s`` float64 [n], in seconds from the first frame, to
    the microsecond; ``fps`` and ``duration_s`` as of :class:`emovlm.frames.clock.Clock`; ``width`` and ``height`` are
    those of the first frame as a player shows it, in px: turned, and in its own shape.
    """

    pixels: np.ndarray
    timestamps_s: np.ndarray
    fps: float
    duration_s: float
    width: int
    height: int


def decode_clip(path: str, size: int, fit: Fit = "pad", steady_only: bool = False) -> DecodedClip:
    """Decode the frames that a player shows into squares of ``size`` px (:func:`emovlm.frames.fit.inner_size`).

    Each frame is turned, given its shape, and fitted to the square by itself. FFmpeg scales (bilinear, with the
    low-pass filter that shrinking needs) on the picture's own luma and chroma planes, which costs less than converting
    the full frame to RGB.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: the file is no video, has no frames, or is damaged; a frame is turned by an odd angle; times are
            missing.
        Unsteady: ``steady_only``, and the decoder is not one of ``container.STEADY``.
    """
    with open_container(path) as container:
        stream = video_stream(container)
        if steady_only and stream.codec_context.name not in STEADY:
            raise Unsteady
        return _decode(container, stream, size, fit)


def _decode(container: InputContainer, stream: VideoStream, size: int, fit: Fit) -> DecodedClip:
    stream.thread_count = 1
    shape = stream.sample_aspect_ratio or 1
    scaler, turn, pixels, times, first = _Scaler(), UPRIGHT, bytearray(), [], None
    for frame in _frames(container, stream):
        turn = turn_of(frame, turn)
        display = frame.height, frame.width * shape
        display = display[::-1] if swaps(turn) else display
        height, width = inner_size(*display, size, fit)
        square = np.zeros((size, size, 3), np.uint8)
        with undecodable(lambda: f"frame {len(times)} has a pixel format that cannot be shown"):
            put_in_middle(scaler.scaled(frame, turn, height, width), square)
        pixels += square.tobytes()
        times.append((frame.pts, frame.dts, frame.duration))
        first = first or display
    if not first:
        raise Undecodable("the video has no frames")
    height, width = (max(1, round(side)) for side in first)
    clock = clock_of(_ticks(times), stream.time_base, stream.average_rate)
    return DecodedClip(np.frombuffer(pixels, np.uint8).reshape(-1, size, size, 3), **vars(clock), width=width,
                       height=height)  # fmt: skip


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """The frames in the order in which they are shown, from the first keyframe on: players skip what is before it."""
    begin, packets, shown = None, 0, 0
    with undecodable(lambda: f"frame {shown} cannot be decoded"):
        for packet in container.demux(stream):
            packets += packet.size > 0
            if begin is None and not packet.is_keyframe:
                continue
            begin = packet if begin is None else begin
            for frame in packet.decode():
                if frame.is_corrupt:
                    if shown or begin.pts is None or frame.pts is None or frame.pts >= begin.pts:
                        raise Undecodable(f"frame {shown} is damaged")
                    continue  # it refers to what was cut off before the first keyframe
                shown += 1
                yield frame
    if container.format.name == MP4 and packets < len(stream.index_entries):
        raise Undecodable(DAMAGED)


def _ticks(frames: list[tuple[int | None, int | None, int]]) -> np.ndarray:
    """When frames are shown, int64 [n], of their presentation times, decoding times and durations.

    Files as AVI store decoding times alone, from which FFmpeg guesses the others, sometimes wrongly. Of the two, those
    are taken that go back less often, as in the ffmpeg program. A frame without a time follows at the last interval.
    """
    kind = min((0, 1), key=lambda kind: (frames[0][kind] is None, _steps_back([frame[kind] for frame in frames])))
    ticks: list[int] = []
    for frame in frames:
        tick = frame[kind]
        if tick is None:
            step = ticks[-1] - ticks[-2] if len(ticks) > 1 else frame[2] if ticks else 0
            if step <= 0:
                raise Undecodable("the frames have no timestamps")
            tick = ticks[-1] + step
        ticks.append(tick)
    return np.array(ticks, np.int64)


def _steps_back(times: list[int | None]) -> int:
    known = [time for time in times if time is not None]
    return sum(b < a for a, b in pairwise(known))


class _Scaler:
    """Turns frames and scales them to RGB; its graph of filters is kept while frames are alike."""

    def __init__(self) -> None:
        self._made_for: tuple | None = None

    def scaled(self, frame: av.VideoFrame, turn: Turn, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3]; what is transparent is laid over black."""
        kind = "rgba" if transparent(frame.format) else "rgb24"
        made_for = frame.height, frame.width, frame.format.name, turn, height, width
        if made_for != self._made_for:
            scale = ("scale", f"{width}:{height}:flags=bilinear")
            filters = (*FILTERS[turn], scale, ("format", kind), ("buffersink", ""))
            self._graph, self._made_for = av.filter.Graph(), made_for
            source = self._graph.add_buffer(template=frame, time_base=frame.time_base)
            self._graph.link_nodes(source, *(self._graph.add(*each) for each in filters)).configure()
        self._graph.push(frame)
        picture = self._graph.pull().to_ndarray()
        return over_black(picture) if kind == "rgba" else picture
