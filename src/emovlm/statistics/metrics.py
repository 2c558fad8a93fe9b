"""Metrics of recognition: one entry each in ``METRICS``, from which tables, labels, pages and the docs follow.

A metric is a function of counts of shape (..., K, K + 1): true class by prediction, clips without an answer in the
last column. So it is computed for one table, or for thousands of resamples at once. Clips without an answer stay in n
and are errors, but for the metrics ``.._answered``, which leave them out. Macro averages are over the classes that have
clips.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.core.registry import Registry

NEUTRAL = "neutral"
ANSWERED = "_answered"


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: its id in tables and values.
        label: what it is called on axes and pages.
        about: what it is, in a sentence or two, for the docs and the paper.
        function: its values (...) of counts (..., K, K + 1). With ``of`` its second argument is the list of the places
            of those classes; with ``reads="scores"`` it takes binned answers instead (``statistics.calibration``).
        unit: of its values.
        bounds: the lowest and highest value, or a function of the number of classes that gives them.
        reads: what is counted: the answers; only the clips ``answered``; the classes that free replies name by one of
            the rules of ``core.contracts.answers.REPLIES``; or the answers binned by their ``scores``.
        of: the classes that it is about, ``neutral`` or ``tail`` (``statistics.tail`` of the config). It has a value
            only where there are such classes.
        answered: also give it of the answered clips alone, as ``<name>_answered``.
        additive: a sum over clips whose weights do not depend on the answers, so that its sign-flip test is exact.
        biased: resampling moves it by a good part of its standard error, so that intervals are put right.
        recognition: whether it says how much is recognised, so that McNemar's test can stand beside a comparison of it.
        headline: its place among the few metrics in lists of conditions (1 is first); 0 if it is not among them.
        paper: how the paper's table of all conditions shows it: with its ``interval``, or its ``value`` alone.
            ``further`` metrics have a table of their own, and ``none`` are only in the values.
        short: heading of its column there; its label if empty.
    """

    name: str
    label: str
    about: str
    function: Callable[..., np.ndarray]
    unit: str = "share"
    bounds: tuple[float, float] | Callable[[int], tuple[float, float]] = (0.0, 1.0)
    reads: Literal["answers", "answered", "parsed", "exact", "substring", "scores"] = "answers"
    of: Literal["", "neutral", "tail"] = ""
    answered: bool = False
    additive: bool = False
    biased: bool = False
    recognition: bool = False
    headline: int = 0
    paper: Literal["interval", "value", "further", "none"] = "further"
    short: str = ""

    @property
    def comparable(self) -> bool:
        """Whether planned comparisons can be of it: those are made from counts."""
        return self.reads != "scores"

    def bounds_for(self, classes: Sequence[str]) -> tuple[float, float]:
        """The lowest and highest value where systems choose among ``classes``."""
        return self.bounds(len(classes)) if callable(self.bounds) else self.bounds


METRICS: Registry[Metric] = Registry("metric", "docs/how-to/adding-a-metric.md")


def add_metric(metric: Metric) -> Metric:
    """Add a metric to ``METRICS``, and its twin of the answered clips where it has one.

    Raises:
        StudyError: there is a metric of that name.
    """
    METRICS.add(metric)
    if metric.answered:
        METRICS.add(replace(
            metric, name=metric.name + ANSWERED, label=f"{metric.label}, failures left out", reads="answered",
            about=f"{metric.label} of the answered clips alone.", answered=False, headline=0, paper="none",
            recognition=False, additive=False, short="",
        ))  # fmt: skip
    return metric


def register_metric(name: str, label: str, about: str, **settings: object) -> Callable:
    """Decorator that adds a metric computed by the decorated function; arguments as in :class:`Metric`."""

    def add(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        add_metric(Metric(name, label, about, function, **settings))
        return function

    return add


def _divide(part: np.ndarray, whole: np.ndarray, empty: float) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, empty), where=whole != 0)


