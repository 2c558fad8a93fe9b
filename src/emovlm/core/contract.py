"""What a contract of a table is: columns, types, units, keys. The contracts themselves: ``core.contracts``.

Writers and readers both check a table against its contract (``core.io``).
Identifiers: ``clip_id`` is ``<dataset>/<name>``; class names are the study's (``config/classes.tsv``).
"""

from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from emovlm.core.errors import StudyError

TYPES = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list<int>": pa.list_(pa.int64()),
}


@dataclass(frozen=True)
class Column:
    """One column: its type (a key of ``TYPES``), its unit and what it means."""

    type: str
    unit: str = ""
    nullable: bool = False
    about: str = ""


@dataclass(frozen=True)
class Table:
    """A table's name, columns and key.

    ``prefix`` names a family of further float columns (``score_`` for ``score_<class>``): their
    number depends on the dataset's classes, so the contract fixes only how they are called.
    """

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    prefix: str = field(default="")

    def conform(self, frame: pd.DataFrame, where: str) -> pa.Table:
        """Return ``frame`` as an Arrow table of exactly this contract, sorted by the key.

        Raises:
            StudyError: naming ``where`` and the first column or row that does not fit.
        """
        family = sorted(c for c in frame.columns if self.prefix and c.startswith(self.prefix))
        missing = [c for c in self.columns if c not in frame.columns]
        unknown = [c for c in frame.columns if c not in self.columns and c not in family]
        if missing or unknown:
            raise StudyError(
                f"{where}: not a {self.name} table"
                + (f"; missing columns: {', '.join(missing)}" if missing else "")
                + (f"; unknown columns: {', '.join(unknown)}" if unknown else "")
            )
        key = list(self.key)
        doubled = frame[frame.duplicated(key)]
        if len(doubled):
            raise StudyError(f"{where}: {self.name} has two rows for {dict(doubled[key].iloc[0])}")
        frame = frame.sort_values(key, kind="stable").reset_index(drop=True)
        columns = {**self.columns, **{c: Column("float", nullable=True) for c in family}}
        arrays = []
        for name, column in columns.items():
            if not column.nullable and frame[name].isna().any():
                row = frame[frame[name].isna()].iloc[0]
                raise StudyError(f"{where}: column {name} is empty in the row {dict(row[key])}")
            try:
                arrays.append(pa.Array.from_pandas(frame[name], type=TYPES[column.type]))
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise StudyError(f"{where}: column {name} should be {column.type}: {error}") from None
        return pa.table(arrays, names=list(columns))


def table(name: str, key: str, prefix: str = "", /, **columns: Column) -> Table:
    """A :class:`Table`; ``key`` names its key columns, separated by spaces."""
    return Table(name, columns, tuple(key.split()), prefix)


TEXT, INT, FLOAT, BOOL = Column("string"), Column("int"), Column("float"), Column("bool")
TEXT_OR_NULL, FLOAT_OR_NULL = Column("string", nullable=True), Column("float", nullable=True)
SECONDS = Column("float", unit="s")
SECONDS_OR_NULL = Column("float", unit="s", nullable=True)
