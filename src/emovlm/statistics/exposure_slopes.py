"""Slopes of recall on exposure: is a class recognised more often where its name was read more often?

``within`` is the primary outcome: a linear probability model of each clip (recognised or not) on log10 of how often the
captions name its class, with fixed effects of class and of condition (the two-way within estimator). So only that
counts by which a class's recall *changes* between conditions, not that some faces are easier, nor that one condition
names, or recognises, more in all. ``across`` is the slope over the classes of one condition on the frequency of their
words, less the same slope of a condition that never read them.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import t

from emovlm.core.bootstrap import bootstrap_weights, resample
from emovlm.core.contracts.statistics import DOSES, SLOPES
from emovlm.core.errors import StudyError
from emovlm.statistics.counts import count
from emovlm.statistics.intervals import percentile, with_runs
from emovlm.statistics.metric_tables import run_range
from emovlm.statistics.metrics import recognised
from emovlm.statistics.power import standard_error
from emovlm.statistics.sign_flips import p_flip

CHANGED = 1.5  # exposures whose ratio is at least this differ: rounding a share of captions changes them by one
CONTINUITY = 0.5  # added to counts before the logit, so that a class never or always recognised has one
LEAST_CHANGE = 1e-9  # of log10 of exposure, beyond rounding
UNBOUNDED = (-np.inf, np.inf)
Recall = Callable[[np.ndarray, np.ndarray], np.ndarray]


def slopes_table(
    answers: dict[str, pd.DataFrame], exposures: dict[str, pd.DataFrame], words: pd.Series, rows: list[dict],
    settings: dict,
) -> pd.DataFrame:  # fmt: skip
    """SLOPES: one row a planned slope, in recall per tenfold exposure.

    The slope is computed in each run and averaged. ``low`` and ``high`` draw people and keep the runs; ``p`` is a t
    test with the standard error of that bootstrap. ``runs_low``, ``runs_high`` and ``p_runs`` are for further people
    and runs, ``p_flip_runs`` from all signs of the runs' slopes.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        exposures: by condition, how often each class (row) is named in the captions of each run (column, its number).
        words: counts of the classes' words, where they are listed completely.
        rows: of ``config/slopes.tsv``, each with its ``margin`` if it has one.
        settings: seed, resamples, confidence, classes.

    Raises:
        StudyError: a class has the exposure 0, conditions answer other clips or have other runs, or no exposure
            changes.
    """
    return pd.DataFrame(
        [_slope(answers, exposures, words, row, settings) for row in rows], columns=list(SLOPES.columns)
    )


def doses_table(answers: dict[str, pd.DataFrame], exposures: dict[str, pd.DataFrame], variants: dict[str, str],
                settings: dict) -> pd.DataFrame:  # fmt: skip
    """DOSES: recall of each class in each condition of ``exposures``, beside how often it was named.

    Arguments as in :func:`slopes_table`; ``variants`` are the captions' by condition.
    """
    rows = []
    for condition, exposure in exposures.items():
        classes, clusters, right, sizes, runs = _counted([condition], answers, settings, f"condition {condition}")
        x = _log_exposure(exposure, condition, classes, runs, f"condition {condition}").mean(axis=0)
        spread = _share(*_resampled(right, sizes, clusters, settings))[..., 0, :] if len(clusters) > 1 else None
        values = _share(right.sum(axis=0), sizes.sum(axis=0))[:, 0]
        for k, emotion in enumerate(classes):
            low, high = _interval(values[:, k], None if spread is None else spread[..., k], clusters, settings, (0, 1))
            rows.append({
                "condition": condition, "variant": variants[condition], "emotion": emotion, "exposure": 10 ** x[k],
                "recall": values[:, k].mean(), "low": low, "high": high, "replicates": len(runs),
                "n": int(sizes[:, k].sum()),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(DOSES.columns))


def _slope(answers: dict[str, pd.DataFrame], exposures: dict[str, pd.DataFrame], words: pd.Series, row: dict,
           settings: dict) -> dict:  # fmt: skip
    """One row of SLOPES."""
    where, names, within = f"slope {row['slope']}", row["conditions"].split(), row["kind"] == "within"
    asked = [*names, *([row["minus"]] if row.get("minus") else [])]
    classes, clusters, right, sizes, runs = _counted(asked, answers, settings, where)
    if within:
        x = np.stack([_log_exposure(exposures[name], name, classes, runs, where) for name in names], axis=1)
        if row.get("classes") == "changed":
            chosen = np.ptp(x.mean(axis=0), axis=0) >= np.log10(CHANGED)
        else:
            chosen = np.ones(len(classes), bool)
    else:
        chosen = np.array([words.get(name, 0) > 0 for name in classes])
        x = np.log10([words.get(name, 1) for name in classes])[None, None].repeat(len(runs), axis=0)
    x, right, sizes = x[..., chosen], right[..., chosen], sizes[:, chosen]
    if chosen.sum() < 2 or not np.abs(_rest(x, sizes.sum(axis=0), within)).max() > LEAST_CHANGE:
        what = "exposure changes between its conditions" if within else "words are not equally frequent"
        raise StudyError(f"{where}: a slope needs two or more classes whose {what}; there are {chosen.sum()} to see")
    return {
        **{column: row.get(column) for column in ("slope", "claim", "kind", "conditions", "minus", "margin")},
        "classes": row.get("classes", "all"), **fitted(right, sizes, x, within, clusters, settings),
        "replicates": len(runs), "n_classes": int(chosen.sum()), "n": int(sizes.sum()),
    }  # fmt: skip


def fitted(right: np.ndarray, sizes: np.ndarray, x: np.ndarray, within: bool, clusters: list[str],
           settings: dict) -> dict[str, float]:  # fmt: skip
    """The figures of a slope by the names of their columns in SLOPES.

    Args:
        right: right answers, (people, R, A, K).
        sizes: clips of each person and class, (people, K).
        x: log10 of exposure, (R, A, K); of a slope across classes (R, 1, K), and A is 2.
        within: whether the slope is within classes.
        clusters: names of the people.
        settings: seed, resamples, confidence.
    """
    fit = slope_within if within else slope_across

    def by_run(of: np.ndarray, n: np.ndarray, outcome: Recall) -> np.ndarray:
        return fit(outcome(of, n), n, x)

    whole = right.sum(axis=0), sizes.sum(axis=0)
    single, logits = by_run(*whole, _share), by_run(*whole, _logit)
    spread = logit_spread = None
    if len(clusters) > 1:
        drawn = _resampled(right, sizes, clusters, settings)
        spread, logit_spread = by_run(*drawn, _share), by_run(*drawn, _logit)
    low, high = _over_people(None if spread is None else spread.mean(axis=-1), clusters, settings)
    over_runs = with_runs(np.empty((0, len(single))) if spread is None else spread, single, len(clusters))
    runs_low, runs_high = over_runs.interval(settings["confidence"], UNBOUNDED)
    logit_low, logit_high = _interval(logits, logit_spread, clusters, settings, UNBOUNDED)
    return {
        "estimate": single.mean(), "low": low, "high": high, **run_range(single), "runs_low": runs_low,
        "runs_high": runs_high, "p": _p_of_people(single.mean(), spread, len(clusters)), "p_runs": over_runs.p(),
        "p_flip_runs": p_flip(single) if len(single) > 1 else np.nan, "logit": logits.mean(), "logit_low": logit_low,
        "logit_high": logit_high,
    }  # fmt: skip


def slope_within(y: np.ndarray, n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Slope of y on x with fixed effects of class and condition, weighted by clips: (..., R).

    All conditions have the same clips, so that the weights of classes are the same in each, and the two-way within
    estimator has a closed form: x less its means over classes and over conditions. Source: Wooldridge (2010),
    Econometric Analysis of Cross Section and Panel Data, chapter 10.

    Args:
        y: outcome by condition and class, (..., R, A, K).
        n: clips of each class, (..., K).
        x: log10 of exposure, (R, A, K).
    """
    rest = _rest(x, n, within=True)
    weighted = n[..., None, None, :] * rest
    return (weighted * y).sum(axis=(-2, -1)) / (weighted * rest).sum(axis=(-2, -1))