def over_classes(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the classes that have clips; nan if none has."""
    return _divide(np.nansum(values, -1), (~np.isnan(values)).sum(-1), np.nan)


def recognised(counts: np.ndarray) -> np.ndarray:
    """Clips of each class that are recognised, (..., K)."""
    return np.diagonal(counts[..., :-1], axis1=-2, axis2=-1)


def predicted(counts: np.ndarray) -> np.ndarray:
    """Clips that are answered with each class, (..., K)."""
    return counts[..., :-1].sum(-2)


def class_recall(counts: np.ndarray) -> np.ndarray:
    """Recall of each class, (..., K); nan for a class without clips."""
    return _divide(recognised(counts), counts.sum(-1), np.nan)


def class_precision(counts: np.ndarray) -> np.ndarray:
    """Precision of each class, (..., K); 0 for a class never predicted, nan for a class without clips."""
    return np.where(counts.sum(-1) > 0, _divide(recognised(counts), predicted(counts), 0.0), np.nan)


def class_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of each class, (..., K); nan for a class without clips."""
    support = counts.sum(-1)
    return np.where(support > 0, _divide(2 * recognised(counts), support + predicted(counts), 0.0), np.nan)


@register_metric(
    "accuracy", "Accuracy", "Share of clips recognised (WAR).", answered=True, recognition=True, additive=True,
    headline=3, paper="interval",
)  # fmt: skip
def accuracy(counts: np.ndarray) -> np.ndarray:
    return _divide(recognised(counts).sum(-1), counts.sum((-2, -1)), 0.0)


@register_metric(
    "uar", "UAR", "Mean recall over the classes.", answered=True, recognition=True, additive=True, headline=2,
    paper="interval",
)  # fmt: skip
def uar(counts: np.ndarray) -> np.ndarray:
    return over_classes(class_recall(counts))


@register_metric(
    "macro_precision", "Macro precision",
    "Mean precision over the classes; that of a class never predicted is 0, as in scikit-learn.", recognition=True,
    paper="value", short="Prec.",
)  # fmt: skip
def macro_precision(counts: np.ndarray) -> np.ndarray:
    return over_classes(class_precision(counts))


register_metric("macro_recall", "Macro recall", "Another name of UAR.", recognition=True, additive=True, paper="none")(
    uar
)


@register_metric(
    "macro_f1", "Macro-F1", "Mean F1 over the classes.", answered=True, recognition=True, headline=1, paper="interval"
)
def macro_f1(counts: np.ndarray) -> np.ndarray:
    return over_classes(class_f1(counts))


@register_metric(
    "kappa", "Cohen’s kappa", "Agreement with the labels beyond chance; a failure is an answer that no label has.",
    unit="kappa", bounds=(-1.0, 1.0), recognition=True, paper="value", short="κ",
)  # fmt: skip
def kappa(counts: np.ndarray) -> np.ndarray:
    """0 if undefined."""
    n = counts.sum((-2, -1))
    chance = _divide((counts.sum(-1) * predicted(counts)).sum(-1), n**2, 0.0)
    return _divide(accuracy(counts) - chance, 1 - chance, 0.0)


@register_metric(
    "entropy", "Entropy (bits)",
    "Entropy of the classes answered: from 0 (all in one) to log2 of their number (even).", unit="bits",
    bounds=lambda k: (0.0, float(np.log2(k))), biased=True, paper="value", short="Entr.",
)  # fmt: skip
def entropy(counts: np.ndarray) -> np.ndarray:
    given = predicted(counts)
    share = _divide(given, given.sum(-1, keepdims=True), 0.0)
    return -(share * np.log2(np.where(share > 0, share, 1.0))).sum(-1) + 0.0


@register_metric(
    "neutral_share", "Neutral share", "Share of all clips, failures included, that are called neutral.",
    of="neutral", additive=True, paper="value", short="Neutr.",
)  # fmt: skip
def neutral_share(counts: np.ndarray, neutral: list[int]) -> np.ndarray:
    return _divide(predicted(counts)[..., neutral[0]], counts.sum((-2, -1)), 0.0)


@register_metric(
    "tail_recall", "Rare recall", "Mean recall over the rare classes (`statistics.tail` in `config.yaml`).", of="tail",
    recognition=True, additive=True, paper="interval",
)  # fmt: skip
def tail_recall(counts: np.ndarray, rare: list[int]) -> np.ndarray:
    """nan where no rare class has clips."""
    return over_classes(class_recall(counts)[..., rare])


register_metric(
    "parsed_accuracy", "Accuracy of the parsed reply",
    "Accuracy of the class that the free reply gives by its grammar, instead of the likeliest label.",
    reads="parsed", additive=True, paper="value", short="Parsed",
)(accuracy)  # fmt: skip
register_metric(
    "exact_accuracy", "Accuracy of the exact reply",
    "The same of replies that are a class's name and nothing else; all others are errors.",
    reads="exact", additive=True, paper="value", short="Exact",
)(accuracy)  # fmt: skip
register_metric(
    "substring_accuracy", "Accuracy of the first name in the reply",
    "The same of the class whose name is the first to occur in the reply, even within a word or after “not”: the naive "
    "rule of published scripts.",
    reads="substring", additive=True, paper="value", short="Subst.",
)(accuracy)  # fmt: skip


def gaps(sums: np.ndarray) -> np.ndarray:
    """Confidence minus share right of each bin, times its share of the answers: (..., bins) of sums (..., bins, 3)."""
    return (sums[..., 1] - sums[..., 2]) / np.maximum(sums[..., 0].sum(-1, keepdims=True), 1)


@register_metric(
    "ece", "Calibration error (ECE)",
    "Expected calibration error: mean distance between the probability of an answer and the share of right ones.",
    reads="scores", paper="value", short="ECE",
)  # fmt: skip
def ece(sums: np.ndarray) -> np.ndarray:
    """The sum of the gaps' sizes: (...) of sums (..., bins, 3).

    Chance alone opens gaps, so that it is too high: by about 0.04 for 495 answers of a calibrated system in ten bins.
    Source: Guo et al. (2017); equal-mass bins: Nixon et al. (2019).
    """
    return np.abs(gaps(sums)).sum(-1)


def places_of(metric: Metric, classes: list[str], tail: Sequence[str]) -> list[int]:
    """Places of the classes that a metric is about; empty if it is about none in particular, or there are none."""
    about = {"": (), "neutral": (NEUTRAL,), "tail": tail}[metric.of]
    return [place for place, name in enumerate(classes) if name in about]


def metric_from_counts(counts: np.ndarray, metric: str, classes: list[str], tail: Sequence[str] = ()) -> np.ndarray:
    """One metric of counts (..., K, K + 1), of shape (...). For metrics of replies count the column that they read.

    Raises:
        StudyError: no such metric, or it is none of counts, or there are none of the classes that it is about.
    """
    entry = METRICS[metric]
    if not entry.comparable:
        raise StudyError(f"the metric {metric} is not computed from counts")
    if entry.reads == "answered":
        counts = np.concatenate([counts[..., :-1], np.zeros_like(counts[..., -1:])], axis=-1)
    about = [places_of(entry, classes, tail)] if entry.of else []
    if about == [[]]:
        raise StudyError(f"the metric {metric} is of {entry.of} classes, and there are none among {', '.join(classes)}")
    values = entry.function(counts, *about)
    if np.shape(values) != counts.shape[:-2]:
        raise StudyError(
            f"the metric {metric} gave values of shape {np.shape(values)} for counts of shape {counts.shape}; "
            f"it should give {counts.shape[:-2]}: work on the last two axes alone"
        )
    return values
