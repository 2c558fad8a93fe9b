"""What a claim, its evidence and its kind are; the registry of kinds.

How evidence comes about is a matter of the claim's kind: an entry of ``CLAIM_KINDS``, such as those of
``statistics.claim_kinds``. ``statistics.verdicts`` judges claims by their kinds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import pandas as pd

from emovlm.core.registry import Registry

FOR, AGAINST, NEITHER = "supported", "not supported", "undecided"
AT_CHANCE = " (at chance)"


@dataclass(frozen=True)
class RowOf:
    """Marks a key of a claim as the id of a row of one of the study's tables, which is checked before the run."""

    table: str


@dataclass(frozen=True)
class Metric:
    """Marks a key of a claim as the id of a metric."""


@dataclass(frozen=True)
class AboveZero:
    """Marks a key of a claim as a number above 0."""


OwnMargin = Annotated[float | None, AboveZero()]
MetricId = Annotated[str, Metric()]
ConditionId = Annotated[str, RowOf("conditions")]
SlopeId = Annotated[str, RowOf("slopes")]
ComparisonId = Annotated[str, RowOf("comparisons")]
SamplerId = Annotated[str, RowOf("frame_samplers")]


@dataclass(frozen=True)
class Evidence:
    """One result that bears on a claim.

    Attributes:
        evidence: its id within the claim, such as the comparison that it is.
        what: the piece in words.
        standing: what it would be worth alone: ``FOR``, ``AGAINST`` or ``NEITHER``.
        effect, low, high, p, n: its figures; nan where undefined.
        at_chance: whether it is worth nothing because the systems are at chance.
        margin: the smallest effect that counts, where it is not the claim's.
        says: how large the effect is, in a sentence.
    """

    evidence: str
    what: str
    standing: str
    effect: float
    low: float
    high: float
    p: float
    n: int
    at_chance: bool = False
    margin: float | None = None
    says: str = ""

    @property
    def words(self) -> str:
        """What it is, and that it is from systems at chance where it is."""
        return self.what + AT_CHANCE * self.at_chance


@dataclass(frozen=True)
class Claim:
    """A claim as it was stated before the run.

    ``margin`` is the smallest effect that counts, above 0; ``alpha`` the level of its tests; ``keys`` what its kind
    asks for beside them (an instance of :attr:`ClaimKind.keys`).
    """

    name: str
    statement: str
    margin: float
    alpha: float
    keys: Any


@dataclass(frozen=True)
class Results:
    """What evidence is taken from.

    Attributes:
        tables: results of the study by name (``core.contracts.results``).
        settings: confidence.
    """

    tables: dict[str, pd.DataFrame]
    settings: dict[str, Any]

    def row(self, table: str, **key: Any) -> pd.Series | None:
        """The row of a table with that key, None where there is none."""
        rows = self.tables[table]
        found = rows[np.logical_and.reduce([rows[column] == value for column, value in key.items()])]
        return None if found.empty else found.iloc[0]

    def recognises(self, condition: str, clips: str = "all") -> bool:
        """Whether a condition agrees with the labels better than chance: the interval of kappa lies above 0."""
        row = self.row("metrics", condition=condition, clips=clips, metric="kappa")
        return row is not None and row["low"] > 0


@dataclass(frozen=True)
class ClaimKind:
    """A kind of claim.

    Attributes:
        name: how ``claims.yaml`` calls it (key ``kind``).
        about: what such a claim says, in a sentence.
        keys: a dataclass of the keys that a claim states beside statement, kind and margin.
        function: takes the :class:`Claim` and the :class:`Results`, and gives its pieces of evidence, in their order.
        tables: names of the tables that it reads beside ``metrics``.
        supports, refutes: when a piece of evidence is for the claim and against it, in words, for the docs.
    """

    name: str
    about: str
    keys: type
    function: Callable[[Claim, Results], list[Evidence]]
    tables: tuple[str, ...] = ()
    supports: str = ""
    refutes: str = ""


CLAIM_KINDS: Registry[ClaimKind] = Registry("kind of claim", "docs/how-to/adding-a-claim.md")


def register_claim(name: str, about: str, keys: type, **settings: object) -> Callable:
    """Decorator that adds a kind of claim judged by the decorated function; arguments as in :class:`ClaimKind`."""

    def add(function: Callable[[Claim, Results], list[Evidence]]) -> Callable[[Claim, Results], list[Evidence]]:
        CLAIM_KINDS.add(ClaimKind(name, about, keys, function, **settings))
        return function

    return add


def deciding_columns(row: Any) -> tuple[str, str, str]:
    """Columns of a row of COMPARISONS or SLOPES with the interval and p that a verdict rests on.

    They are those over people and runs where there are several runs, else those over people.
    """
    return ("low", "high", "p") if pd.isna(row.runs_low) else ("runs_low", "runs_high", "p_runs")


def at_chance(evidence: Evidence) -> Evidence:
    """Evidence from systems at chance, which is worth nothing.

    A system that recognises nothing still has habits: one that names emotions as often as books do, whatever it sees,
    has an F1 by class that follows the words, and one tuned on balanced draws recalls rare classes more often. So a
    comparison needs one condition that recognises (the other may have lost it), and a profile of F1 is only read from
    a condition that does.
    """
    return replace(evidence, standing=NEITHER, at_chance=True)


def undefined(evidence: str, what: str) -> Evidence:
    """Evidence that the study does not have: neither for nor against."""
    return Evidence(evidence, what, NEITHER, float("nan"), float("nan"), float("nan"), 1.0, 0)
