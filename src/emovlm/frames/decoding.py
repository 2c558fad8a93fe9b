"""Decode all frames of one clip, scaled to a small square: with decord where it can be trusted, else with PyAV."""

from dataclasses import dataclass

import decord
import numpy as np

from emovlm.frames.clock import clock_of
from emovlm.frames.container import DAMAGED, Undecodable, open_container, video_stream
from emovlm.frames.exact import decode_exactly
from emovlm.frames.fit import Fit, enlarged, inner_size, put_in_middle, shrunk
from emovlm.frames.header import plain_ticks

BATCH = 64  # frames decoded at once, so that a long clip at full size never fills the memory


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


def decode_clip(path: str, size: int, fit: Fit = "pad") -> DecodedClip:
    """Decode the frames that a player shows into squares of ``size`` px (:func:`emovlm.frames.fit.inner_size`).

    The decoder scales (bilinear, with the low-pass filter that shrinking needs): on the picture's own
    luma and chroma planes, that costs less than converting the full frame to RGB. decord and PyAV give the same
    pixels and times for what both read.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: the file is no video, has no frames, or is damaged.
    """
    with open_container(path) as container:
        stream = video_stream(container)
        height, width, time_base, rate = stream.height, stream.width, stream.time_base, stream.average_rate
        ticks = plain_ticks(container, stream)
    pixels = None if ticks is None else _fast(path, height, width, size, len(ticks), fit)
    if pixels is None:
        with open_container(path) as container:
            shown = decode_exactly(container, video_stream(container), size, fit)
        pixels, ticks, height, width = shown.pixels, shown.ticks, shown.height, shown.width
    return DecodedClip(pixels, **vars(clock_of(ticks, time_base, rate)), width=width, height=height)


def _fast(path: str, height: int, width: int, size: int, n: int, fit: Fit) -> np.ndarray | None:
    """Decode with decord, uint8 [n, size, size, 3]; None if it finds another number of frames than ``n``."""
    decord.logging.set_level(decord.logging.QUIET)
    inner_height, inner_width = inner_size(height, width, size, fit)
    times = enlarged(inner_width)
    reader = _open(path, height=times * inner_height, width=times * inner_width)
    if len(reader) != n:
        return None
    pixels = np.zeros((n, size, size, 3), np.uint8)
    for start in range(0, n, BATCH):
        indices = range(start, min(n, start + BATCH))
        put_in_middle(shrunk(_batch(reader, indices, n), times), pixels[start : indices.stop])
    return pixels


def _open(path: str, height: int, width: int) -> decord.VideoReader:
    try:
        return decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1, height=height, width=width)
    except (RuntimeError, decord.DECORDError):
        raise Undecodable(DAMAGED) from None


def _batch(reader: decord.VideoReader, indices: range, n: int) -> np.ndarray:
    try:
        return reader.get_batch(list(indices)).asnumpy()
    except (RuntimeError, decord.DECORDError):
        what = f"frame {indices[0]}" if len(indices) == 1 else f"frames {indices[0]} to {indices[-1]}"
        raise Undecodable(f"{what} of {n} cannot be decoded") from None
