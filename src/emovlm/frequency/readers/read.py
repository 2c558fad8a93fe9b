"""Files of a corpus, or parts of them, to blocks of documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emovlm.frequency.blocks import Block
from emovlm.frequency.readers.forms import JSONL, PARQUET, Reading, check_file, form_of
from emovlm.frequency.readers.json_lines import NOT_JSON, NULL, json_blocks, keys_of, lacking
from emovlm.frequency.readers.parquet import parquet_blocks
from emovlm.frequency.readers.streams import keep_freed_memory, opened
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
    keep_freed_memory()
    how = how or Reading()
    part = part if isinstance(part, Part) else Part(str(part))
    form = form_of(part.file, how.form)
    check_file(part.file, form, bool(how.form))
    if form.content == PARQUET:
        yield from parquet_blocks(part.file, how.column, how.size, part.start, part.stop)
        return
    with opened(part.file, form.compression, part.start, part.stop) as stream:
        if form.content == JSONL:
            yield from json_blocks(stream, part.file, how.column, how.size, not part.start)
        else:
            yield from text_blocks(stream, part.file, how.documents, how.size)


def why_no_text(file: str, how: Reading, documents: int, skipped: dict[str, int]) -> str:
    """What is wrong with a file as a whole, in a sentence; empty if nothing is.

    That is so if most of its lines are not JSON, or if it has no texts though something else than null is there.

    Args:
        documents: number of documents that the file gave.
        skipped: those that were left out, by reason.
    """
    others = {reason: n for reason, n in skipped.items() if reason != NULL}
    bad, lines = skipped.get(NOT_JSON, 0), documents + sum(skipped.values())
    if 2 * bad > lines:
        return f"{file}: {bad:,} of {lines:,} lines are not JSON objects; write one object a line, or name its form"
    if documents or not others:
        return ""
    if how_many := skipped.get(lacking(how.column)):
        with opened(file, form_of(file, how.form).compression) as stream:
            keys = ", ".join(keys_of(stream))
        return f"{file}: no key {how.column!r} in any of {how_many:,} lines; the first has {keys} (--text names one)"
    return f"{file}: no texts; " + ", ".join(f"{reason}: {n:,}" for reason, n in sorted(others.items()))
