"""Blocks: the text of many documents in one buffer, which is what a counter reads at a time."""

from dataclasses import dataclass

import numpy as np

BETWEEN = b"\n\x00"
"""Stands between two documents of a block, so that no word or phrase of a fast scan goes from one into the next."""


@dataclass(frozen=True)
class Block:
    """Consecutive documents of one file.

    Attributes:
        text: the documents as UTF-8, with ``BETWEEN`` after each. Invalid bytes are allowed, and read as U+FFFD.
        ends: (documents,) offset in ``text`` at which each document ends, before its ``BETWEEN``.
        file: the file's name as the user gave it.
        first: number of the first document in the file, from 0.
    """

    text: bytes
    ends: np.ndarray
    file: str
    first: int = 0

    @property
    def starts(self) -> np.ndarray:
        """(documents,) offset at which each document begins."""
        return np.concatenate([[0], self.ends[:-1] + len(BETWEEN)]) if len(self.ends) else self.ends

    @classmethod
    def of(cls, documents: list[bytes], file: str, first: int = 0) -> "Block":
        """The block of some documents."""
        ends = np.cumsum([len(document) + len(BETWEEN) for document in documents], dtype=np.int64) - len(BETWEEN)
        return cls(b"".join(document + BETWEEN for document in documents), ends, file, first)
