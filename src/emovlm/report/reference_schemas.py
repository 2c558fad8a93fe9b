"""Reference pages that follow from definitions: commands and options, keys of the config, columns of all tables."""

import argparse
import importlib
import re
from collections.abc import Iterable, Iterator
from typing import Any
from unittest.mock import patch

from pydantic import BaseModel

from emovlm.core.contract import Table
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.config import Config
from emovlm.study.rows import CaptionVariant, ClassRow, Dataset, FrameSampler, Source, TrainingSampler
from emovlm.study.slopes import Slope
from emovlm.study.systems import System

ROWS: dict[str, type[BaseModel]] = {
    "datasets": Dataset, "systems": System, "frame_samplers": FrameSampler, "training_samplers": TrainingSampler,
    "caption_variants": CaptionVariant, "conditions": Condition, "comparisons": Comparison, "slopes": Slope,
    "classes": ClassRow, "sources": Source,
}  # fmt: skip
CONTRACTS = {
    "data": "Data", "frames": "Frames", "frequency": "Word frequency", "training": "Training", "answers": "Answers",
    "statistics": "Statistics", "results": "Results",
}  # fmt: skip
Schema = dict[str, Any]


def commands_reference() -> str:
    """A section a command: what it is for, and its arguments."""
    (commands,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    helps = {each.dest: each.help for each in commands._choices_actions}
    return "\n".join(f"## emovlm {name}\n\n{_sentence(helps[name])}\n\n{_arguments(each)}"
                     for name, each in commands.choices.items())  # fmt: skip


def config_reference() -> str:
    """A section a part of the config: the keys at the top first, then those of each part."""
    schema = Config.model_json_schema()
    parts = dict(_in_order(schema))
    for keys in (schema["properties"], *(part["properties"] for part in parts.values())):
        for each in keys.values():  # a key without words of its own is said by its part
            named = re.findall(r"#/\$defs/(\w+)", str(each))
            if named and "description" not in each:
                each["description"] = _first(parts[named[0]]["description"]).rstrip(".")
    text = f"## Keys at the top\n\n{_keys(schema, 'key')}"
    return text + "".join(
        f"\n## {name}\n\n{_cell(part['description'])}\n\n{_keys(part, 'key')}" for name, part in parts.items()
    )


def study_tables_reference() -> str:
    """A section a table of a study: its columns."""
    parts = ((table, model.model_json_schema()) for table, model in ROWS.items())
    return "\n".join(
        f"## {table}\n\n{_cell(_first(part['description']))}\n\n{_keys(part, 'column')}" for table, part in parts
    )


def result_tables_reference() -> str:
    """A section a stage, with its tables: key, columns, types and units."""
    sections = []
    for module, title in CONTRACTS.items():
        named = vars(importlib.import_module(f"emovlm.core.contracts.{module}"))
        found = {id(each): each for name, each in named.items() if isinstance(each, Table) and name.isupper()}
        sections.append(f"## {title}\n\n" + "\n".join(map(_columns, found.values())))
    return "\n".join(sections)


def markdown_table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


class _Found(Exception):
    """Carries the parser out of ``main``, which makes it and calls ``parse_args``."""


def _parser() -> argparse.ArgumentParser:
    """The parser of the command line, which is above all rooms and so is imported here alone."""

    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _Found(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", stop):
        try:
            importlib.import_module("emovlm.cli").main()
        except _Found as found:
            return found.args[0]
    raise AssertionError("emovlm.cli.main parses no arguments")


def _arguments(parser: argparse.ArgumentParser) -> str:
    groups = []
    for group in parser._action_groups:
        rows = [_argument(each) for each in group._group_actions if not isinstance(each, argparse._HelpAction)]
        if rows:
            title = "" if group.title in ("positional arguments", "options") else f"{_sentence(group.title)}\n\n"
            groups.append(title + markdown_table(["argument", "what"], rows))
    return "\n".join(groups) or "It takes no arguments.\n"


def _argument(action: argparse.Action) -> list[str]:
    names = list(action.option_strings) or [action.metavar or action.dest]
    value = action.metavar or ("VALUE" if action.choices else action.dest.upper())
    value = "" if action.nargs == 0 or not action.option_strings else f" {value}"
    says = [_cell(action.help or "")]
    if action.choices:
        says.append("one of " + ", ".join(f"`{each}`" for each in action.choices))
    if action.required and action.option_strings:
        says.append("required")
    if isinstance(action, argparse._AppendAction) and "again" not in says[0]:
        says.append("may be given again")
    return [f"`{', '.join(names)}{value}`", "; ".join(filter(None, says))]


def _in_order(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The parts of a schema in the order in which its keys name them, each once."""
    seen: dict[str, None] = {}

    def walk(part: Schema) -> None:
        for name in re.findall(r"#/\$defs/(\w+)", str(part["properties"])):
            if name not in seen:
                seen[name] = None
                walk(schema["$defs"][name])

    walk(schema)
    return ((name, schema["$defs"][name]) for name in seen)


def _keys(part: Schema, what: str) -> str:
    """The keys of a part, or the columns of a table."""
    required = set(part.get("required", []))
    rows = []
    for name, each in part.get("properties", {}).items():
        default = "required" if name in required else _default(each.get("default"))
        rows.append([f"`{name}`", _type(each), default, _cell(each.get("description", ""))])
    return markdown_table([what, "type", "default", "meaning"], rows)


def _default(value: Any) -> str:
    if value is None or value in ([], {}):
        return "–"
    return "see there" if isinstance(value, dict) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(each: Schema) -> str:
    """What a value may be, in words; a part of the config is a link to its section."""
    if "$ref" in each:
        name = each["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in each or "oneOf" in each:
        options = each.get("anyOf") or each["oneOf"]
        return " or ".join(dict.fromkeys(_type(option) for option in options if option.get("type") != "null"))
    if "enum" in each or "const" in each:
        return ", ".join(f"`{value}`" for value in each.get("enum", [each.get("const")]))
    if each.get("type") == "array":
        return f"list of {_type(each['items'])}" if "items" in each else "list"
    if each.get("type") == "object":
        inner = each.get("additionalProperties") or next(iter(each.get("patternProperties", {}).values()), None)
        return f"by name: {_type(inner)}" if isinstance(inner, dict) else "keys and values"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return words.get(each.get("type", ""), "any") + _bounds(each)


def _bounds(each: Schema) -> str:
    said = [f"{sign} {each[key]:g}" for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"),
                                                      ("exclusiveMaximum", "<")) if key in each]  # fmt: skip
    return f" {', '.join(said)}" if said else ""


def _columns(table: Table) -> str:
    rows = [
        [f"`{name}`", c.type + (", may be empty" if c.nullable else ""), c.unit, _cell(c.about)]
        for name, c in table.columns.items()
    ]
    if table.prefix:
        rows.append([f"`{table.prefix}…`", "float, may be empty", "", "further columns, called so"])
    key = ", ".join(f"`{name}`" for name in table.key)
    return f"### {_sentence(table.name, '')}\n\nKey: {key}.\n\n" + markdown_table(
        ["column", "type", "unit", "meaning"], rows
    )


def _first(text: str) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join(text.split("\n\n")[0].split())


def _cell(text: str) -> str:
    text = re.sub(r"``([^`]*)``", r"`\1`", " ".join(text.split()))
    if "`" in text:
        return text.replace("|", "\\|").replace("%%", "%")
    return text.replace("|", "\\|").replace("<", "&lt;").replace("%%", "%")


def _sentence(text: str, end: str = ".") -> str:
    text = text.strip()
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?" else end)
