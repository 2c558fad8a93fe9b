"""What all rows of tables have in common."""

from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo
from pydantic_core import core_schema

from emovlm.study.fields import Model, Named, problem


@dataclass(frozen=True)
class RowOf:
    """Annotation of a cell that names a row: in the study it is that row."""

    table: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.with_info_before_validator_function(self.find, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "description": f"id in the table {self.table}"}

    def find(self, value: Any, info: ValidationInfo) -> Any:
        """The row of that id.

        Raises:
            PydanticCustomError: there is none.
        """
        return info.context.find(self.table, value) if isinstance(value, str) else value


class Row(Model):
    """A row of a table. Its cells are text, so numbers are read from text; an empty cell is no part of it."""

    model_config = ConfigDict(strict=False)
    _table_file: str = PrivateAttr("")
    _where: str = PrivateAttr("")

    @property
    def table_file(self) -> str:
        """The file of the table that it is in."""
        return self._table_file

    def told(self) -> dict[str, Any]:
        """The cells as JSON has them, by column: without empty ones and without the remark, which changes no result."""
        told = {key: " ".join(value) if isinstance(value, list) else value for key, value in super().told().items()}
        return {key: value for key, value in told.items() if value != "" and key != "about"}

    def cell(self, column: str) -> str:
        """Where one of its cells is, as messages name it."""
        return f"{self._where}, column {column}"

    def _needs(self, columns: tuple[str, ...], who: str) -> None:
        for column in columns:
            if getattr(self, column) is None:
                raise problem(f"the cell is empty, but {who} needs a value", column)

    def _has_no(self, columns: tuple[str, ...], who: str) -> None:
        for column in columns:
            if getattr(self, column) is not None:
                raise problem(f"{getattr(self, column)!r} is given, but {who} has none; leave it empty", column)


class NamedRow(Named, Row):
    """A row with an id, which other rows refer to."""


ABOUT = Field(None, description="a remark, which changes no result")
