"""All figures by name. A figure is a function that carries its title, caption and alt text in a decorator.

Its signature says what it needs: positional parameters are tables (those with a default may be left out), keyword-only
parameters come from the study (``PARAMETERS`` in ``workflow/rules/figures.smk``) or from the decorator. Planning reads
this registry, so modules of this package import matplotlib and seaborn where they draw, not when they are imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emovlm.core.errors import StudyError
from emovlm.core.registry import Registry
from emovlm.figures.tables import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

MATERIAL = "Material"
# <family>.<member>=path: a dictionary of tables, or of frame stores (left to the figure, which needs one clip of them).
FAMILIES: dict[str, Callable[[str | Path], Any]] = {"samples": partial(load, "samples"), "stores": Path}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: its id, the name of its function.
        function: draws it.
        title: what it is called in lists.
        caption: what it shows, in a few sentences, for the workflow's report and the paper's further figures.
        alt: what one sees, in a sentence, for readers who do not see it.
        category: the claim that it belongs to, or ``MATERIAL``.
        parameters: values of keyword-only parameters that are the figure's own and not the study's.
        needs: whether a study has what it shows; by default, of a figure of a claim, whether the study has that claim.
    """

    name: str
    function: Callable[..., Drawing]
    title: str
    caption: str
    alt: str
    category: str = MATERIAL
    parameters: Mapping[str, Any] = field(default_factory=dict)
    needs: Callable[[Any], bool] | None = None

    def suits(self, study: Any) -> bool:
        """Whether a study (``emovlm.study``) has what the figure shows, beside tables and parameters."""
        if self.needs is not None:
            return self.needs(study)
        return self.category == MATERIAL or has_claim(study, self.category)

    @property
    def tables(self) -> dict[str, bool]:
        """The tables that it takes, by name, and whether it needs them."""
        return self._parameters(keyword_only=False)

    @property
    def options(self) -> dict[str, bool]:
        """The keyword-only parameters that it takes, by name, and whether it needs them."""
        return self._parameters(keyword_only=True)

    def _parameters(self, keyword_only: bool) -> dict[str, bool]:
        found = inspect.signature(self.function).parameters.items()
        return {name: p.default is p.empty for name, p in found if (p.kind is p.KEYWORD_ONLY) == keyword_only}

    @property
    def words(self) -> dict[str, str]:
        """What the paper says of it: title, caption and alt text."""
        return {"title": self.title, "caption": self.caption, "alt": self.alt}

    @property
    def file(self) -> str:
        """The file that its function is in."""
        return inspect.getfile(self.function)


def has_claim(study: Any, claim: str) -> bool:
    """Whether a study has a claim, or conditions for it."""
    return claim in study.claims.claims or any(claim in row.claims for row in study.conditions.values())


def has_rendered_clips(study: Any) -> bool:
    """Whether a study renders clips of its own."""
    return any(dataset.rendered for dataset in study.datasets.values())


_FIGURES: Registry[Figure] = Registry("figure", "docs/how-to/adding-a-figure.md")


def register_figure(title: str, caption: str, alt: str, **settings: object) -> Callable:
    """Decorator that adds the figure drawn by the decorated function, under its name. Arguments: :class:`Figure`."""

    def add(function: Callable[..., Drawing]) -> Callable[..., Drawing]:
        _FIGURES.add(Figure(function.__name__, function, title, caption, alt, **settings))
        return function

    return add


def figures() -> Registry[Figure]:
    """All figures: those of this package, whose modules it imports, and those of plug-ins."""
    _import_room()
    return _FIGURES


@cache
def _import_room() -> None:
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        import_module(f"emovlm.figures.{path.stem}")


def draw(name: str, paths: dict[str, str | Path], params: dict[str, Any]) -> Drawing:
    """Draw figure ``name`` from the tables at ``paths``. Call it inside ``style.context()``.

    Args:
        name: of a figure.
        paths: tables by parameter name; those of a family as ``samples.<sampler>`` or ``stores.<shard>``.
        params: keyword-only parameters of the figure.

    Raises:
        StudyError: the figure, a table or a parameter is unknown or missing, or a table breaks its contract.
    """
    figure = figures()[name]
    given: dict[str, Any] = {}
    for key, path in paths.items():
        family, _, member = key.partition(".")
        if member and family in FAMILIES:
            given.setdefault(family, {})[member] = FAMILIES[family](path)
        elif key in figure.tables:
            given[key] = load(key, path)
    params = {**figure.parameters, **params}
    for what, known, got in (("table", figure.tables, paths), ("params key", figure.options, params)):
        unknown = [key for key in got if key not in known and key.partition(".")[0] not in {*FAMILIES} & {*known}]
        missing = [key for key, needed in known.items() if needed and key not in {**given, **params}]
        if unknown or missing:
            raise StudyError(
                f"figure {name}: "
                + (f"missing {what} {', '.join(missing)}" if missing else f"unknown {what} {', '.join(unknown)}")
                + f"; it takes {', '.join(known) or 'none'}"
            )
    return figure.function(**given, **params)
