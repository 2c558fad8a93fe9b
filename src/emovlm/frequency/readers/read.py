"""Files of a corpus, or parts of them, to blocks of documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emovlm.frequency.blocks import Block
from emovlm.frequency.readers.forms import JSONL, PARQUET, Reading, check_file, form_of
from emovlm.frequency.readers.json_lines import json_blocks
from emovlm.frequency.readers.parquet import parquet_blocks
from emovlm.frequency.readers.streams import opened
from emovlm.frequency.readers.texts import text_blocks


@dataclass(frozen=True)
class Part:
    """A part of a file: bytes from ``start`` up to ``stop`` that hold whole documents, or row groups of Parquet."""

    file: str
    start: int = 0
    stop: int | None = None


def read_blocks(part: Part | str | Path, how: Reading | None = None) -> Iterator[Block]:
    """The documents of a file, or of a part of it, in blocks.

    Memory is bounded by the block and the longest document, of plain text by 16 MiB: a longer one is cut.

    Raises:
        StudyError: the file cannot be read, is not of its form, is damaged or truncated, or (Parquet) has no such
            column of texts. What is wrong with single documents stands in the blocks' ``skipped``.
    """
    how = how or Reading()
    part = part if isinstance(part, Part) else Part(str(part))
    form = form_of(part.file, how.form)
    check_file(part.file, form)
    if form.content == PARQUET:
        yield from parquet_blocks(part.file, how.column, how.size, part.start, part.stop)
        return
    with opened(part.file, form.compression, part.start, part.stop) as stream:
        if form.content == JSONL:
            yield from json_blocks(stream, part.file, how.column, how.size)
        else:
            yield from text_blocks(stream, part.file, how.documents, how.size)
