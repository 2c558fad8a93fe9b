"""How a picture is fitted to a square: scaled until it fits, its shape kept, and padded with black."""

import itertools

import numpy as np
from av.video.format import VideoFormat


def inner_size(height: float, width: float, size: int) -> tuple[int, int]:
    """Height and width of a picture scaled to fit a square of ``size`` px."""
    return max(1, round(height * size / max(height, width))), max(1, round(width * size / max(height, width)))


def inside(squares: np.ndarray, height: int, width: int) -> np.ndarray:
    """The middle of squares [..., size, size, 3], for pictures [..., height, width, 3]: a view to write to."""
    top, left = (squares.shape[-3] - height) // 2, (squares.shape[-2] - width) // 2
    return squares[..., top : top + height, left : left + width, :]


def enlarged(width: int) -> int:
    """How many times larger than wanted a decoder must scale a picture of this width, for decord to read it.

    decord refuses some widths, as 16, 24 and 48 px. FFmpeg pads rows; decord takes the padded length divided by the
    width for the number of channels wherever that is a whole number, then finds that the sizes differ. The padding
    depends on the processor's vector length.
    """
    return next(k for k in itertools.count(1) if not _misread(k * width))


def shrunk(pictures: np.ndarray, times: int) -> np.ndarray:
    """Pictures [n, times * height, times * width, channels], made smaller: each pixel is the mean of a block."""
    if times == 1:
        return pictures
    n, height, width, channels = pictures.shape
    return pictures.reshape(n, height // times, times, width // times, times, channels).mean(axis=(2, 4)).round()


def transparent(kind: VideoFormat) -> bool:
    """Whether pictures of a pixel format may be transparent."""
    return kind.has_palette or any(part.is_alpha for part in kind.components)


def over_black(picture: np.ndarray) -> np.ndarray:
    """A picture uint8 [height, width, 4] (RGB and alpha), laid over black: uint8 [height, width, 3]."""
    return (picture[..., :3] * (picture[..., 3:] / 255.0)).round().astype(np.uint8)


def _misread(width: int) -> bool:
    for alignment in (16, 32, 64):
        step = 1
        while 3 * (padded := -(-width // step) * step) % alignment:
            step *= 2
        if padded != width and 3 * padded % width == 0:
            return True
    return False
