"""Blocks: the text of many documents in one buffer, which is what a counter reads at a time."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

BETWEEN = b"\n\x00"
"""Stands between two documents of a block, so that no word or phrase of a fast scan goes from one into the next."""

LINE_END = ord("\n")
FEW = 1024  # bytes of text for each place, from which on lines are looked for one by one
AT_ONCE = 1 << 17  # bytes compared at a time: they stay in the cache


@dataclass(frozen=True)
class Block:
    """Consecutive documents of one file.

    Attributes:
        text: the documents as UTF-8, with ``between`` after each. Invalid bytes are allowed, and read as U+FFFD.
        ends: (documents,) offset in ``text`` at which each document ends, before its ``between``.
        file: the file's name as the user gave it.
        first: number of the first document in the part of the file that is read, from 0.
        between: ``BETWEEN``, or a line end alone: then the text stands as in the file.
        skipped: documents that were left out or changed since the last block, by reason.
        read: bytes of the file that were read since the last block, compressed as they lie there.
    """

    text: bytes
    ends: np.ndarray
    file: str
    first: int = 0
    between: bytes = BETWEEN
    skipped: dict[str, int] = field(default_factory=dict)
    read: int = 0

    @cached_property
    def starts(self) -> np.ndarray:
        """(documents,) offset at which each document begins."""
        return np.concatenate([[0], self.ends[:-1] + len(self.between)]) if len(self.ends) else self.ends

    @property
    def n_documents(self) -> int:
        """The number of documents."""
        return len(self.ends)

    @property
    def n_bytes(self) -> int:
        """Bytes of the documents."""
        return len(self.text) - self.n_documents * len(self.between)

    def bounds(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the documents that hold some bytes begin and end: (offsets,) starts, and (offsets,) ends."""
        documents = np.searchsorted(self.ends, offsets, side="right")
        return self.starts[documents], self.ends[documents]

    def numbers(self, starts: np.ndarray) -> np.ndarray:
        """(starts,) number in the file of the documents that begin at ``starts``."""
        return self.first + np.searchsorted(self.starts, starts)

    @classmethod
    def of(cls, documents: list[bytes], file: str, first: int = 0, **others: Any) -> "Block":
        """The block of some documents; ``others`` are its ``skipped`` and ``read``."""
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        ends = np.cumsum(lengths + len(BETWEEN)) - len(BETWEEN)
        return cls(BETWEEN.join([*documents, b""]), ends, file, first, **others)


class Lines(Block):
    """A block of lines as they stand in a file, each a document.

    All their ends are not looked up before they are asked for: that takes as long as counting a few terms does.
    """

    def __init__(self, text: bytes, file: str, first: int = 0, **others: Any) -> None:
        """``text``: lines, each with its line end; ``others``: ``skipped``, ``read``, and ``n_documents`` if known."""
        given = {"text": text, "file": file, "first": first, "between": b"\n", "skipped": {}, "read": 0, **others}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @cached_property
    def ends(self) -> np.ndarray:
        """(documents,) offset of each line end."""
        return np.flatnonzero(np.frombuffer(self.text, np.uint8) == LINE_END)

    @cached_property
    def n_documents(self) -> int:
        """The number of lines."""
        data, equal = np.frombuffer(self.text, np.uint8), np.empty(AT_ONCE, bool)
        parts = (data[start : start + AT_ONCE] for start in range(0, len(data), AT_ONCE))
        return sum(int(np.count_nonzero(np.equal(part, LINE_END, out=equal[: len(part)]))) for part in parts)

    def bounds(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the lines that hold some bytes begin and end: (offsets,) starts, and (offsets,) ends."""
        if len(offsets) * FEW > len(self.text):
            return super().bounds(offsets)
        places = offsets.tolist()
        starts = [self.text.rfind(b"\n", 0, place) + 1 for place in places]
        ends = [self.text.find(b"\n", place) for place in places]
        return np.array(starts, np.int64), np.array(ends, np.int64)
