"""Typed tables, checked against their contracts by writers and readers alike."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emovlm.core.contract import Table
from emovlm.core.errors import StudyError
from emovlm.core.files import as_cell, atomic, from_cell


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
            cells = table.to_pandas(integer_object_nulls=True)  # so that a whole number stays one beside empty cells
            _map_texts(cells, contract, as_cell).to_csv(temporary, index=False, lineterminator="\n")
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
            frame = pd.read_csv(path, dtype=dict.fromkeys(_texts(contract), str), keep_default_na=False, na_values=[""])
        except pd.errors.EmptyDataError:
            raise StudyError(
                f"{path}: the table is empty; it should have the columns {', '.join(contract.columns)}"
            ) from None
        frame = _map_texts(frame, contract, from_cell)
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


def _texts(contract: Table) -> list[str]:
    return [name for name, column in contract.columns.items() if column.type == "string"]


def _map_texts(frame: pd.DataFrame, contract: Table, change: Callable[[str], str]) -> pd.DataFrame:
    return frame.assign(**{
        name: frame[name].map(change, na_action="ignore") for name in _texts(contract) if name in frame
    })  # fmt: skip
