"""Documents of Parquet files: the texts of one column."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frequency.blocks import BETWEEN, Block
from emovlm.frequency.readers.json_lines import NULL
from emovlm.frequency.readers.texts import INVALID, invalid_documents

MOST_ROWS = 1 << 16


def row_groups(file: str | Path) -> list[tuple[int, int]]:
    """Where each row group begins in the file, and its bytes there.

    Raises:
        StudyError: the file is not Parquet, or truncated.
    """
    meta = _open(file).metadata
    found = []
    for group in (meta.row_group(i) for i in range(meta.num_row_groups)):
        chunks = [group.column(i) for i in range(group.num_columns)]
        offsets = [chunk.dictionary_page_offset or chunk.data_page_offset for chunk in chunks]
        found.append((min(offsets), sum(chunk.total_compressed_size for chunk in chunks)))
    return found


def parquet_blocks(file: str, column: str, size: int, start: int = 0, stop: int | None = None) -> Iterator[Block]:
    """The blocks of the row groups from ``start`` up to ``stop``, read page by page.

    Args:
        column: the column of the texts; ``a.b`` is the field ``b`` of the column ``a``.
        size: bytes that a block should have; the rows that it takes are known by their mean.

    Raises:
        StudyError: the file is damaged, has no such column, or one without texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    opened = _open(file)
    path = _check(opened, file, column)
    groups = range(opened.num_row_groups)[start:stop]
    parts = [opened.metadata.row_group(i) for i in groups]
    of_column = [
        chunk for part in parts for i in range(part.num_columns) if (chunk := part.column(i)).path_in_schema == column
    ]
    stored = sum(size for _, size in row_groups(file)[start:stop])
    rows = sum(part.num_rows for part in parts)
    mean = sum(chunk.total_uncompressed_size for chunk in of_column) / max(rows, 1)
    at_once = min(MOST_ROWS, max(1, int(size / max(mean, 1))))
    first = seen = 0
    batches = opened.iter_batches(at_once, row_groups=list(groups), columns=[column], use_threads=False)
    try:
        for batch in batches:
            texts = batch.column(0)
            for name in path[1:]:
                texts = pc.struct_field(texts, name)
            if pa.types.is_dictionary(texts.type):
                texts = texts.dictionary_decode()
            texts = texts.cast(pa.large_binary())
            skipped = {NULL: texts.null_count} if texts.null_count else {}
            before, seen = seen, seen + len(texts)
            read = stored * seen // rows - stored * before // rows
            block = _block(texts.drop_null(), file, first, skipped, read)
            if wrong := invalid_documents(block):
                skipped[INVALID] = wrong
            yield block
            first += block.n_documents
    except (pa.ArrowInvalid, OSError) as error:
        raise StudyError(f"{file}: damaged after {seen:,} of {rows:,} rows ({error}); fetch the file again") from None


def _block(texts: Any, file: str, first: int, skipped: dict[str, int], read: int) -> Block:
    """The block of an array of texts without nulls: each with ``BETWEEN`` behind, joined by Arrow."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(texts):
        return Block.of([], file, first, skipped=skipped, read=read)
    between = pa.scalar(BETWEEN, texts.type)
    joined = pc.binary_join_element_wise(texts, pa.scalar(b"", texts.type), between)
    _, offsets, data = joined.buffers()
    bounds = np.frombuffer(offsets, np.int64)[joined.offset : joined.offset + len(joined) + 1]
    text = data[bounds[0] : bounds[-1]].to_pybytes()
    return Block(text, bounds[1:] - bounds[0] - len(BETWEEN), file, first, BETWEEN, skipped, read)


def _open(file: str | Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise StudyError(f"{file}: not a whole Parquet file ({error}); fetch it again") from None


def _check(opened: Any, file: str, column: str) -> list[str]:
    """The names on the way to the column."""
    import pyarrow as pa

    schema = opened.schema_arrow
    names = [column] if column in schema.names else column.split(".")
    kind: Any = pa.struct(schema)
    for name in names:
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            raise StudyError(f"{file}: no column {column!r}; the file has {', '.join(schema.names)} (--text names one)")
        kind = kind.field(name).type
    of_values = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    if not any(getattr(pa.types, f"is_{test}")(of_values) for test in tests):
        texts = [field.name for field in schema if str(field.type).endswith("string")]
        raise StudyError(
            f"{file}, column {column!r}: its type is {kind}, not text; columns of text are {', '.join(texts) or 'none'}"
        )
    return names
