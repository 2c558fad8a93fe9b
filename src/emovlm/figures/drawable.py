"""Which figures a study has all tables and parameters for. Planning reads it: no drawing library is imported."""

from collections.abc import Mapping
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.figures.registry import FAMILIES, Figure, figures


def drawable_figures(study: Any, tables: Mapping[str, str], parameters: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures that a study can draw, by name.

    Args:
        study: the study (``emovlm.study``), which a figure may ask for its parts.
        tables: the files of the study's tables by name; those of a family as ``samples.<sampler>``.
        parameters: what figures may ask of the study by a keyword-only parameter of that name; None if it has it not.

    Raises:
        StudyError: a figure needs a parameter that no study has.
    """
    return {name: figure for name, figure in figures().items() if _has_all(figure, study, tables, parameters)}


def _has_all(figure: Figure, study: Any, tables: Mapping[str, str], parameters: Mapping[str, Any]) -> bool:
    needed = [k for k, needed in figure.options.items() if needed and k not in figure.parameters]
    if unknown := [k for k in needed if k not in parameters]:
        raise StudyError(
            f"figure {figure.name}: no study has a parameter {unknown[0]}; it may be one of {', '.join(parameters)}, "
            "or give it a value under parameters in the decorator"
        )
    has_tables = all(_members(table, tables) for table, needed in figure.tables.items() if needed)
    return has_tables and all(parameters[k] is not None for k in needed) and figure.suits(study)


def _members(table: str, tables: Mapping[str, str]) -> list[str]:
    return [t for t in tables if t == table or (table in FAMILIES and t.startswith(f"{table}."))]


def tables_of(figure: Figure, tables: Mapping[str, str]) -> dict[str, str]:
    """The tables of a figure with their files, as far as a study has them. Arguments: :func:`drawable_figures`."""
    return {member: tables[member] for table in figure.tables for member in _members(table, tables)}


def parameters_of(figure: Figure, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a figure takes from the study. Arguments: :func:`drawable_figures`."""
    return {k: parameters[k] for k in figure.options if k in parameters and k not in figure.parameters}
