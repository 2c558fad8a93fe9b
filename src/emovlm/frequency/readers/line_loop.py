"""One look at all bytes of a block of lines: how many lines there are, and how many of them are not UTF-8."""

import numba as nb
import numpy as np

AT_ONCE = 192  # bytes looked at together, of which most are ASCII; their line ends can be counted in a byte
LINE_END = 10


@nb.njit(cache=True)
def count_lines(data: np.ndarray) -> tuple[int, int]:
    """The number of lines and of those that are not valid UTF-8, as Python decodes it.

    Args:
        data: (bytes,) uint8, which end with a line end.
    """
    n = len(data)
    i = lines = invalid = 0
    wrong = False  # the line that is read
    while i < n:
        stop = min(i + AT_ONCE, n)
        if data[i] < 0x80 and stop == i + AT_ONCE:
            together, ends = _look(data[i:stop])
            if together < 0x80:
                lines += ends
                if wrong and ends:
                    invalid, wrong = invalid + 1, False
                i = stop
                continue
        while i < stop:
            byte = data[i]
            # Most Chinese characters: any two bytes of the form 10xxxxxx may follow these first ones.
            if 0xE1 <= byte <= 0xEC and i + 2 < n and (data[i + 1] & 0xC0) == 0x80 and (data[i + 2] & 0xC0) == 0x80:
                i += 3
                continue
            if byte == LINE_END:
                lines += 1
                if wrong:
                    invalid, wrong = invalid + 1, False
            if byte < 0x80:
                i += 1
                continue
            length = _length(data, i, n)
            wrong |= length == 0
            i += max(length, 1)
    return lines, invalid


@nb.njit(cache=True)
def _look(data: np.ndarray) -> tuple[int, int]:
    """All bits that any byte has, and the number of line ends. Written so that the compiler makes vectors of it."""
    together, ends = np.uint8(0), np.uint8(0)
    for byte in data:
        together |= byte
        ends = np.uint8(ends + np.uint8(byte == LINE_END))
    return together, ends


@nb.njit(cache=True)
def _length(data: np.ndarray, i: int, n: int) -> int:
    """Bytes of the character that begins at ``i``; 0 if none does (table 3-7 of the Unicode Standard)."""
    first = data[i]
    if first < 0xC2 or first > 0xF4:
        return 0
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if i + length > n:
        return 0
    low = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
    high = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
    if not low <= data[i + 1] <= high:
        return 0
    for k in range(i + 2, i + length):
        if not 0x80 <= data[k] <= 0xBF:
            return 0
    return length
