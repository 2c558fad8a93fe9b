"""Lexical contrasts: does a variant follow the words of its captions more closely than another variant does?

A bare correlation over eleven classes proves nothing, since class size, reliability and word frequency go together.
Between two variants that see the same images, only how often captions name each emotion differs.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from emovlm.core.contracts.statistics import CONTRASTS
from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.lexicon.estimator import permuted_counts, primary_frequency
from emovlm.statistics.lexical.correlation import LEAST_CLASSES, standardised
from emovlm.statistics.lexical.exact import TIE, spearman
from emovlm.statistics.lexical.roles import ROLES

LEAST_RUNS = 3
OF_RUNS, OF_WORDS = "runs, exact, one-sided", "words, Monte Carlo, two-sided"


def contrast_variants(per_run: pd.DataFrame, frequency: pd.DataFrame, claim: dict, settings: dict) -> pd.DataFrame:
    """CONTRASTS: rho of variant a minus rho of variant b, means over training runs.

    Real words are those of the primary source and form, in every language; permuted words those that the captions of
    the permuted variant followed, in the language of the captions. There is no row where fewer than five classes are
    completely listed or the F1 of a run is the same in all of them.

    Args:
        per_run: PER_RUN.
        frequency: TERM_FREQUENCY.
        claim: the claim about words, for the conditions in its roles and its language.
        settings: seed, resamples, primary_source, primary_form, classes. Seed and order of classes are those of the
            captions, so that the permuted words are theirs.

    Raises:
        StudyError: a condition has no F1.
    """
    wide = per_run.pivot(index="emotion", columns=["condition", "replicate"], values="f1")
    known = set(wide.columns.get_level_values("condition"))
    if missing := sorted({claim[role] for names in ROLES.values() for role in names[:2]} - known):
        raise StudyError(f"lexical contrasts: no F1 by class and run of the conditions {', '.join(missing)}")
    rows = []
    for language in sorted(frequency["language"].unique()):
        listed = primary_frequency(frequency, settings, language)
        counts = listed.set_index("emotion")["count"]
        real = counts.reindex([c for c in settings["classes"] if c in counts.index])
        if len(real) < LEAST_CLASSES:
            continue
        for contrast, (role_a, role_b, words) in ROLES.items():
            if words == "permuted" and language != claim["language"]:
                continue
            followed = real if words == "real" else pd.Series(permuted_counts(real.to_dict(), settings["seed"]))
            a, b = claim[role_a], claim[role_b]
            found = _contrast(wide[a], wide[b], followed, settings)
            if found:
                rows.append({
                    "contrast": contrast, "a": a, "b": b, "words": words, "language": language,
                    "source": settings["primary_source"], "form": settings["primary_form"], **found,
                })  # fmt: skip
    return pd.DataFrame(rows, columns=list(CONTRASTS.columns))


def _contrast(a: pd.DataFrame, b: pd.DataFrame, counts: pd.Series, settings: dict) -> dict:
    """Figures of one contrast, from F1 by emotion (rows) and run (columns); empty where a rho is undefined."""
    classes = a.dropna().index.intersection(b.dropna().index).intersection(counts.index)
    first, second = (frame.loc[classes].to_numpy().T for frame in (a, b))
    words = counts.loc[classes].to_numpy()
    if len(classes) < LEAST_CLASSES:
        return {}
    rhos_a, rhos_b = (np.array([spearman(run, words) for run in runs]) for runs in (first, second))
    if np.isnan([*rhos_a, *rhos_b]).any():
        return {}
    by_runs = min(len(first), len(second)) >= LEAST_RUNS
    low, high = difference_range(first, second, words)
    return {
        "rho_a": rhos_a.mean(), "rho_b": rhos_b.mean(), "difference": rhos_a.mean() - rhos_b.mean(),
        "low": low, "high": high,
        "p": p_of_runs(rhos_a, rhos_b) if by_runs
        else p_of_words(first, second, words, settings["resamples"], settings["seed"]),
        "test": OF_RUNS if by_runs else OF_WORDS,
        "runs_a": len(first), "runs_b": len(second), "n_classes": len(classes),
    }  # fmt: skip


def mean_rho(runs: np.ndarray, words: np.ndarray) -> float:
    """Mean over runs (R, n) of Spearman's rho with the words (n,)."""
    return float(np.mean([spearman(run, words) for run in runs]))


def difference_range(first: np.ndarray, second: np.ndarray, words: np.ndarray) -> tuple[float, float]:
    """Lowest and highest difference of mean rho with one class left out; undefined ones are not counted."""
    left = []
    for i in range(len(words)):
        rest, one, two = (np.delete(v, i, axis=-1) for v in (words, first, second))
        left.append(mean_rho(one, rest) - mean_rho(two, rest))
    return float(np.nanmin(left)), float(np.nanmax(left))


def p_of_runs(first: np.ndarray, second: np.ndarray) -> float:
    """Exact one-sided p of mean(first) > mean(second): the share of all splits of the runs that differ as much.

    Three runs against three have 20 splits, so that p is at least 0.05 and equals it only if every run of the first
    variant is above every run of the second. It speaks for further training runs, and takes the words as they are.
    """
    pooled, n = np.concatenate([first, second]), len(first)
    splits = [list(chosen) for chosen in combinations(range(len(pooled)), n)]
    differences = np.array([pooled[chosen].mean() - np.delete(pooled, chosen).mean() for chosen in splits])
    return float((differences >= first.mean() - second.mean() - TIE).mean())


def p_of_words(first: np.ndarray, second: np.ndarray, words: np.ndarray, resamples: int, seed: int) -> float:
    """Two-sided p, by permuting the words: does the change of profile (R, n) between two variants go with them?

    Nothing here reflects that another training run would give another profile.
    """
    profile = np.mean([standardised(run) for run in first], 0) - np.mean([standardised(run) for run in second], 0)
    weights = standardised(words)
    orders = rng(seed, "rho difference", len(words)).permuted(np.tile(np.arange(len(words)), (resamples, 1)), axis=1)
    extreme = np.abs(weights[orders] @ profile) >= abs(weights @ profile) - TIE
    return float((1 + extreme.sum()) / (1 + resamples))
