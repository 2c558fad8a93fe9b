"""Coded clips: the frames of a clip as packets of a codec without loss, of which some are read without the others.

A coded clip is one array of bytes: a header of 32-bit little-endian numbers (``HEADER``, then the length and the CRC-32
of each packet), then the packets, one a frame, in the order of :class:`emovlm.frames.codecs.Groups`.
"""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frames.codecs import CODECS, Codec, Damaged, Groups

HEADER = 6  # CRC-32 of the rest of the header; frames; height and width in px; length and step of groups
MOST_SIDE, MOST_LENGTH = 4096, 250  # px; frames of a group, which are in memory together
MOST_BYTES = 2**32  # of the pixels of a clip: more is never put into memory at once


def coded(pixels: np.ndarray, encoding: str) -> np.ndarray:
    """Code the frames of a clip, and make sure that decoding gives them back.

    Args:
        pixels: uint8 [n, height, width, 3] (RGB).
        encoding: a key of ``CODECS``.

    Returns:
        uint8 [bytes].

    Raises:
        StudyError: the clip is too large, or this machine's encoder is missing or does not give the frames back.
    """
    codec, (n, height, width, _) = CODECS[encoding], pixels.shape
    if max(height, width) > MOST_SIDE or pixels.nbytes > MOST_BYTES:
        raise StudyError(
            f"{n} frames of {width} x {height} px are too many for the encoding {encoding}; choose raw, or cut the clip"
        )
    packets = codec.encode([pixels[k] for k in codec.groups.order(n)]) if n else []
    lengths, sums = [len(packet) for packet in packets], [zlib.crc32(packet) for packet in packets]
    groups = codec.groups.length, codec.groups.step
    rest = np.array([n, height, width, *groups, *lengths, *sums], "<u4").tobytes()
    header = zlib.crc32(rest).to_bytes(4, "little") + rest
    result = np.frombuffer(b"".join([header, *packets]), np.uint8)
    try:
        same = all(np.array_equal(frame, pixels[k]) for k, frame in Coded(result, codec).decoded(range(n)))
    except Damaged as error:
        raise StudyError(f"what this machine codes as {encoding} it cannot decode: {error}") from None
    if not same:
        raise StudyError(f"this machine does not code {encoding} without loss; install the pinned packages")
    return result


class Coded:
    """A coded clip, of which only the frames asked for are decoded, with those that they need."""

    def __init__(self, stored: np.ndarray, codec: Codec) -> None:
        """``stored``: uint8 [bytes], of :func:`coded`.

        Raises:
            Damaged: the header is not that of a coded clip.
        """
        self._bytes, self._codec = np.ascontiguousarray(stored).data, codec
        if stored.dtype != np.uint8 or stored.ndim != 1 or len(stored) < 4 * HEADER:
            raise Damaged("it has no header")
        first, n, self._height, self._width, length, step = np.frombuffer(self._bytes, "<u4", HEADER).tolist()
        end = 4 * (HEADER + 2 * n)
        if end > len(stored) or zlib.crc32(self._bytes[4:end]) != first:
            raise Damaged("its header was changed")
        lengths, self._sums = np.frombuffer(self._bytes, "<u4", 2 * n, 4 * HEADER).reshape(2, n)
        self._ends = end + np.cumsum(lengths, dtype=np.int64)
        if (self._ends[-1] if n else end) != len(stored):
            raise Damaged("it was cut off")
        sides = self._height, self._width
        if min(*sides, length, step) < 1 or max(sides) > MOST_SIDE or length > MOST_LENGTH:
            raise Damaged(f"its frames would be of {self._width} x {self._height} px, in groups of {length}")
        if n * self._height * self._width * 3 > MOST_BYTES:
            raise Damaged(f"its {n} frames of {self._width} x {self._height} px would not fit into memory")
        self._starts, self._length, self._order = self._ends - lengths, length, Groups(length, step).order(n)

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._ends)

    def frames(self, indices: Sequence[int]) -> np.ndarray:
        """Frames in the order of ``indices``, which must exist: uint8 [len(indices), height, width, 3].

        Raises:
            Damaged: a packet was changed.
        """
        asked, places = np.unique(np.asarray(indices, np.int64), return_inverse=True)
        pixels = np.empty((len(asked), self._height, self._width, 3), np.uint8)
        for index, frame in self.decoded(asked):
            pixels[np.searchsorted(asked, index)] = frame
        return pixels if np.array_equal(places, np.arange(len(asked))) else pixels[places]

    def decoded(self, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Frames one by one with their indices, in the order in which they are coded: uint8 [height, width, 3] each.

        Raises:
            Damaged: a packet was changed.
        """
        places = np.flatnonzero(np.isin(self._order, indices))
        for group in np.unique(places // self._length):
            start, here = group * self._length, places[places // self._length == group]
            packets = [self._packet(k) for k in range(start, here[-1] + 1)]
            frames = self._codec.decode(packets, here - start, self._height, self._width)
            yield from zip(self._order[here].tolist(), frames, strict=True)

    def _packet(self, k: int) -> bytes:
        packet = bytes(self._bytes[self._starts[k] : self._ends[k]])
        if zlib.crc32(packet) != self._sums[k]:
            raise Damaged(f"frame {self._order[k]} was changed")
        return packet
