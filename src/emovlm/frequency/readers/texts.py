"""Documents of plain text."""

from collections.abc import Iterator

import numpy as np

from emovlm.frequency.blocks import Block, Lines
from emovlm.frequency.readers.forms import FILE, LINE, PARAGRAPH
from emovlm.frequency.readers.lines import LONGEST, SPACE, last_line_end, whole_documents
from emovlm.frequency.readers.streams import Stream

LONG = f"longer than {LONGEST >> 20} MiB: cut, each piece counted as a document"
INVALID = "invalid UTF-8: counted with the wrong bytes replaced"


def text_blocks(stream: Stream, file: str, documents: str, size: int) -> Iterator[Block]:
    """The blocks of a plain text.

    Args:
        documents: ``line``, ``paragraph`` or ``file``, as of :class:`emovlm.frequency.readers.forms.Reading`.
        size: bytes to gather before a block is handed on.
    """
    from emovlm.frequency.readers.line_loop import count_lines  # numba takes a while to import

    first = position = 0
    went_on = False  # the last block's document was cut, and goes on in this one
    for held in whole_documents(stream, size, _LAST_END[documents]):
        data, skipped = held.data, {LONG: 1} if held.cut and not went_on else {}
        if not data.endswith(b"\n"):
            data += b"\n"
        others = {"skipped": skipped, "read": stream.position - position}
        if documents == LINE:
            n, wrong = count_lines(np.frombuffer(data, np.uint8))
            block: Block = Lines(data, file, first, n_documents=n, **others)
        else:
            ends = _paragraph_ends(data) if documents == PARAGRAPH else np.array([len(data) - 1])
            if not len(ends):  # nothing but blank lines
                continue
            block = Block(data, ends, file, first, b"\n", **others)
            wrong = invalid_documents(block)
        if wrong:
            skipped[INVALID] = wrong
        yield block
        went_on, position, first = held.cut, stream.position, first + block.n_documents


def paragraph_end(buffer: bytes | bytearray, filled: int) -> int:
    """The offset of the last paragraph that begins in the first ``filled`` bytes; 0 if that is the first one.

    Blank lines go with the paragraph before them; those at the start, with the first one.
    """
    stop = filled
    while stop and buffer[stop - 1] in SPACE:  # a paragraph begins behind these, if at all
        stop -= 1
    while (end := buffer.rfind(b"\n", 0, stop)) > 0:
        before = buffer.rfind(b"\n", 0, end)
        if before >= 0 and not buffer[before + 1 : end].strip(SPACE):
            return end + 1 if buffer[:before].strip(SPACE) else 0
        stop = end
    return 0


def _paragraph_ends(data: bytes) -> np.ndarray:
    """(paragraphs,) offset of the last byte before each following paragraph, and of the last line end."""
    line_ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    starts = np.concatenate([[0], line_ends[:-1] + 1])
    blank = line_ends == starts
    begins = np.frombuffer(data, np.uint8)[starts]
    for line in np.flatnonzero(~blank & (begins <= ord(" "))):  # white space may be all that stands there
        blank[line] = not data[starts[line] : line_ends[line]].strip(SPACE)
    opens = np.flatnonzero(~blank & np.concatenate([[True], blank[:-1]]))  # the first line of each paragraph
    return np.concatenate([starts[opens[1:]] - 1, line_ends[-1:]]) if len(opens) else np.zeros(0, np.int64)


_LAST_END = {LINE: last_line_end, PARAGRAPH: paragraph_end, FILE: lambda buffer, filled: 0}


def invalid_documents(block: Block) -> int:
    """The number of documents that are not UTF-8."""
    if block.text.isascii() or _valid(block.text):
        return 0
    return sum(
        not _valid(block.text[start:end]) for start, end in zip(block.starts.tolist(), block.ends.tolist(), strict=True)
    )


def _valid(text: bytes) -> bool:
    """Is it UTF-8? Arrow looks at it three times as fast as ``bytes.decode`` does."""
    import pyarrow as pa

    offsets = pa.py_buffer(np.array([0, len(text)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
