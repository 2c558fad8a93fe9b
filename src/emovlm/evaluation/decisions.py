"""How the likelihoods of the labels become an answer: corrections of a bias without any training.

The score that is kept of a label is the sum of the log-probabilities of its tokens, without the token that ends a
reply. A decision reads kept scores and may ask the system about no clip; so it asks about none again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.registry import Registry
from emovlm.models.base import System, as_frames

Scores = dict[str, float]
GREY = 128

Bias = Callable[[int], Scores]
"""By the number of frames shown: what is added to the score of each label."""
Correction = Callable[[Scores, int], Scores]
"""From the kept scores of the labels and the number of frames shown to the scores that decide."""


@dataclass(frozen=True)
class Asked:
    """What a decision may read of a condition: ``frame_shape`` tells the shape of a frame (height, width, 3);
    ``labels`` are ``LABEL_COUNTS`` of the system's training, if there are any."""

    system: System
    classes: list[str]
    question: str
    frame_shape: Callable[[], tuple[int, ...]]
    labels: pd.DataFrame | None


@dataclass(frozen=True)
class Decision:
    """A way to make scores an answer.

    Attributes:
        name: what a condition calls it.
        about: how the answer follows, in a sentence, with its source.
        correction: what it makes of the scores; None: it reads no scores, but the free reply.
        of_words: whether it reads labels as words of a system that writes, which classifiers do not.
    """

    name: str
    about: str
    correction: Callable[[Asked], Correction] | None
    of_words: bool = False


DECISIONS: Registry[Decision] = Registry("decision")


def prior_bias(labels: pd.DataFrame, classes: list[str]) -> Scores:
    """Minus the log share of each class in ``LABEL_COUNTS``, one added to each count."""
    counts = labels.set_index("emotion")["count"].reindex(classes, fill_value=0) + 1
    return dict(zip(classes, (-np.log(counts / counts.sum())).tolist(), strict=True))


def content_free_bias(asked: Asked) -> Bias:
    """Minus the scores of as many grey frames as are shown. Each number of frames is asked about once."""

    @cache
    def bias(n_frames: int) -> Scores:
        grey = np.full((n_frames, *asked.frame_shape()), GREY, np.uint8) if n_frames else ()
        reply = asked.system.answer([*as_frames(grey, range(n_frames)), asked.question], asked.classes, 1)
        if reply.failure:
            raise StudyError(f"the decision needs the scores after {n_frames} grey frames: {reply.failure}")
        return {c: -reply.scores[c] for c in asked.classes}

    return bias


def question_bias(asked: Asked) -> Bias:
    """Minus the scores after the question without any frame or text; it is asked once."""
    bias = content_free_bias(asked)
    return lambda n_frames: bias(0)


def training_bias(asked: Asked) -> Bias:
    """Minus the log share of each class in the training, as :func:`prior_bias`."""
    if asked.labels is None:
        raise StudyError("decision logit-adjusted needs the label counts of the training")
    prior = prior_bias(asked.labels, asked.classes)
    return lambda n_frames: prior


def adding(bias_of: Callable[[Asked], Bias]) -> Callable[[Asked], Correction]:
    """The correction that adds a bias to the score of each label."""

    def correction(asked: Asked) -> Correction:
        bias = bias_of(asked)

        def corrected(scores: Scores, n_frames: int) -> Scores:
            added = bias(n_frames)
            return {c: scores[c] + added[c] for c in asked.classes}

        return corrected

    return correction


def per_token(asked: Asked) -> Correction:
    """The mean over the tokens of each label, in place of the sum."""
    if not hasattr(asked.system, "label_tokens"):
        raise StudyError("decision mean needs a system that scores labels by their tokens; this one does not")
    lengths = asked.system.label_tokens(asked.classes)
    return lambda scores, n_frames: {c: scores[c] / lengths[c] for c in asked.classes}


for _decision in (
    Decision(
        "likelihood", "the label that is most likely after the prompt: the sum over its tokens, which favours labels "
        "of few tokens", lambda asked: lambda scores, n_frames: scores,
    ),
    Decision(
        "mean", "the label whose tokens are most likely on average: the sum divided by their number", per_token,
        of_words=True,
    ),
    Decision(
        "per-prior", "the label that the clip makes likelier by most: the score minus that of the same label after the "
        "question without any frames (domain-conditional pointwise mutual information; Holtzman et al., EMNLP 2021)",
        adding(question_bias), of_words=True,
    ),
    Decision(
        "logit-adjusted", "the most likely label after the log of how often training named each label is taken off "
        "(Menon et al., ICLR 2021, with tau = 1)", adding(training_bias),
    ),
    Decision(
        "calibrated", "the most likely label after what the system says of as many grey frames is taken off "
        "(contextual calibration; Zhao et al., ICML 2021)", adding(content_free_bias),
    ),
    Decision("reply", "the one class that the free reply gives; a reply that gives none or several is a failure", None),
):  # fmt: skip
    DECISIONS.add(_decision)
