"""Do the tests over classes, runs and systems keep their level, and what can they find? By simulation.

    PYTHONPATH=src python benchmarks/correlation_calibration.py --write docs/explanation/statistics.md

For each test: how often p is at most 0.05 where there is nothing to find, beside the level that it can attain, since
tests over few classes have few values of p. For the correlations and the contrast of runs: how often they find what is
there. Prints Markdown, and with ``--write`` puts it between its markers in a file.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import binom, rankdata
from statsmodels.stats.proportion import proportion_confint

from emovlm.statistics.lexical.contrasts import p_of_runs, p_of_words
from emovlm.statistics.lexical.correlation import MOST_EXPLAINED, partial_spearman
from emovlm.statistics.lexical.exact import exact_kendall, exact_spearman
from emovlm.statistics.reanalysis import p_between, p_sign
from emovlm.statistics.sign_flips import p_flip

LEVEL = 0.05
WITHIN = (0.04, 0.06)
RHOS = (0.2, 0.4, 0.6, 0.8, 0.9)
RESAMPLES = 499  # of tests that draw permutations; their p are multiples of 1 / 500
MARKERS = "<!-- correlation calibration: begin -->", "<!-- correlation calibration: end -->"
Draw = Callable[[np.random.Generator], float]  # draws data and returns p


@dataclass(frozen=True)
class Case:
    """A test on data in which there is nothing to find. ``attainable``: its greatest p up to 0.05, or nan: any."""

    test: str
    data: str
    draw: Draw
    attainable: float = float("nan")


def tied(n: int) -> np.ndarray:
    """A profile of n classes of which a third are never recognised and two have the same F1."""
    profile = np.maximum(np.arange(n) - n // 3, 0.0)
    profile[-1] = profile[-2]
    return profile


def rank_cases(n: int) -> Iterator[Case]:
    """Exact rank correlations of n classes, with and without ties."""
    for name, test in (("Spearman", exact_spearman), ("Kendall", exact_kendall)):
        for what, profile in (("no ties", np.arange(n)), (f"{n // 3 + 1} classes tied at 0, 2 above", tied(n))):
            found = {test(np.arange(n), order)[1] for order in _orders(profile)}
            yield Case(
                f"{name}, exact", f"{n} classes, {what}",
                lambda g, test=test, profile=profile: test(np.arange(n), g.permutation(profile))[1],
                max(p for p in found if p <= LEVEL),
            )  # fmt: skip


def _orders(profile: np.ndarray, swaps: int = 4000) -> Iterator[np.ndarray]:
    """Orders of a profile from sorted to random: with them nearly every value of p comes up."""
    generator = np.random.default_rng(0)
    for k in range(swaps):
        yield profile[np.argsort(np.arange(len(profile)) + generator.normal(size=len(profile)) * k / swaps * 9)]


def partial_case(covariates: int, noise: float) -> Case:
    """Two profiles that depend on the same covariates and, but for them, have nothing in common."""

    def draw(g: np.random.Generator) -> float:
        given = g.random((11, covariates))
        x, y = given.sum(axis=1) + noise * g.random((2, 11))
        return partial_spearman(x, y, given, RESAMPLES, int(g.integers(2**31)))[1]

    many = f"{covariates} covariate{'s' if covariates > 1 else ''}"
    return Case("partial Spearman, Freedman-Lane", f"11 classes, {many}, noise {noise:g} of a covariate's range", draw)


def other_cases() -> Iterator[Case]:
    """Contrasts of variants, and the tests over systems of the re-analysis."""
    for runs in (3, 5):
        splits = len(list(combinations(range(2 * runs), runs)))
        yield Case(
            "contrast, permuting runs (one-sided)", f"{runs} against {runs} runs",
            lambda g, runs=runs: p_of_runs(*g.normal(size=(2, runs))), int(LEVEL * splits) / splits,
        )  # fmt: skip
    yield Case(
        "contrast, permuting words", "11 classes, 1 run a variant",
        lambda g: p_of_words(*g.random((2, 1, 11)), g.random(11), RESAMPLES, int(g.integers(2**31))),
    )  # fmt: skip
    for n in (8, 10):
        tails = 2 * binom.cdf(np.arange(n // 2), n, 0.5)
        yield Case("sign test", f"{n} systems", lambda g, n=n: p_sign(g.normal(size=n)), tails[tails <= LEVEL].max())
        yield Case(
            "sign flips of the mean", f"{n} systems", lambda g, n=n: p_flip(g.normal(size=n)),
            2 * int(LEVEL * 2 ** (n - 1)) / 2**n,
        )  # fmt: skip
    yield Case("VLMs against vision-only", "8 against 2 systems", lambda g: _dealt(g.normal(size=10)), 2 / 45)


def _dealt(values: np.ndarray) -> float:
    return p_between(values[:8], values[8:])


@cache
def cases() -> tuple[Case, ...]:
    """All tests, in the order of the table. What they can attain takes seconds to find."""
    partial = [partial_case(covariates, noise) for covariates in (1, 2) for noise in (0.1, 0.5, 1, 2)]
    return (*rank_cases(7), *rank_cases(11), *partial, *other_cases())


def false_positives(trials: int) -> Iterator[str]:
    """Markdown rows: how often each test finds something where there is nothing."""
    yield "| test | data without an effect | level it can attain | p withheld | p ≤ 0.05 | 95% interval | 4 to 6% |"
    yield "|---|---|---|---|---|---|---|"
    for number, case in enumerate(cases()):
        generator = np.random.default_rng([2026, number])
        p = np.array([case.draw(generator) for _ in range(trials)])
        hits = int((p <= LEVEL + 1e-9).sum())
        low, high = proportion_confint(hits, trials, method="wilson")
        attainable = "any" if np.isnan(case.attainable) else f"{case.attainable:.1%}"
        withheld = f"{np.isnan(p).mean():.0%}" if np.isnan(p).any() else "–"
        yield (f"| {case.test} | {case.data} | {attainable} | {withheld} | {hits / trials:.1%} "
               f"| {low:.1%} to {high:.1%} | {_judged(hits / trials, case.attainable, withheld != '–')} |")  # fmt: skip


def _judged(rate: float, attainable: float, withheld: bool) -> str:
    """Whether a rate lies in [4%, 6%], and if not, why it cannot."""
    if WITHIN[0] <= rate <= WITHIN[1]:
        return "yes"
    if rate < WITHIN[0] and (withheld or attainable < LEVEL):
        return "below: withheld" if withheld else "below: few values of p"
    return "no"


def related(rho: float, n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n points of a normal distribution with Spearman's rho (Pearson's r is 2 sin(pi rho / 6))."""
    r = 2 * np.sin(np.pi * rho / 6)
    x, other = generator.normal(size=(2, n))
    return rankdata(x), rankdata(r * x + np.sqrt(1 - r**2) * other)


