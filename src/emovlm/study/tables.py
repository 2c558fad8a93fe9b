"""Reading the tables of a study: rows of one model, by id, in which cells may name other rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_cells
from emovlm.study.fields import meant, problem
from emovlm.study.messages import first_problem, path
from emovlm.study.row import NamedRow, Row

R = TypeVar("R", bound=Row)
N = TypeVar("N", bound=NamedRow)
MOST_LISTED = 30


@dataclass(frozen=True)
class Cells:
    """A row as it is written: its file and line, its id if its table has ids, and its cells by column."""

    file: str
    line: int
    name: str
    values: dict[str, str]

    @property
    def where(self) -> str:
        """Where it is, as messages name it."""
        return f"{self.file}, line {self.line}" + (f", row {self.name}" if self.name else "")

    def read(self, model: type[R], context: object = None) -> R:
        """The row; empty cells are left out.

        Raises:
            StudyError: a cell is missing or wrong; the message names the file, the line, the row and the column.
        """
        try:
            row = model.model_validate({key: cell for key, cell in self.values.items() if cell}, context=context)
        except ValidationError as error:
            key, says = first_problem(error)
            absent = " (the table has no such column)" if key[0] not in self.values else ""
            raise StudyError(f"{self.where}, {path(key, 'column')}: {says}{absent}") from None
        row._table_file, row._where = self.file, self.where
        return row


def read_rows(model: type[R], files: list[str], table: str, context: object = None) -> list[R]:
    """All rows of a table whose rows have no id."""
    return [cells.read(model, context) for cells in _read(model, files, f"config key tables.{table} names it")]


def _read(model: type[Row], files: list[str], named_by: str) -> Iterator[Cells]:
    """The cells of each row.

    Raises:
        StudyError: a file has a column that the model does not know.
    """
    columns = model.keys_allowed()
    for file in files:
        for line, values in read_cells(file, named_by):
            for column in values:
                if not model.allows(column):
                    allowed = f"{meant(column, columns)}Allowed are {', '.join(columns)}"
                    raise StudyError(f"{file}: there is no column {column!r}. {allowed}")
            yield Cells(file, line, values.get(columns[0], "") if issubclass(model, NamedRow) else "", values)


class Table(Generic[N]):
    """A table of rows with ids. A row is made when it is first asked for, so that rows may refer to later ones.

    Args:
        context: what the rows' cells refer to; without one only rows of this table, as outside of a study.

    Raises:
        StudyError: a file cannot be read, has an unknown column, or an id stands twice.
    """

    config = None  # a table by itself has no study

    def __init__(self, model: type[N], files: list[str], table: str, context: object = None) -> None:
        self.model, self.files, self.table, self.context = model, files, table, context or self
        self.cells: dict[str, Cells] = {}
        self.made: dict[str, N] = {}
        self.making: list[str] = []
        for cells in _read(model, files, f"config key tables.{table} names it" if context else ""):
            if cells.name in self.cells:
                other = self.cells[cells.name].file
                where = cells.file if other == cells.file else f"{other} and {cells.file}"
                raise StudyError(f"{where}, line {cells.line}: two rows are called {cells.name}; ids must be unique")
            self.cells[cells.name] = cells

    def __getitem__(self, name: str) -> N:
        """A row.

        Raises:
            StudyError: it is wrong, or refers to itself through others.
        """
        if name in self.making:
            chain = " -> ".join([*self.making[self.making.index(name) :], name])
            raise StudyError(f"{self.cells[name].where}: it rests on itself: {chain}")
        if name not in self.made:
            self.making.append(name)
            self.made[name] = self.cells[name].read(self.model, self.context)
            self.making.remove(name)
        return self.made[name]

    def find(self, table: str, name: str) -> N:
        """The row that a cell names.

        Raises:
            PydanticCustomError: it is not of this table, or there is none of that name; the message lists
                those that there are.
        """
        if table == self.table and name in self.cells:
            return self[name]
        what = table.removesuffix("s").replace("_", " ")
        if table != self.table or not self.files:
            raise problem(f"unknown {what} {name!r}: config key tables.{table} names no table")
        where, names = ", ".join(self.files), list(self.cells)
        listed = ", ".join(names) if len(names) <= MOST_LISTED else f"{len(names)} others"
        raise problem(f"unknown {what} {name!r}. {meant(name, names)}{where} has {listed}")

    def rows(self) -> dict[str, N]:
        """All rows by id, in the order of the files."""
        return {name: self[name] for name in self.cells}


def validated(model: type[Any], values: Any, where: str, context: object = None) -> Any:
    """A model from values of a YAML file.

    Raises:
        StudyError: a value is missing or wrong; the message begins with ``where`` and names the key.
    """
    try:
        return model.model_validate(values, context=context)
    except ValidationError as error:
        key, says = first_problem(error)
        raise StudyError(f"{where}{', ' * bool(key)}{path(key)}: {says}") from None
