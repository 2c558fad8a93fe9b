"""How a picture is fitted to a square."""

from typing import Literal

import numpy as np
from av.video.format import VideoFormat

Fit = Literal["pad", "stretch", "crop"]


def inner_size(height: float, width: float, size: int, fit: Fit = "pad") -> tuple[int, int]:
    """Height and width that a picture is scaled to before it becomes a square of ``size`` px.

    ``pad``: its longer side becomes ``size``, and black is put around it. ``crop``: its shorter side does, and the
    middle is cut out. ``stretch``: both sides do.
    """
    if fit == "stretch":
        return size, size
    side = max(height, width) if fit == "pad" else min(height, width)
    return max(1, round(height * size / side)), max(1, round(width * size / side))


def put_in_middle(pictures: np.ndarray, squares: np.ndarray) -> None:
    """Copy pictures [..., height, width, 3] into the middle of squares [..., size, size, 3]; more is cut off."""
    inside, outside = [], []
    for length, size in zip(pictures.shape[-3:-1], squares.shape[-3:-1], strict=True):
        before, kept = (size - length) // 2, min(size, length)
        inside.append(slice(max(-before, 0), max(-before, 0) + kept))
        outside.append(slice(max(before, 0), max(before, 0) + kept))
    squares[..., outside[0], outside[1], :] = pictures[..., inside[0], inside[1], :]


def transparent(kind: VideoFormat) -> bool:
    """Whether pictures of a pixel format may be transparent."""
    return kind.has_palette or any(part.is_alpha for part in kind.components)


def over_black(picture: np.ndarray) -> np.ndarray:
    """A picture uint8 [height, width, 4] (RGB and alpha), laid over black: uint8 [height, width, 3]."""
    return (picture[..., :3] * (picture[..., 3:] / 255.0)).round().astype(np.uint8)
