"""All figures by name. A figure's signature says what it needs: positional parameters are tables (those
with a default may be left out), keyword-only parameters come from ``--params``."""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from emovlm.core.errors import StudyError
from emovlm.figures.classes import classes
from emovlm.figures.confusion import confusion
from emovlm.figures.dag import dag
from emovlm.figures.enrichment import enrichment
from emovlm.figures.event_coverage import event_coverage
from emovlm.figures.fps import fps
from emovlm.figures.frequency import frequency
from emovlm.figures.lexical import lexical
from emovlm.figures.reliability import reliability
from emovlm.figures.samplers import samplers
from emovlm.figures.shuffle import shuffle
from emovlm.figures.tables import load
from emovlm.figures.variants import variants

FIGURES: dict[str, Callable[..., Figure]] = {
    function.__name__: function
    for function in (
        lexical,
        variants,
        confusion,
        fps,
        shuffle,
        event_coverage,
        enrichment,
        reliability,
        frequency,
        classes,
        samplers,
        dag,
    )
}
# <family>.<member>=path: a dictionary of tables, or of frame stores (left to the figure, which needs one clip of them).
FAMILIES: dict[str, Callable[[str | Path], Any]] = {"samples": partial(load, "samples"), "stores": Path}


def draw(name: str, paths: dict[str, str | Path], params: dict[str, Any]) -> Figure:
    """Draw figure ``name`` from the tables at ``paths``. Call it inside ``style.context()``.

    Args:
        name: key of ``FIGURES``.
        paths: tables by parameter name; those of a family as ``samples.<sampler>`` or ``stores.<shard>``.
        params: keyword-only parameters of the figure.

    Raises:
        StudyError: the figure, a table or a parameter is unknown or missing, or a table breaks its contract.
    """
    if name not in FIGURES:
        raise StudyError(f"unknown figure {name!r}; known are {', '.join(FIGURES)}")
    signature = inspect.signature(FIGURES[name]).parameters
    options = {key: p for key, p in signature.items() if p.kind is p.KEYWORD_ONLY}
    tables = {key: p for key, p in signature.items() if key not in options}
    given: dict[str, Any] = {}
    for key, path in paths.items():
        family, _, member = key.partition(".")
        if member and family in FAMILIES:
            given.setdefault(family, {})[member] = FAMILIES[family](path)
        elif key in tables:
            given[key] = load(key, path)
    for what, known, got in (("table", tables, paths), ("params key", options, params)):
        unknown = [key for key in got if key not in known and key.partition(".")[0] not in {*FAMILIES} & {*known}]
        missing = [key for key, p in known.items() if p.default is p.empty and key not in {**given, **params}]
        if unknown or missing:
            raise StudyError(
                f"figure {name}: "
                + (f"missing {what} {', '.join(missing)}" if missing else f"unknown {what} {', '.join(unknown)}")
                + f"; it takes {', '.join(known) or 'none'}"
            )
    return FIGURES[name](**given, **params)
