"""Atomic files, and typed tables checked against their contracts by writers and readers alike."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emovlm.core.contract import Table
from emovlm.core.errors import StudyError


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success fsync it and rename it to ``path``.

    A reader therefore sees the whole file or none. On an exception nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON atomically, keys sorted, so that equal values are equal bytes."""
    write_text(path, json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(frame: pd.DataFrame, path: str | Path, contract: Table) -> None:
    """Check ``frame`` against ``contract``, sort it by its key and write it atomically.

    The suffix of ``path`` decides the format: ``.parquet``, or ``.csv`` for tables that people read.

    Raises:
        StudyError: a column is missing or unknown, has the wrong type, holds nulls it must not
            hold, or the key is not unique.
    """
    table = contract.conform(frame, where=str(path))
    with atomic(path) as temporary:
        if str(path).endswith(".csv"):
            table.to_pandas().to_csv(temporary, index=False, lineterminator="\n")
        else:
            pq.write_table(table, temporary, compression="zstd")


def read_table(path: str | Path, contract: Table) -> pd.DataFrame:
    """Read a table written by :func:`write_table` and check it again.

    Raises:
        StudyError: the file is missing, empty, or breaks the contract.
    """
    path = Path(path)
    if not path.is_file():
        raise StudyError(f"{path}: no such table ({contract.name})")
    if path.suffix == ".csv":
        try:
            text = {n for n, c in contract.columns.items() if c.type == "string"}
            frame = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])
        except pd.errors.EmptyDataError:
            raise StudyError(
                f"{path}: the table is empty; it should have the columns {', '.join(contract.columns)}"
            ) from None
    else:
        try:
            frame = pq.read_table(path).to_pandas()
        except pa.ArrowInvalid as error:
            raise StudyError(f"{path}: not a readable Parquet file ({error})") from None
    return contract.conform(frame, where=str(path)).to_pandas()


def read_tables(paths: list[str | Path], contract: Table) -> pd.DataFrame:
    """Read the shards of one table and join them, sorted by the contract's key."""
    frames = [read_table(path, contract) for path in paths]
    joined = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    return contract.conform(joined, where=f"{len(paths)} shards of {contract.name}").to_pandas()
