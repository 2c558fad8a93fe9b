"""Verdicts on the paper's claims, by rules fixed in ``config/claims.yaml`` before the run.

Each piece of evidence is for the claim, against it or neither; a claim is supported if all its evidence is for it, not
supported if any is against it, and undecided otherwise. Because all evidence must hold, no further correction of p is
needed (intersection-union test).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from emovlm.core.errors import StudyError
from emovlm.statistics.correlation import exact_spearman, leave_one_out, rho_difference

FOR, AGAINST, NEITHER = "supported", "not supported", "undecided"


@dataclass(frozen=True)
class Evidence:
    """One result that bears on a claim; ``standing`` is what it would be worth alone."""

    name: str
    standing: str
    effect: float
    low: float
    high: float
    p: float
    n: int


@dataclass(frozen=True)
class Results:
    """The tables that verdicts are taken from, and the settings seed, resamples, confidence."""

    comparisons: pd.DataFrame
    per_class: pd.DataFrame
    frequency: pd.DataFrame
    hits: pd.DataFrame
    settings: dict


def judge(claims: dict, results: Results) -> pd.DataFrame:
    """CLAIMS: one row a claim, with the figures of the evidence its verdict hangs on.

    That is evidence against it if there is any, else the undecided, else the weakest (largest p).

    Raises:
        StudyError: a claim is of an unknown kind or refers to a result that does not exist.
    """
    rows = []
    for claim, stated in claims["claims"].items():
        if stated.get("kind") not in KINDS:
            raise StudyError(f"claims.yaml, claim {claim}: unknown kind {stated.get('kind')!r}; there are "
                             + ", ".join(KINDS))  # fmt: skip
        evidence = KINDS[stated["kind"]](claim, stated, results, claims["alpha"])
        ranked = sorted(evidence, key=lambda e: ((AGAINST, NEITHER, FOR).index(e.standing), -e.p))
        shown = ranked[0]
        rows.append({
            "claim": claim, "statement": stated["statement"],
            "test": "; ".join(f"{e.name}: {e.standing}" for e in evidence) + f" (figures: {shown.name})",
            "verdict": shown.standing, "effect": shown.effect, "low": shown.low, "high": shown.high, "p": shown.p,
            "margin": stated["margin"], "n": shown.n,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _from_comparisons(claim: str, stated: dict, results: Results, alpha: float) -> list[Evidence]:
    table = results.comparisons.set_index("comparison")
    evidence = []
    for item in stated["evidence"]:
        name, expect = item["comparison"], item["expect"]
        if name not in table.index:
            raise StudyError(f"claims.yaml, claim {claim}: no comparison {name!r} in comparisons.tsv")
        row = table.loc[name]
        needed = "equivalence" if expect == "equal" else "difference"
        if row["test"] != needed:
            raise StudyError(
                f"claims.yaml, claim {claim}: {name} is expected {expect}, which needs the test {needed}, "
                f"but comparisons.tsv says {row['test']}"
            )
        standing = standing_of(expect, row["low"], row["high"], row["p_holm"], stated["margin"], alpha)
        figures = row[["difference", "low", "high", "p_holm", "n"]]
        evidence.append(Evidence(f"{name} {expect}", standing, *figures))
    return evidence


def standing_of(expect: str, low: float, high: float, p: float, margin: float, alpha: float) -> str:
    """What a difference with its interval says of the expectation greater, less or equal.

    Against: the interval excludes an effect of at least the margin in the expected direction (for ``equal``: it lies
    wholly beyond the margin). For: p is below alpha and the interval lies on the expected side of zero (for ``equal``:
    p of the equivalence test is below alpha). A real effect too small to matter is therefore against.
    """
    if np.isnan(low) or np.isnan(high):
        return NEITHER
    if expect == "equal":
        return AGAINST if low > margin or high < -margin else FOR if p < alpha else NEITHER
    if expect == "less":
        low, high = -high, -low
    return AGAINST if high < margin else FOR if p < alpha and low > 0 else NEITHER


def _from_words(claim: str, stated: dict, results: Results, alpha: float) -> list[Evidence]:
    """Three conditions on the lexical claim: the correlation, and its excess over the intervention and the control.

    For: p below alpha, the effect at least the margin, and positive whichever class is left out. Against: not positive
    whichever class is left out. The range over left-out classes is no confidence interval; the rule is strict on both
    sides because one training run an arm gives no measure of how much rho varies between runs. The control can only
    withhold support: where it follows the words as well, something else than words may explain the correlation.
    """
    primary = results.settings["lexicon"]
    words = results.frequency[
        (results.frequency["language"] == stated["language"])
        & (results.frequency["source"] == primary["primary_source"])
        & (results.frequency["form"] == primary["primary_form"])
        & ~results.frequency["censored"]
    ]
    wide = results.per_class.pivot(index="emotion", columns="condition", values="f1")
    names = [stated[role] for role in ("subject", "intervention", "control")]
    if missing := [name for name in names if name not in wide.columns]:
        raise StudyError(f"claims.yaml, claim {claim}: no per-class metrics of the conditions {', '.join(missing)}")
    both = wide[names].dropna().join(words.set_index("emotion")["count"], how="inner")
    count, subject = both["count"].to_numpy(), both[names[0]].to_numpy()
    if len(both) < 3 or any(both[column].nunique() < 2 for column in both):
        nothing = (NEITHER, float("nan"), float("nan"), float("nan"), 1.0, len(both))
        return [Evidence("rho is undefined, values do not differ between classes", *nothing)]

    def evidence(name: str, effect: float, low: float, high: float, p: float, *, can_refute: bool = True) -> Evidence:
        clear = p < alpha and effect >= stated["margin"] and low > 0
        standing = FOR if clear else AGAINST if can_refute and high <= 0 else NEITHER
        return Evidence(name, standing, effect, low, high, p, len(both))

    rho, p = exact_spearman(subject, count)
    found = [evidence(f"rho of {names[0]}", rho, *leave_one_out(subject, count), p)]
    seed, resamples = results.settings["seed"], results.settings["resamples"]
    for role in ("intervention", "control"):
        excess = rho_difference(subject, both[stated[role]].to_numpy(), count, resamples, seed)
        name = f"rho of {names[0]} minus rho of {stated[role]}"
        found.append(evidence(name, **excess, can_refute=role == "intervention"))
    return found


def _from_hits(claim: str, stated: dict, results: Results, alpha: float) -> list[Evidence]:
    """The share of events that a sampler hits, all lengths together, is below the margin."""
    bins = results.hits[results.hits["sampler"] == stated["sampler"]]
    n = int(bins["n"].sum())
    name = f"share of events hit by {stated['sampler']} below {stated['margin']}"
    if n == 0:
        return [Evidence(f"{name} (there are no events)", NEITHER, float("nan"), float("nan"), float("nan"), 1.0, 0)]
    hit, margin = round(float((bins["measured"] * bins["n"]).sum())), stated["margin"]
    low, high = proportion_confint(hit, n, alpha=1 - results.settings["confidence"], method="wilson")
    p = binomtest(hit, n, margin, alternative="less").pvalue
    standing = AGAINST if low >= margin else FOR if p < alpha and high < margin else NEITHER
    return [Evidence(name, standing, hit / n, low, high, p, n)]


KINDS = {"comparisons": _from_comparisons, "lexical": _from_words, "hits": _from_hits}
