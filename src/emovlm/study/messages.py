"""A validation error as one sentence: the first problem, the value, and what is allowed."""

from typing import Any

from pydantic import ValidationError

from emovlm.study.fields import not_one_of

BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "dict": "a group of keys with values",
    "mapping": "a group of keys with values",
    "model": "a group of keys with values",
}


def first_problem(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Where the first problem is, as keys and places in lists from 0, and what it is."""
    found = error.errors(include_url=False)[0]
    key = (*found["loc"], *found.get("ctx", {}).get("key", ()))
    return tuple(each for each in key if not str(each).startswith("<")), _says(found)


def path(key: tuple[str | int, ...], word: str = "key") -> str:
    """Where a value stands, in words: ``key synface.corpora``, or ``key evidence, item 2, key expect``."""
    parts: list[str] = []
    for each in key:
        if isinstance(each, int):
            parts.append(f"item {each + 1}")
        elif parts and parts[-1].startswith(word):
            parts[-1] += f".{each}"
        else:
            parts.append(f"{word} {each}")
    return ", ".join(parts)


def _says(found: dict[str, Any]) -> str:
    """One error of pydantic in words; the lists of its types and their contexts are in its documentation."""
    kind, value, about = found["type"], found["input"], found.get("ctx", {})
    if kind == "study":
        return about["says"]
    if kind == "missing":
        return "a value is needed, but none is given"
    if kind == "literal_error":
        return not_one_of(value, [each.strip("' ") for each in about["expected"].replace(" or ", ", ").split(",")])
    if kind in BOUNDS:
        name, says = BOUNDS[kind]
        return f"it must be {says} {about[name]:g}, not {value}"
    if kind in ("too_short", "string_too_short"):
        return "it is empty, but a value is needed"
    for end in ("_type", "_parsing", "_parsing_size", "_from_float", "_number"):
        if kind.endswith(end) and (what := KINDS.get(kind.removesuffix(end)) or KINDS.get(kind)):
            return f"{value!r} is not {what}"
    return f"{value!r}: {found['msg'][0].lower()}{found['msg'][1:]}"
