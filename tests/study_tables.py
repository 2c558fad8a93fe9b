"""Tables of a study for tests: the project's own as plain rows, and edited copies of them."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.tables import read_cells
from emovlm.frequency.estimates import estimate
from emovlm.frequency.published import count_listed
from emovlm.lexicon.terms import counted, read_terms
from emovlm.study.rows import Source
from emovlm.study.tables import read_rows

ROOT = Path(__file__).resolve().parents[1]
Config = dict[str, Any]


def plain_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table as text, without empty cells."""
    return [{column: cell for column, cell in cells.items() if cell} for _, cells in read_cells(path)]


def listed_sources() -> list[dict[str, Any]]:
    """The rows of config/sources.tsv as jobs get them, without those that the study counts itself."""
    rows = read_rows(Source, [str(ROOT / "config/sources.tsv")], "sources")
    return [row.told() for row in rows if row.kind in ("published", "wordfreq")]


def frequency_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """TERM_FREQUENCY by rows of ``sources``, with the terms of the default study."""
    terms, published = counted(read_terms(ROOT / "config/lexicon.tsv")), ROOT / "resources/published"
    found = [count_listed(row, terms, published / f"term_counts_{row['language']}.csv") for row in rows]
    return pd.concat([estimate(*each) for each in found], ignore_index=True)


def with_table(config: Config, folder: Path, table: str, edit: Callable[[str], str]) -> Config:
    """The config with one of its tables edited: ``edit`` maps the table's text."""
    changed = copy.deepcopy(config)
    path = folder / f"{table}.tsv"
    path.write_text(edit(Path(config["tables"][table]).read_text()))
    changed["tables"][table] = os.fspath(path)
    return changed


def with_cells(config: Config, folder: Path, table: str, cells: dict[str, dict[str, str]]) -> Config:
    """The config with cells of a table changed, by row and column; rows and columns are added where they lack."""

    def edit(text: str) -> str:
        rows = [line.split("\t") for line in text.splitlines()]
        columns = list(dict.fromkeys([*rows[0], *(column for changed in cells.values() for column in changed)]))
        table = {row[0]: dict(zip(rows[0], row, strict=False)) for row in rows[1:]}
        for name, changed in cells.items():
            table[name] = {columns[0]: name, **table.get(name, {}), **changed}
        lines = ["\t".join(row.get(column, "") for column in columns) for row in table.values()]
        return "\n".join(["\t".join(columns), *lines]) + "\n"

    return with_table(config, folder, table, edit)


def add(*cells: str) -> Callable[[str], str]:
    """An edit that adds a row."""
    return lambda text: text + "\t".join(cells) + "\n"


def with_margins(rows: list[dict[str, Any]], claims: dict[str, Any]) -> list[dict[str, Any]]:
    """Planned rows with their margins, as jobs get them; ``claims`` is the content of claims.yaml."""

    def margin(row: dict[str, Any]) -> dict[str, Any]:
        if row.get("claim") not in claims["claims"]:
            return {}
        claim = claims["claims"][row["claim"]]
        names = {row.get("comparison"), row.get("slope")} - {None}
        own = [item["margin"] for item in claim.get("evidence", []) if "margin" in item and names & {*item.values()}]
        return {"margin": own[0] if own else claim["margin"]}

    return [row | margin(row) for row in rows]