def slope_across(y: np.ndarray, n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Slope of y over classes in the first condition less that in the second, weighted by clips: (..., R).

    Arguments as in :func:`slope_within`; x (R, 1, K) is the same in both conditions.
    """
    rest = _rest(x, n, within=False)
    weighted = n[..., None, None, :] * rest
    slopes = (weighted * y).sum(axis=-1) / (weighted * rest).sum(axis=-1)
    return slopes[..., 0] - slopes[..., 1]


def _rest(x: np.ndarray, n: np.ndarray, within: bool) -> np.ndarray:
    """x less its mean over classes, weighted by their clips, and less its mean over conditions if ``within``."""
    weight = (n / n.sum(axis=-1, keepdims=True))[..., None, None, :]
    rest = x - (weight * x).sum(axis=-1, keepdims=True)
    return rest - rest.mean(axis=-2, keepdims=True) if within else rest


def _share(right: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Recall (..., R, A, K) of right answers (..., R, A, K) to n clips (..., K); 0 of no clips, which weigh nothing."""
    return right / np.maximum(n, 1)[..., None, None, :]


def _logit(right: np.ndarray, n: np.ndarray) -> np.ndarray:
    n = n[..., None, None, :]
    return np.log((right + CONTINUITY) / (n - right + CONTINUITY))


def _counted(conditions: list[str], answers: dict[str, pd.DataFrame], settings: dict, where: str) -> tuple:
    """Classes that have clips, people, right answers (people, R, A, K), clips (people, K), and numbers of the runs.

    Raises:
        StudyError: a condition is missing, or conditions answer other clips or have other runs.
    """
    if missing := [name for name in conditions if name not in answers]:
        raise StudyError(f"{where}: no answers of condition {missing[0]}")
    first = answers[conditions[0]]
    runs, right = sorted(first["replicate"].unique()), []
    for name in conditions:
        frame = answers[name]
        counts = count(frame, settings["classes"])
        sizes, classes = counts.table[:, 0].sum(axis=-1), counts.classes
        if name == conditions[0]:
            kept = sizes, classes, counts.clusters
        if sorted(frame["replicate"].unique()) != runs:
            raise StudyError(
                f"{where}: {name} and {conditions[0]} have different training runs, which cannot be paired"
            )
        if classes != kept[1] or set(frame["clip_id"]) != set(first["clip_id"]):
            raise StudyError(f"{where}: {name} and {conditions[0]} answer different clips, or choose among different "
                             "classes, and cannot be paired")  # fmt: skip
        right.append(recognised(counts.table))
    sizes, classes, clusters = kept
    asked = sizes.sum(axis=0) > 0
    named = [name for name, one in zip(classes, asked, strict=True) if one]
    return named, clusters, np.stack(right, axis=2)[..., asked], sizes[:, asked], runs


def _log_exposure(
    exposure: pd.DataFrame, condition: str, classes: list[str], runs: list[int], where: str
) -> np.ndarray:
    """log10 of how often each class was named in each run, (R, K)."""
    found = exposure.reindex(index=classes, columns=runs)
    for emotion, run in zip(*np.nonzero(~(found.to_numpy() > 0)), strict=True):
        raise StudyError(
            f"{where}: the captions of {condition}, run {runs[run]}, never name {classes[emotion]}, and an exposure "
            "of 0 has no logarithm; raise organism.captions.naming in the config, or leave the condition out"
        )
    return np.log10(found.to_numpy(float)).T


def _resampled(right: np.ndarray, sizes: np.ndarray, clusters: list[str], settings: dict) -> tuple:
    """Resamples of people: right answers (resamples, R, A, K) and clips (resamples, K)."""
    weights = bootstrap_weights(clusters, settings["resamples"], settings["seed"])
    return resample(right, weights), resample(sizes, weights)


def _interval(values: np.ndarray, spread: np.ndarray | None, clusters: list[str], settings: dict,
              bounds: tuple[float, float]) -> tuple[float, float]:  # fmt: skip
    """Interval of the mean of values (R,), over people and runs where there are several, else over people."""
    if spread is None:
        return np.nan, np.nan
    if len(values) > 1:
        return with_runs(spread, values, len(clusters)).interval(settings["confidence"], bounds)
    return _over_people(spread[:, 0], clusters, settings)


def _over_people(spread: np.ndarray | None, clusters: list[str], settings: dict) -> tuple[float, float]:
    if spread is None:
        return np.nan, np.nan
    low, high = percentile(spread, len(clusters), settings["confidence"])
    return float(low), float(high)


def _p_of_people(value: float, spread: np.ndarray | None, clusters: int) -> float:
    """Two-sided p of a t test with the standard error over people."""
    if spread is None:
        return float("nan")
    se = standard_error(spread.mean(axis=-1), clusters)
    return float(2 * t.sf(abs(value) / se, clusters - 1)) if se > 0 else float(value == 0)
