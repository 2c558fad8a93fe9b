"""Edit MP4 files: their boxes have a size, a name of four letters, and content."""

import struct
from pathlib import Path


def boxes(data: bytes | bytearray, name: bytes) -> list[int]:
    """Where the content of each box of a name begins."""
    at, found = data.find(name), []
    while at >= 0:
        found.append(at + 4)
        at = data.find(name, at + 4)
    return found


def set_matrix(path: Path, a: float, b: float, c: float, d: float) -> None:
    """Have a clip's first track shown through a matrix: x, y at a x + c y, b x + d y."""
    data = bytearray(path.read_bytes())
    (begin, *_) = boxes(data, b"tkhd")
    values = [round(v * 2**16) for v in (a, b, 0, c, d, 0, 0, 0)] + [2**30]
    struct.pack_into(">9i", data, begin + 40, *values)  # version 0: 4 bytes of flags and 36 bytes of other fields
    path.write_bytes(data)


def set_edits(path: Path, *edits: tuple[int, int]) -> None:
    """Have a clip's one track show these parts of it, each a length in ms and where it begins in the track's ticks.

    The boxes of the header must come after the media, which then stay where they are.
    """
    data = bytearray(path.read_bytes())
    (begin,) = boxes(data, b"edts")
    (old,) = struct.unpack_from(">I", data, begin - 8)
    listed = b"".join(struct.pack(">IiI", length, start, 2**16) for length, start in edits)
    content = struct.pack(">I4sII", 16 + len(listed), b"elst", 0, len(edits)) + listed
    data[begin - 8 : begin - 8 + old] = struct.pack(">I4s", 8 + len(content), b"edts") + content
    for name in (b"moov", b"trak"):
        (outer,) = boxes(data, name)
        (size,) = struct.unpack_from(">I", data, outer - 8)
        struct.pack_into(">I", data, outer - 8, size + 8 + len(content) - old)
    path.write_bytes(data)
