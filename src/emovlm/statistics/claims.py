"""Verdicts on the paper's claims, by rules fixed in ``config/claims.yaml`` before the run.

Each piece of evidence is for the claim, against it or neither (always neither from systems at chance). A claim is
supported if all its evidence is for it, not supported if any is against it, and undecided otherwise. Because all
evidence must hold, no further correction of p is needed (intersection-union test).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL
from emovlm.statistics.lexical.contrasts import ROLES

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
    """The tables that verdicts are taken from, of the contracts of the same names.

    ``settings``: confidence, lexicon (primary_source, primary_form).
    """

    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    correlations: pd.DataFrame
    contrasts: pd.DataFrame
    event_coverage: pd.DataFrame
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
        runs = row["lowest"], row["highest"]
        standing = standing_of(expect, row["low"], row["high"], row["p_holm"], stated["margin"], alpha, runs)
        figures = row[["difference", "low", "high", "p_holm", "n"]]
        found = Evidence(f"{name} {expect}", standing, *figures)
        known = any(_recognises(row[side], row["clips"], results) for side in ("a", "b"))
        evidence.append(found if known else _at_chance(found))
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


def _from_words(claim: str, stated: dict, results: Results, alpha: float) -> list[Evidence]:
    """Four conditions on the lexical claim: the correlation, and its excess over two interventions and the control.

    For: p at most alpha, the effect at least the margin, and positive whichever class is left out. Against: not
    positive whichever class is left out. The range over left-out classes is no confidence interval; the rule is strict
    on both sides because eleven classes are few. The control can only withhold support: where it follows the words as
    well, something else than words may explain the correlation.
    """
    primary = results.settings["lexicon"]
    key = stated["language"], primary["primary_source"], primary["primary_form"]

    def evidence(name: str, row: pd.Series | None, columns: list[str], of: list[str], refutes: bool) -> Evidence:
        if row is None:
            return Evidence(f"{name} is undefined", NEITHER, float("nan"), float("nan"), float("nan"), 1.0, 0)
        effect, low, high = row[columns]
        clear = row["p"] <= alpha and effect >= stated["margin"] and low > 0
        standing = FOR if clear else AGAINST if refutes and high <= 0 else NEITHER
        found = Evidence(name, standing, effect, low, high, row["p"], row["n_classes"])
        return found if all(_recognises(condition, ALL, results) for condition in of) else _at_chance(found)

    subject = stated["subject"]
    row = _row(results.correlations, subject=subject, language=key[0], source=key[1], form=key[2])
    found = [evidence(f"rho of {subject}", row, ["rho", "rho_low", "rho_high"], [subject], True)]
    for contrast, (role_a, role_b, words) in ROLES.items():
        a, b = stated[role_a], stated[role_b]
        row = _row(results.contrasts, contrast=contrast, a=a, b=b, language=key[0], source=key[1], form=key[2])
        name = f"rho of {a} minus rho of {b}" + (", permuted words" if words == "permuted" else "")
        found.append(evidence(name, row, ["difference", "low", "high"], [a, b], contrast != "control"))
    return found


def _row(table: pd.DataFrame, **key: str) -> pd.Series | None:
    """The row with that key, None where there is none."""
    found = table[np.logical_and.reduce([table[column] == value for column, value in key.items()])]
    return None if found.empty else found.iloc[0]


def _recognises(condition: str, clips: str, results: Results) -> bool:
    """Whether a condition agrees with the labels better than chance: the interval of kappa lies above 0."""
    row = _row(results.metrics, condition=condition, clips=clips, metric="kappa")
    return row is not None and row["low"] > 0


def _at_chance(evidence: Evidence) -> Evidence:
    """Evidence from systems at chance, which is worth nothing.

    A system that recognises nothing still has habits: one that names emotions as often as books do, whatever it sees,
    has an F1 by class that follows the words, and one tuned on balanced draws recalls rare classes more often. So a
    comparison needs one condition that recognises (the other may have lost it), and a profile of F1 is only read from
    a condition that does.
    """
    return replace(evidence, name=f"{evidence.name} (at chance)", standing=NEITHER)


def _from_event_coverage(claim: str, stated: dict, results: Results, alpha: float) -> list[Evidence]:
    """The share of events that a sampler covers, all lengths together, is below the margin."""
    bins = results.event_coverage[results.event_coverage["sampler"] == stated["sampler"]]
    n = int(bins["n"].sum())
    name = f"share of events hit by {stated['sampler']} below {stated['margin']}"
    if n == 0:
        return [Evidence(f"{name} (there are no events)", NEITHER, float("nan"), float("nan"), float("nan"), 1.0, 0)]
    hit, margin = round(float((bins["measured"] * bins["n"]).sum())), stated["margin"]
    low, high = proportion_confint(hit, n, alpha=1 - results.settings["confidence"], method="wilson")
    p = binomtest(hit, n, margin, alternative="less").pvalue
    standing = AGAINST if low >= margin else FOR if p <= alpha and high < margin else NEITHER
    return [Evidence(name, standing, hit / n, low, high, p, n)]


KINDS = {"comparisons": _from_comparisons, "lexical": _from_words, "event_coverage": _from_event_coverage}
