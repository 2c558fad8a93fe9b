"""Decode all frames of one clip with decord, scaled to a small square."""

import itertools
from dataclasses import dataclass
from typing import Literal

import av
import decord
import numpy as np

Fit = Literal["pad", "stretch", "crop"]
BATCH = 64  # frames decoded at once, so that a long clip at full size never fills the memory
# Real containers only: playlists and the like, whatever they are called, would make the decoder open other files.
CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi")
NO_VIDEO = "the file cannot be opened as a video"


class Undecodable(Exception):
    """A clip cannot be decoded; the message is the reason, free of paths, times and addresses."""


@dataclass(frozen=True)
class DecodedClip:
    """The frames of a clip.

    ``pixels`` is uint8 [n, size, size, 3] (RGB); ``timestamps_s`` float64 [n], in seconds from the first frame, to
    the microsecond; ``width`` and ``height`` are the file's own, in px.
    """

    pixels: np.ndarray
    timestamps_s: np.ndarray
    fps: float
    duration_s: float
    width: int
    height: int


def decode_clip(path: str, size: int, fit: Fit = "pad") -> DecodedClip:
    """Decode a clip into squares of ``size`` px (:func:`inner_size`).

    The decoder scales (bicubic, with the low-pass filter that shrinking needs): on the picture's own
    luma and chroma planes, that costs less than converting the full frame to RGB.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: the file is no video, has no frames, or is damaged.
    """
    decord.logging.set_level(decord.logging.QUIET)
    height, width = _shape(path)
    inner_height, inner_width = inner_size(height, width, size, fit)
    over = next(k for k in itertools.count(1) if not _misread(k * inner_width))
    reader = _open(path, height=over * inner_height, width=over * inner_width)
    n = len(reader)
    if n == 0:
        raise Undecodable("the video has no frames")
    pixels = np.zeros((n, size, size, 3), np.uint8)
    for start in range(0, n, BATCH):
        indices = range(start, min(n, start + BATCH))
        batch = _batch(reader, indices, n)
        if over > 1:
            blocks = batch.reshape(len(batch), inner_height, over, inner_width, over, 3)
            batch = blocks.mean(axis=(2, 4)).round()
        put_in_middle(batch, pixels[start : indices.stop])
    starts, ends = reader.get_frame_timestamp(list(range(n))).astype(np.float64).T
    if not (np.diff(starts) >= 0).all() or not ends[-1] > starts[0]:
        raise Undecodable("the frames' timestamps do not increase")
    return DecodedClip(
        pixels=pixels,
        timestamps_s=(starts - starts[0]).round(6),
        fps=round(float(reader.get_avg_fps()), 6),
        duration_s=round(float(ends[-1] - starts[0]), 6),
        width=width,
        height=height,
    )


def inner_size(height: int, width: int, size: int, fit: Fit = "pad") -> tuple[int, int]:
    """Height and width that a picture is scaled to before it becomes a square of ``size`` px.

    ``pad``: its longer side becomes ``size``, and black is put around it. ``crop``: its shorter side does, and the
    middle is cut out. ``stretch``: both sides do.
    """
    if fit == "stretch":
        return size, size
    side = max(height, width) if fit == "pad" else min(height, width)
    return max(1, round(height * size / side)), max(1, round(width * size / side))


def put_in_middle(pictures: np.ndarray, squares: np.ndarray) -> None:
    """Copy pictures [n, height, width, 3] into the middle of squares [n, size, size, 3]; more is cut off."""
    inside, outside = [], []
    for length, size in zip(pictures.shape[1:3], squares.shape[1:3], strict=True):
        before, kept = (size - length) // 2, min(size, length)
        inside.append(slice(max(-before, 0), max(-before, 0) + kept))
        outside.append(slice(max(before, 0), max(before, 0) + kept))
    squares[:, outside[0], outside[1]] = pictures[:, inside[0], inside[1]]


def open_container(path: str) -> av.container.InputContainer:
    """Open a file as a video, and nothing else that its content may point at.

    Raises:
        Undecodable: it is none.
    """
    try:
        container = av.open(path, options={"protocol_whitelist": "file"})
    except av.FFmpegError:
        raise Undecodable(NO_VIDEO) from None
    if container.format.name not in CONTAINERS:
        container.close()
        raise Undecodable(NO_VIDEO)
    return container


def _shape(path: str) -> tuple[int, int]:
    """Height and width from the file's header; with PyAV, since decord decodes a second time to tell them."""
    try:
        with open_container(path) as container:
            stream = container.streams.video[0]
            height, width = stream.height, stream.width
    except (av.FFmpegError, IndexError):
        raise Undecodable(NO_VIDEO) from None
    if height < 1 or width < 1:
        raise Undecodable(NO_VIDEO)
    return height, width


def _misread(width: int) -> bool:
    """Whether decord refuses frames of this width, as it does 16, 24 and 48 px.

    FFmpeg pads rows; decord takes the padded length divided by the width for the number of channels wherever that is
    a whole number, then finds that the sizes differ. The padding depends on the processor's vector length.
    """
    for alignment in (16, 32, 64):
        step = 1
        while 3 * (padded := -(-width // step) * step) % alignment:
            step *= 2
        if padded != width and 3 * padded % width == 0:
            return True
    return False


def _open(path: str, height: int, width: int) -> decord.VideoReader:
    try:
        return decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1, height=height, width=width)
    except (RuntimeError, decord.DECORDError):
        raise Undecodable("the video is damaged or cut off") from None


def _batch(reader: decord.VideoReader, indices: range, n: int) -> np.ndarray:
    try:
        return reader.get_batch(list(indices)).asnumpy()
    except (RuntimeError, decord.DECORDError):
        what = f"frame {indices[0]}" if len(indices) == 1 else f"frames {indices[0]} to {indices[-1]}"
        raise Undecodable(f"{what} of {n} cannot be decoded") from None