def power(trials: int) -> Iterator[str]:
    """Markdown rows: how often a correlation that is there has p of at most 0.05."""
    yield "| true ρ | " + " | ".join(f"{test}, {n} classes" for n in (7, 11) for test in ("Spearman", "Kendall")) + " |"
    yield "|---|---|---|---|---|"
    for rho in RHOS:
        shares = []
        for n in (7, 11):
            generator = np.random.default_rng([2026, n])
            drawn = [related(rho, n, generator) for _ in range(trials)]
            for test in (exact_spearman, exact_kendall):
                shares.append(np.mean([test(*pair)[1] <= LEVEL for pair in drawn]))
        yield f"| {rho:g} | " + " | ".join(f"{share:.0%}" for share in shares) + " |"


def power_of_runs(trials: int) -> Iterator[str]:
    """Markdown rows: how often the contrast of three against three runs finds a difference of rho."""
    spreads = (0.05, 0.1, 0.2)
    yield "| true difference of ρ | " + " | ".join(f"runs vary by {spread}" for spread in spreads) + " |"
    yield "|---|---|---|---|"
    for difference in (0.2, 0.4, 0.6):
        generator = np.random.default_rng(2026)
        noise = generator.normal(size=(trials, 2, 3))
        shares = [
            np.mean([p_of_runs(difference + spread * a, spread * b) <= LEVEL + 1e-9 for a, b in noise])
            for spread in spreads
        ]
        yield f"| {difference:g} | " + " | ".join(f"{share:.0%}" for share in shares) + " |"


def report(trials: int) -> str:
    """All tables as Markdown."""
    error = 1.96 * np.sqrt(LEVEL * (1 - LEVEL) / trials)
    return "\n".join(
        [
            f"{trials:,} trials a row (`make calibrate`); a rate of 5% is known to ±{error:.1%}.",
            f"p withheld: the covariates explain more than {MOST_EXPLAINED:.0%} of the ranks of both sides; not "
            "counted as found.",
            "",
            *false_positives(trials),
            "",
            "Power: how often a true rank correlation is found (p ≤ 0.05, two-sided).",
            "",
            *power(trials),
            "",
            "Power of the contrast of three against three training runs (one-sided; no run of one variant lies among",
            "those of the other), by the standard deviation of ρ between runs of a variant.",
            "",
            *power_of_runs(trials),
        ]
    )


def written(text: str, tables: str) -> str:
    """The text with the tables between the markers.

    Raises:
        ValueError: there are no such markers.
    """
    if not all(text.count(marker) == 1 for marker in MARKERS):
        raise ValueError(f"the file needs one line {MARKERS[0]} and one line {MARKERS[1]}")
    before, rest = text.split(MARKERS[0])
    return f"{before}{MARKERS[0]}\n{tables}\n{MARKERS[1]}{rest.split(MARKERS[1])[1]}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--trials", type=int, default=10_000)
    arguments.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the markers of this file")
    given = arguments.parse_args()
    tables = report(given.trials)
    print(tables)
    if given.write:
        given.write.write_text(written(given.write.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
