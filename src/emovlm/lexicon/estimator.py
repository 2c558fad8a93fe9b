"""The primary estimator of word frequency, fixed before the study ran, and its permuted control."""

from collections.abc import Mapping

import pandas as pd

from emovlm.core.contracts.frequency import COMPLETE
from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng

ALL_LANGUAGES = "all"  # in tables: the estimators of every language together
UNRELATED = 0.1  # largest rank correlation of permuted counts with the true ones


def primary_frequency(frequency: pd.DataFrame, lexicon: dict[str, str], language: str = "en") -> pd.DataFrame:
    """The rows of a TERM_FREQUENCY table by the estimator fixed beforehand: ``primary_source``, ``primary_form``.

    Classes of which the source lists only some terms, or none, are left out: their sums are not comparable.
    """
    wanted = {"language": language, "source": lexicon["primary_source"], "form": lexicon["primary_form"]}
    listed = completely_listed(frequency)
    return listed[(listed[list(wanted)] == list(wanted.values())).all(axis=1)]


def completely_listed(frequency: pd.DataFrame) -> pd.DataFrame:
    """The rows of a TERM_FREQUENCY table in which the source lists every word of the emotion."""
    return frequency[frequency["listing"] == COMPLETE]


def frequent_emotions(frequency: pd.DataFrame) -> list[str]:
    """The more frequent half of the emotions in rows of one estimator, the middle one among them."""
    return frequency.loc[frequency["count"] >= frequency["count"].median(), "emotion"].tolist()


def permuted_counts(counts: Mapping[str, float], seed: int) -> dict[str, float]:
    """A permutation of the counts whose ranks are almost uncorrelated with the true ones.

    What follows these counts follows frequency; what follows the true ones may follow anything that goes with them.

    Raises:
        StudyError: there are fewer than five emotions, too few for unrelated ranks.
    """
    if len(counts) < 5:
        raise StudyError(
            f"counts of {len(counts)} emotions cannot be permuted to unrelated ranks; at least 5 are needed"
        )
    draw = rng(seed, "permuted counts")
    true = pd.Series(counts).sort_index()  # whatever the order of the dictionary
    while True:
        dealt = pd.Series(draw.permutation(true), index=true.index)
        if abs(true.rank().corr(dealt.rank())) <= UNRELATED:  # Spearman's rho
            return dealt[list(counts)].to_dict()


def swapped_counts(counts: Mapping[str, float]) -> dict[str, float]:
    """The same counts, those of the commonest and the rarest emotion swapped, and so on towards the middle one.

    Ties are broken by the names of the emotions.
    """
    ordered = sorted(counts, key=lambda emotion: (counts[emotion], emotion))
    dealt = {emotion: counts[other] for emotion, other in zip(ordered, reversed(ordered), strict=True)}
    return {emotion: dealt[emotion] for emotion in counts}
