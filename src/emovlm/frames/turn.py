"""How pictures are turned and mirrored for display."""

import struct

import av
import numpy as np
from av.sidedata.sidedata import Type

from emovlm.frames.container import Undecodable

Turn = tuple[int, int, int, int]
"""a, b, c, d of a display matrix, each -1, 0 or 1: the stored pixel x, y is shown at a x + c y, b x + d y."""
UPRIGHT: Turn = (1, 0, 0, 1)
EXIF: tuple[Turn, ...] = (
    UPRIGHT, (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1), (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0), (0, -1, 1, 0)
)  # fmt: skip
"""The turns that EXIF's orientations 1 to 8 ask for."""
ORIENTATION = 274  # a tag of EXIF
SLIGHT = 0.02  # a turn by less than one degree is none, as in the ffmpeg program


def swaps(turn: Turn) -> bool:
    """Whether rows become columns."""
    return not turn[0]


def turned(pictures: np.ndarray, turn: Turn) -> np.ndarray:
    """Pictures [..., height, width, 3] as they are shown; a view."""
    a, b, c, d = turn
    if swaps(turn):
        pictures = pictures.swapaxes(-3, -2)
    return pictures[..., :: b + d, :: a + c, :]  # of each pair one is 0


def turn_of(frame: av.VideoFrame, before: Turn = UPRIGHT) -> Turn:
    """The turn that a frame's display matrix asks for; one without a matrix is turned as the frame ``before`` it.

    Raises:
        Undecodable: it is no quarter turn, with or without a mirror.
    """
    try:
        matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV knows no EXIF data, which motion JPEG may have, and then shows none of the frame's data
        if frame.rotation:
            raise Undecodable("the frames are turned by EXIF data, which are read in folders of images alone") from None
        return before
    return before if matrix is None else _quarter(*struct.unpack_from("=5i", bytes(matrix)))


def exif_turn(image: bytes) -> Turn:
    """The turn that the EXIF data of a JPEG or PNG file ask for; none where there are no such data.

    Source: CIPA DC-008 (EXIF 3.0), tag 274; the data are a small TIFF file.
    """
    tiff = image.partition(b"Exif\0\0")[2] or image.partition(b"eXIf")[2]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * entry)
            if tag == ORIENTATION:
                return EXIF[value - 1] if 0 < value <= len(EXIF) else UPRIGHT
    except struct.error:
        pass  # cut off: as viewers do, show it as it is stored
    return UPRIGHT


def _quarter(a: int, b: int, _: int, c: int, d: int) -> Turn:
    kept, crossed = sorted((abs(a), abs(d))), sorted((abs(b), abs(c)))
    if not kept[1] and not crossed[1]:
        return UPRIGHT  # no matrix at all
    if kept[0] and crossed[1] <= SLIGHT * kept[0]:
        return _sign(a), 0, 0, _sign(d)
    if crossed[0] and kept[1] <= SLIGHT * crossed[0]:
        return 0, _sign(b), _sign(c), 0
    raise Undecodable("the frames are to be shown at an angle that is no quarter turn")


def _sign(value: int) -> int:
    return 1 if value > 0 else -1
