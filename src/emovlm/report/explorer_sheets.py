"""Sprite sheets of the explorer page: small pictures of clips, many to a file, as WebP.

A sheet is a square of tiles, filled row by row. Strips hold several frames of each clip, thumbnails one. The frames
are those of the frame store, that is what the systems were shown, and never larger.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from emovlm.core.files import atomic

RATE, MOST = 5, 60  # frames a second of a strip, and how many at most
TILE = 96  # px, the longest side of a tile
QUALITY = 82


def strip_frames(times: np.ndarray) -> list[int]:
    """The frames of a strip: the first at or after each multiple of 1 / RATE s, thinned evenly to MOST.

    So a strip of a clip of up to 12 s holds exactly what samplers of 1 and of 5 frames a second take.

    Args:
        times: float [n] seconds, ascending.
    """
    ticks = np.arange(0, times[-1] + 1 / RATE, 1 / RATE)
    taken = np.unique(np.searchsorted(times, ticks - 1e-3))
    taken = taken[taken < len(times)]
    if len(taken) > MOST:
        taken = taken[np.linspace(0, len(taken) - 1, MOST).round().astype(int)]
    return taken.tolist()


def columns_of(tiles: int) -> int:
    """How many tiles a sheet is wide."""
    return max(1, math.ceil(math.sqrt(tiles)))


def tile_of(size: int) -> int:
    """Side of a tile, for stored frames of side ``size``; px."""
    return min(size, TILE)


def write_sheet(tiles: Iterable[np.ndarray], count: int, side: int, path: str | Path) -> None:
    """Write one sheet; equal tiles give equal bytes.

    Args:
        tiles: ``count`` frames, uint8 [size, size, 3].
        side: of a tile, px.
    """
    columns = columns_of(count)
    sheet = Image.new("RGB", (columns * side, max(1, math.ceil(count / columns)) * side))
    for k, frame in enumerate(tiles):
        tile = Image.fromarray(frame)
        if tile.size != (side, side):
            tile = tile.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(tile, (k % columns * side, k // columns * side))
    with atomic(path) as temporary:
        sheet.save(temporary, "WEBP", quality=QUALITY, method=4)
