"""Re-analysis of a published table: does shuffling frames change the macro-F1 of the systems listed in it?

These are other people's numbers, printed without intervals. So a system is one observation, and nothing is said of any
single one: what is tested is whether systems of a kind go the same way.
"""

import numpy as np
import pandas as pd
from scipy.stats import binomtest, permutation_test

from emovlm.core.contracts.statistics import REANALYSIS
from emovlm.core.errors import StudyError
from emovlm.statistics.sign_flips import p_flip

KINDS = ("vlm", "vision")
DATASETS = ("mafw", "dfew")
BOTH, ALL_KINDS = "both", "all"
DIGITS = 6  # published figures have four: differences of them have no more


def changes(published: pd.DataFrame) -> pd.DataFrame:
    """Published macro-F1 with frames shuffled minus in order: one row a system.

    Args:
        published: ``paper_frame_shuffle.csv``.

    Returns:
        Columns system, kind, and the change on mafw, on dfew and on average (both).

    Raises:
        StudyError: a system lacks one of its two rows, or is of an unknown kind.
    """
    if unknown := sorted(set(published["kind"]) - set(KINDS)):
        raise StudyError(f"paper_frame_shuffle.csv: unknown kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
    columns = [f"{dataset}_f1" for dataset in DATASETS]
    ordered, shuffled = (
        published[published["frames"] == order].set_index(["system", "kind"])[columns]
        for order in ("ordered", "shuffled")
    )
    if odd := sorted(ordered.index.symmetric_difference(shuffled.index).get_level_values("system")):
        raise StudyError(f"paper_frame_shuffle.csv: {', '.join(odd)} without a row for both orders of frames")
    change = (shuffled.loc[ordered.index] - ordered).set_axis(list(DATASETS), axis=1)
    return change.assign(**{BOTH: change.mean(axis=1)}).round(DIGITS).reset_index()


def reanalyse(published: pd.DataFrame) -> pd.DataFrame:
    """REANALYSIS of ``paper_frame_shuffle.csv``: change by data set and kind of system, with exact tests over systems.

    The data sets hold the same systems, so that their p are not independent; they are not corrected either.
    """
    change = changes(published)
    rows = []
    for dataset in (*DATASETS, BOTH):
        of_kind = {kind: change.loc[change["kind"] == kind, dataset].to_numpy() for kind in KINDS}
        for kind, values in {**of_kind, ALL_KINDS: change[dataset].to_numpy()}.items():
            if not len(values):
                continue
            between = p_between(*of_kind.values()) if kind == ALL_KINDS and all(map(len, of_kind.values())) else np.nan
            rows.append({
                "dataset": dataset, "kind": kind, "n": len(values), "falls": int((values < 0).sum()),
                "ties": int((values == 0).sum()), "mean": values.mean(), "median": np.median(values),
                "lowest": values.min(), "highest": values.max(), "p_sign": p_sign(values), "p_flip": p_flip(values),
                "p_least": min(1.0, 2.0 ** (1 - len(values))), "p_difference": between,
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(REANALYSIS.columns))


def p_sign(values: np.ndarray) -> float:
    """Exact two-sided sign test: are falls and rises equally likely? Zeros are left out; 1 if nothing is left."""
    falls, rises = int((values < 0).sum()), int((values > 0).sum())
    return float(binomtest(falls, falls + rises).pvalue) if falls + rises else 1.0


def p_between(first: np.ndarray, second: np.ndarray) -> float:
    """Exact two-sided p of a difference of means, over all ways to deal the systems out to the two kinds.

    Twice the smaller of the one-sided p, as in scipy: two systems against eight can be dealt out in 45 ways, so that p
    is never below 2 / 45 = 0.044.
    """
    found = permutation_test(
        (first, second), lambda a, b: a.mean() - b.mean(), permutation_type="independent", n_resamples=np.inf
    )
    return float(found.pvalue)
