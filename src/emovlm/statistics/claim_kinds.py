"""The kinds of claims of this study: what they state, and how their evidence is judged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.statistics.claims import (
    AGAINST,
    FOR,
    NEITHER,
    Claim,
    ComparisonId,
    ConditionId,
    Evidence,
    OwnMargin,
    Results,
    SamplerId,
    SlopeId,
    at_chance,
    deciding_columns,
    register_claim,
    undefined,
)
from emovlm.statistics.effect_words import (
    comparison_in_words,
    events_in_words,
    needed_in_words,
    slope_in_words,
)


@dataclass(frozen=True)
class Expected:
    """A planned comparison, what it should show, and its own margin if it is not the claim's."""

    comparison: ComparisonId
    expect: Literal["greater", "less", "equal"]
    margin: OwnMargin = None


@dataclass(frozen=True)
class Comparisons:
    """Keys of a claim that rests on planned comparisons."""

    evidence: list[Expected]


@dataclass(frozen=True)
class ExpectedSlope:
    """A planned slope, what it should show, and its own margin if it is not the claim's."""

    slope: SlopeId
    expect: Literal["greater", "less"]
    margin: OwnMargin = None


@dataclass(frozen=True)
class Exposure:
    """Keys of a claim about words: the slopes that it rests on; and the conditions between which rho is described.

    The rank correlations (contrasts.csv) stand beside the slopes and decide nothing; ``language`` is that of the
    captions.
    """

    evidence: list[ExpectedSlope]
    subject: ConditionId
    intervention: ConditionId
    permuted: ConditionId
    control: ConditionId
    language: Literal["en", "zh"]


@dataclass(frozen=True)
class EventCoverage:
    """Keys of a claim about events that a sampler misses."""

    sampler: SamplerId


@register_claim(
    "comparisons",
    "Planned comparisons come out as expected.",
    Comparisons,
    tables=("comparisons",),
    supports=(
        "greater (less: mirrored): p <= alpha and low > 0; equal: p of the equivalence test <= alpha, so that the "
        "(1 - 2 alpha) interval lies within the margin"
    ),
    refutes=(
        "greater (less: mirrored): high < margin, even where low > 0: too small to matter; "
        "equal: the interval lies wholly beyond the margin"
    ),
)
def from_comparisons(claim: Claim, results: Results) -> list[Evidence]:
    """One piece of evidence a comparison. Of a difference of differences each difference needs a condition that sees.

    Raises:
        StudyError: a comparison is not there, or its test is not the one that the expectation needs.
    """
    table = results.tables["comparisons"].set_index("comparison")
    evidence = []
    for item in claim.keys.evidence:
        name, expect = item.comparison, item.expect
        if name not in table.index:
            raise StudyError(f"claims.yaml, claim {claim.name}: no comparison {name!r} in comparisons.tsv")
        row = table.loc[name]
        needed = "equivalence" if expect == "equal" else "difference"
        if row["test"] != needed:
            raise StudyError(
                f"claims.yaml, claim {claim.name}: {name} is expected {expect}, which needs the test {needed}, "
                f"but comparisons.tsv says {row['test']}"
            )
        pairs = [pair for pair in (("a", "b"), ("minus_a", "minus_b")) if not pd.isna(row[pair[0]])]
        known = all(any(results.recognises(row[side], row["clips"]) for side in pair) for pair in pairs)
        evidence.append(_expected(claim, results, item, row, row["difference"], known, comparison_in_words))
    return evidence


@register_claim(
    "exposure",
    "The recall of a class follows how often its name was read.",
    Exposure,
    tables=("slopes",),
    supports="greater (less: mirrored): p <= alpha and low > 0",
    refutes="greater (less: mirrored): high < margin, even where low > 0: too small to matter",
)
def from_slopes(claim: Claim, results: Results) -> list[Evidence]:
    """One piece of evidence a slope, in recall per tenfold exposure. All of its conditions must recognise.

    Raises:
        StudyError: a slope is not there.
    """
    table = results.tables["slopes"].set_index("slope")
    evidence = []
    for item in claim.keys.evidence:
        if item.slope not in table.index:
            raise StudyError(f"claims.yaml, claim {claim.name}: no slope {item.slope!r} in slopes.tsv")
        row = table.loc[item.slope]
        asked = [*row["conditions"].split(), *([] if pd.isna(row["minus"]) else [row["minus"]])]
        known = all(map(results.recognises, asked))
        evidence.append(_expected(claim, results, item, row, row["estimate"], known, slope_in_words))
    return evidence


