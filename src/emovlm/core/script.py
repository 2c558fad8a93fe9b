"""The frame around every workflow script: arguments in, errors out."""

import argparse
import json
import sys
from collections.abc import Callable

from emovlm.core.errors import StudyError


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser with ``--params``: the slice of the config that the rule reads, as JSON."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--params", type=json.loads, default={}, help="JSON object")
    return arguments


def named_paths(arguments: list[str], what: str) -> dict[str, str]:
    """``NAME=PATH`` arguments as a dictionary, in their order.

    Raises:
        StudyError: an argument is not of that form, or a name comes twice.
    """
    found: dict[str, str] = {}
    for argument in arguments:
        name, _, path = argument.partition("=")
        if not (name and path):
            raise StudyError(f"{what} {argument!r}: write name=path")
        if name in found:
            raise StudyError(f"{what} {name!r} is given twice")
        found[name] = path
    return found


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main``; print a :class:`StudyError` as one message, and exit with code 1."""
    try:
        main()
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
