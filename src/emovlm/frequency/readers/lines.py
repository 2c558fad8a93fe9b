"""Buffers of whole documents from a stream, in constant memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emovlm.frequency.readers.streams import PlainStream, Stream

LONGEST = 16 << 20
"""A longer document is cut before this many bytes: at its last line end, else white space, else character."""
SPACE = b" \t\n\r\f\v"
NEAR_END = 1 << 12
"""Bytes at the end of a block in which its last line usually ends."""


@dataclass(frozen=True)
class Held:
    """Whole documents.

    Attributes:
        data: their bytes.
        cut: the last one goes on: it is longer than ``LONGEST``.
    """

    data: bytes
    cut: bool = False


def whole_documents(stream: Stream, size: int, last_end: Callable[[bytearray, int], int]) -> Iterator[Held]:
    """The content of a stream, cut behind documents.

    Where a document is cut depends on nothing but its own bytes.

    Args:
        size: bytes to gather before documents are handed on.
        last_end: of a buffer and the number of bytes in it: the offset behind the last document that surely ends
            there, 0 for none.
    """
    if last_end is last_line_end and isinstance(stream, PlainStream):
        yield from _whole_lines(stream, size)
    buffer, filled = bytearray(min(size, LONGEST)), 0
    while True:
        n = stream.readinto(memoryview(buffer)[filled:])
        filled += n
        if n and filled < len(buffer):
            continue
        end = last_end(buffer, filled) if n else filled
        cut = False
        if not end and n:
            if len(buffer) < LONGEST:
                buffer.extend(bytes(min(len(buffer), LONGEST - len(buffer))))
                continue
            end, cut = _where_to_cut(buffer), True
        if end:
            yield Held(bytes(memoryview(buffer)[:end]), cut)
        buffer[: filled - end] = buffer[end:filled]
        filled -= end
        if not n:
            return


def _whole_lines(stream: PlainStream, size: int) -> Iterator[Held]:
    """Lines of a plain file, each block read as it is handed on: copying it out of a buffer would take half as long.

    Ends where a line goes on beyond ``size`` or so, or the file ends; the rest is left in the stream.
    """
    ahead = max(0, size - NEAR_END)
    while True:
        tail = stream.peek(ahead, size - ahead)
        end = tail.rfind(b"\n") + 1
        if len(tail) < size - ahead or not end:
            return
        yield Held(stream.read(ahead + end))


def _where_to_cut(buffer: bytearray) -> int:
    """The offset to cut a full buffer at that holds the beginning of one document."""
    if end := buffer.rfind(b"\n") + 1 or max(buffer.rfind(bytes([space])) for space in SPACE) + 1:
        return end
    end = len(buffer)
    while end > len(buffer) - 3 and 0x80 <= buffer[end - 1] < 0xC0:  # to the first byte of the last character
        end -= 1
    return end - 1


def last_line_end(buffer: bytes | bytearray, filled: int) -> int:
    """The offset behind the last line that ends in the first ``filled`` bytes; 0 for none."""
    return buffer.rfind(b"\n", 0, filled) + 1