def _expected(
    claim: Claim, results: Results, item: Expected | ExpectedSlope, row: pd.Series, effect: float, known: bool,
    in_words: Callable,
) -> Evidence:  # fmt: skip
    """The evidence of a planned figure."""
    name = row.name
    low, high, p = row[list(deciding_columns(row))]
    margin = claim.margin if item.margin is None else item.margin
    if item.expect == "equal" and row["margin"] != margin:
        raise StudyError(
            f"claims.yaml, claim {claim.name}: {name} was tested within {row['margin']}, not within {margin}; "
            "compare the conditions again"
        )
    standing = standing_of(item.expect, low, high, p, margin, claim.alpha)
    says = in_words(row, low, high, results.settings["confidence"])
    if standing == NEITHER and known:
        needed = data_needed(item.expect, effect, low, high, margin)
        units = "people" if pd.isna(row["runs_low"]) else "people and runs"
        says += f"; {needed_in_words(needed, units)}" if needed else ""
    found = Evidence(name, f"{name} {item.expect}", standing, effect, low, high, p, row["n"], margin=margin, says=says)
    return found if known else at_chance(found)


def standing_of(expect: str, low: float, high: float, p: float, margin: float, alpha: float) -> str:
    """What a difference with its interval says of the expectation greater, less or equal.

    Against: the interval excludes an effect of at least the margin in the expected direction (for ``equal``: it lies
    wholly beyond the margin). For: p is at most alpha and the interval lies on the expected side of zero. For
    ``equal``: p of the equivalence test is at most alpha. A real effect too small to matter is therefore against.
    """
    if np.isnan(low) or np.isnan(high):
        return NEITHER
    if expect == "equal":
        return AGAINST if low > margin or high < -margin else FOR if p <= alpha else NEITHER
    if expect == "less":
        low, high = -high, -low
    return AGAINST if high < margin else FOR if p <= alpha and low > 0 else NEITHER


def data_needed(expect: str, effect: float, low: float, high: float, margin: float) -> float | None:
    """How many times as much data would decide undecided evidence, if the effect stays and intervals go as 1/sqrt(n).

    It is decided where the interval excludes zero or the margin, whichever is the further from the effect (for
    ``equal``: the nearer end of the margin). None where no amount would do, where the interval is undefined, or where
    the interval would do already and only the test does not.
    """
    if expect == "less":
        effect, low, high = -effect, -high, -low
    reach = abs(margin - abs(effect)) if expect == "equal" else max(effect, margin - effect)
    half = max(high - effect, effect - low)
    return (half / reach) ** 2 if half > reach > 0 else None


@register_claim(
    "event_coverage",
    "A frame sampler misses most short events.",
    EventCoverage,
    tables=("event_coverage",),
    supports="exact binomial p <= alpha and high < margin, of the share of events with a frame inside",
    refutes="low >= margin",
)
def from_event_coverage(claim: Claim, results: Results) -> list[Evidence]:
    """The share of events that a sampler covers, all lengths together, is below the margin."""
    from scipy.stats import binomtest  # here, since planning imports this module and scipy takes over a second
    from statsmodels.stats.proportion import proportion_confint

    sampler, margin = claim.keys.sampler, claim.margin
    table = results.tables["event_coverage"]
    bins = table[table["sampler"] == sampler]
    n, what = int(bins["n"].sum()), f"share of events hit by {sampler} below {margin}"
    if n == 0:
        return [undefined(sampler, f"{what} (there are no events)")]
    hit = round(float((bins["measured"] * bins["n"]).sum()))
    confidence = results.settings["confidence"]
    low, high = proportion_confint(hit, n, alpha=1 - confidence, method="wilson")
    p = binomtest(hit, n, margin, alternative="less").pvalue
    standing = AGAINST if low >= margin else FOR if p <= claim.alpha and high < margin else NEITHER
    says = events_in_words(hit / n, low, high, confidence)
    if standing == NEITHER and (needed := data_needed("equal", hit / n, low, high, margin)):
        says += f"; {needed_in_words(needed, 'events')}"
    return [Evidence(sampler, what, standing, hit / n, low, high, p, n, says=says)]
