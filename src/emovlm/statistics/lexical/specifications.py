"""The specification curve: how rho moves over all estimators of word frequency (Simonsohn, Simmons and Nelson 2020).

One rho is one choice among many that could be defended. The curve shows them all, and the joint test asks how often
randomly permuted classes would give a median as large. The estimators overlap, so that they are no independent
findings: the test permutes the classes once for all of them, which keeps what the estimators have in common.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from emovlm.core.contracts.statistics import SPECIFICATIONS
from emovlm.core.hashing import rng
from emovlm.lexicon.estimator import ALL_LANGUAGES, completely_listed
from emovlm.statistics.lexical.agreement import ESTIMATOR
from emovlm.statistics.lexical.correlation import LEAST_CLASSES
from emovlm.statistics.lexical.exact import TIE


def specify(
    profiles: pd.DataFrame, frequency: pd.DataFrame, correlations: pd.DataFrame, settings: dict
) -> pd.DataFrame:
    """SPECIFICATIONS: of every profile the median, the range and the joint p of rho, by language and over all.

    Args:
        profiles: columns subject, origin, kind, emotion, value.
        frequency: TERM_FREQUENCY.
        correlations: CORRELATIONS of both. A profile without a row there has none here.
        settings: seed, resamples, alpha, primary_source, primary_form.
    """
    rows = []
    words = completely_listed(frequency).pivot(index="emotion", columns=ESTIMATOR, values="count")
    for (subject, origin, kind), profile in profiles.groupby(["subject", "origin", "kind"]):
        values = profile.set_index("emotion")["value"].sort_index()
        orders = rng(settings["seed"], "specification curve", len(values)).permuted(
            np.tile(np.arange(len(values)), (settings["resamples"], 1)), axis=1
        )
        null = rhos_of(values.to_numpy()[orders], words.reindex(values.index))
        of_subject = correlations[correlations["subject"] == subject]
        for language in (ALL_LANGUAGES, *sorted(of_subject["language"].unique())):
            chosen = [language in (ALL_LANGUAGES, column[0]) for column in null.columns]
            found = of_subject[of_subject["language"].eq(language) | (language == ALL_LANGUAGES)]
            if len(found):
                summary = _summary(found, language, settings)
                medians = null.loc[:, chosen].median(axis=1).fillna(0).abs()  # no rho at all is no correlation
                extreme = (medians >= abs(summary["rho_median"]) - TIE).sum()
                rows.append({
                    "subject": subject, "origin": origin, "kind": kind, "language": language, **summary,
                    "p": (1 + extreme) / (1 + len(medians)),
                })  # fmt: skip
    return pd.DataFrame(rows, columns=list(SPECIFICATIONS.columns))


def rhos_of(profiles: np.ndarray, words: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho of each profile (B, N) with each estimator, a column of ``words`` (N, S): (B, S).

    Each is over the classes that the estimator lists (not nan). It is nan where either side is constant, and estimators
    of fewer than five classes are left out.
    """
    found, listed = {}, words.notna()
    for _, alike in listed.T.groupby(list(listed.index)):
        places = np.flatnonzero(listed[alike.index[0]])
        if len(places) >= LEAST_CLASSES:
            rhos = _standardised(profiles[:, places]) @ _standardised(words[alike.index].to_numpy()[places].T).T
            found |= dict(zip(alike.index, rhos.T, strict=True))
    columns = [column for column in words.columns if column in found]
    names = pd.MultiIndex.from_tuples(columns, names=words.columns.names)
    return pd.DataFrame(np.array([found[c] for c in columns]).reshape(len(columns), -1).T, columns=names)


def _standardised(rows: np.ndarray) -> np.ndarray:
    """Mid-ranks of each row, with mean 0 and length 1; nan where all values of a row are equal."""
    ranks = rankdata(rows, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    return np.divide(ranks, length, out=np.full_like(ranks, np.nan), where=length > TIE)


def _summary(found: pd.DataFrame, language: str, settings: dict) -> dict:
    """What rows of CORRELATIONS of one subject say together."""
    rho = found["rho"]
    is_primary = (found["source"] == settings["primary_source"]) & (found["form"] == settings["primary_form"])
    primary = np.nan if language == ALL_LANGUAGES or not is_primary.any() else rho[is_primary].iloc[0]
    return {
        "estimators": len(rho), "n_least": found["n_classes"].min(), "n_most": found["n_classes"].max(),
        "rho_median": rho.median(), "rho_lowest": rho.min(), "rho_highest": rho.max(),
        "positive": (rho > TIE).mean(), "significant": ((rho > TIE) & (found["p"] <= settings["alpha"])).mean(),
        "rho_primary": primary, "below_primary": np.nan if np.isnan(primary) else (rho < primary - TIE).mean(),
    }  # fmt: skip
