"""The kinds of claims of this study: what they state, and how their evidence is judged."""

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
    Results,
    SamplerId,
    at_chance,
    register_claim,
    undefined,
)
from emovlm.statistics.lexical.roles import ROLES


@dataclass(frozen=True)
class Expected:
    """A planned comparison, and what it should show."""

    comparison: ComparisonId
    expect: Literal["greater", "less", "equal"]


@dataclass(frozen=True)
class Comparisons:
    """Keys of a claim that rests on planned comparisons."""

    evidence: list[Expected]


@dataclass(frozen=True)
class Lexical:
    """Keys of a lexical claim: the conditions in its roles, and the language of the captions."""

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
        "greater (less: mirrored): p <= alpha, low > 0, and with several runs every run above 0; "
        "equal: p of the equivalence test <= alpha (nothing is asked of single runs)"
    ),
    refutes=(
        "greater (less: mirrored): high < margin, even where low > 0: too small to matter; "
        "equal: the interval lies wholly beyond the margin"
    ),
)
def from_comparisons(claim: Claim, results: Results) -> list[Evidence]:
    """One piece of evidence a comparison."""
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
        runs = row["lowest"], row["highest"]
        standing = standing_of(expect, row["low"], row["high"], row["p_holm"], claim.margin, claim.alpha, runs)
        figures = row[["difference", "low", "high", "p_holm", "n"]]
        found = Evidence(name, f"{name} {expect}", standing, *figures)
        known = any(results.recognises(row[side], row["clips"]) for side in ("a", "b"))
        evidence.append(found if known else at_chance(found))
    return evidence


def standing_of(expect: str, low: float, high: float, p: float, margin: float, alpha: float,
                runs: tuple[float, float] = (np.nan, np.nan)) -> str:  # fmt: skip
    """What a difference with its interval says of the expectation greater, less or equal.

    Against: the interval excludes an effect of at least the margin in the expected direction (for ``equal``: it lies
    wholly beyond the margin). For: p is at most alpha and the interval lies on the expected side of zero, and so does
    each of several training runs (``runs``: lowest and highest; nan with one run). For ``equal``: p of the equivalence
    test is at most alpha. A real effect too small to matter is therefore against.
    """
    if np.isnan(low) or np.isnan(high):
        return NEITHER
    if expect == "equal":
        return AGAINST if low > margin or high < -margin else FOR if p <= alpha else NEITHER
    lowest = runs[0]
    if expect == "less":
        low, high, lowest = -high, -low, -runs[1]
    return AGAINST if high < margin else FOR if p <= alpha and low > 0 and not lowest <= 0 else NEITHER


@register_claim(
    "lexical",
    "Recognition by class follows how often the words are written, and more so than in the control conditions.",
    Lexical,
    tables=("correlations", "contrasts"),
    supports=(
        "each of rho and the contrasts intervention, permuted and control: p <= alpha, effect at least the margin, "
        "positive whichever class is left out"
    ),
    refutes="not positive whichever class is left out (the control can only withhold support)",
)
def from_words(claim: Claim, results: Results) -> list[Evidence]:
    """Four conditions on the lexical claim: the correlation, and its excess over two interventions and the control.

    For: p at most alpha, the effect at least the margin, and positive whichever class is left out. Against: not
    positive whichever class is left out. The range over left-out classes is no confidence interval; the rule is strict
    on both sides because eleven classes are few. The control can only withhold support: where it follows the words as
    well, something else than words may explain the correlation.
    """
    keys, lexicon = claim.keys, results.settings["lexicon"]
    words = {"language": keys.language, "source": lexicon["primary_source"], "form": lexicon["primary_form"]}

    def evidence(name: str, what: str, row: pd.Series | None, columns: list[str], of: list[str]) -> Evidence:
        if row is None:
            return undefined(name, f"{what} is undefined")
        effect, low, high = row[columns]
        clear = row["p"] <= claim.alpha and effect >= claim.margin and low > 0
        standing = FOR if clear else AGAINST if name != "control" and high <= 0 else NEITHER
        found = Evidence(name, what, standing, effect, low, high, row["p"], row["n_classes"])
        return found if all(map(results.recognises, of)) else at_chance(found)

    row = results.row("correlations", subject=keys.subject, **words)
    found = [evidence("rho", f"rho of {keys.subject}", row, ["rho", "rho_low", "rho_high"], [keys.subject])]
    for contrast, (role_a, role_b, kind) in ROLES.items():
        a, b = getattr(keys, role_a), getattr(keys, role_b)
        row = results.row("contrasts", contrast=contrast, a=a, b=b, **words)
        what = f"rho of {a} minus rho of {b}" + (", permuted words" if kind == "permuted" else "")
        found.append(evidence(contrast, what, row, ["difference", "low", "high"], [a, b]))
    return found


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
    low, high = proportion_confint(hit, n, alpha=1 - results.settings["confidence"], method="wilson")
    p = binomtest(hit, n, margin, alternative="less").pvalue
    standing = AGAINST if low >= margin else FOR if p <= claim.alpha and high < margin else NEITHER
    return [Evidence(sampler, what, standing, hit / n, low, high, p, n)]
