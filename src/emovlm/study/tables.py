"""Reading the tables of a study: rows of one model, by id, in which cells may name other rows."""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_cells
from emovlm.study.fields import meant
from emovlm.study.messages import first_problem, path
from emovlm.study.row import NamedRow, Row

R = TypeVar("R", bound=Row)
N = TypeVar("N", bound=NamedRow)


def read_row(model: type[R], cells: Mapping[str, str], file: str, line: int, context: object = None) -> R:
    """A row from its cells; empty ones are left out.

    Raises:
        StudyError: a cell is missing or wrong; the message names the file, the line, the row and the column.
    """
    name = cells.get(model.keys_allowed()[0], "") if issubclass(model, NamedRow) else ""
    where = f"{file}, line {line}" + (f", row {name}" if name else "")
    try:
        row = model.model_validate({column: cell for column, cell in cells.items() if cell}, context=context)
    except ValidationError as error:
        key, says = first_problem(error)
        absent = " (the table has no such column)" if key[0] not in cells else ""
        raise StudyError(f"{where}, {path(key, 'column')}: {says}{absent}") from None
    row._table_file, row._where = file, where
    return row


def read_rows(model: type[R], files: list[str], table: str, context: object = None) -> list[R]:
    """All rows of a table whose rows have no id."""
    return [read_row(model, cells, file, line, context) for file, line, cells in _read(model, files, table)]


def _read(model: type[Row], files: list[str], table: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    """The cells of each row with its file and line.

    Raises:
        StudyError: a file has a column that the model does not know.
    """
    for file in files:
        for line, cells in read_cells(file, f"config key tables.{table} names it"):
            for column in cells:
                if not model.allows(column):
                    columns = model.keys_allowed()
                    allowed = f"{meant(column, columns)}Allowed are {', '.join(columns)}"
                    raise StudyError(f"{file}: there is no column {column!r}. {allowed}")
            yield file, line, cells


class Table(Generic[N]):
    """A table of rows with ids. A row is made when it is first asked for, so that rows may refer to later ones.

    Args:
        context: given to the rows' validators.

    Raises:
        StudyError: a file cannot be read, has an unknown column, or an id stands twice.
    """

    def __init__(self, model: type[N], files: list[str], table: str, context: object) -> None:
        self.model, self.files, self.context = model, files, context
        self.cells: dict[str, tuple[str, int, dict[str, str]]] = {}
        self.made: dict[str, N] = {}
        self.making: list[str] = []
        for file, line, cells in _read(model, files, table):
            name = cells.get(model.keys_allowed()[0], "")
            if name in self.cells:
                other = self.cells[name][0]
                where = file if other == file else f"{other} and {file}"
                raise StudyError(f"{where}, line {line}: two rows are called {name}; ids must be unique")
            self.cells[name] = file, line, cells

    def __getitem__(self, name: str) -> N:
        """A row.

        Raises:
            StudyError: it is wrong, or refers to itself through others.
        """
        if name in self.making:
            file, line, _ = self.cells[name]
            chain = " -> ".join([*self.making[self.making.index(name) :], name])
            raise StudyError(f"{file}, line {line}, row {name}: it rests on itself: {chain}")
        if name not in self.made:
            self.making.append(name)
            file, line, cells = self.cells[name]
            self.made[name] = read_row(self.model, cells, file, line, self.context)
            self.making.remove(name)
        return self.made[name]

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
