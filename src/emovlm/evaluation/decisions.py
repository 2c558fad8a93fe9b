"""How the likelihoods of the labels become an answer: corrections of a bias without any training."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.registry import Registry
from emovlm.models.base import System, as_frames

Scores = dict[str, float]
GREY = 128

Bias = Callable[[int], Scores]
"""By the number of frames shown: what is added to the score of each label."""


@dataclass(frozen=True)
class Asked:
    """What a decision may read of a condition: ``shape`` is that of a frame (height, width, 3), ``labels`` are
    ``LABEL_COUNTS`` of the system's training, each if there are any."""

    system: System
    classes: list[str]
    question: str
    shape: tuple[int, ...] | None
    labels: pd.DataFrame | None


@dataclass(frozen=True)
class Decision:
    """A way to make scores an answer.

    Attributes:
        name: what a condition calls it.
        about: how the answer follows, in a sentence, with its source.
        bias: what it adds to the scores; None: it reads no scores, but the free reply.
    """

    name: str
    about: str
    bias: Callable[[Asked], Bias] | None


DECISIONS: Registry[Decision] = Registry("decision")


def prior_bias(labels: pd.DataFrame, classes: list[str]) -> Scores:
    """Minus the log share of each class in ``LABEL_COUNTS``, one added to each count."""
    counts = labels.set_index("emotion")["count"].reindex(classes, fill_value=0) + 1
    return dict(zip(classes, (-np.log(counts / counts.sum())).tolist(), strict=True))


def content_free_bias(asked: Asked) -> Bias:
    """Minus the scores of as many grey frames as are shown. Each number of frames is asked about once."""
    known: dict[int, Scores] = {}

    def bias(n_frames: int) -> Scores:
        if n_frames not in known:
            grey = as_frames(np.full((n_frames, *asked.shape), GREY, np.uint8), range(n_frames))
            scores = asked.system.answer([*grey, asked.question], asked.classes, 1).scores
            known[n_frames] = {c: -scores[c] for c in asked.classes}
        return known[n_frames]

    return bias


def _no_bias(asked: Asked) -> Bias:
    return lambda n_frames: dict.fromkeys(asked.classes, 0.0)


def _training_bias(asked: Asked) -> Bias:
    if asked.labels is None:
        raise StudyError("decision logit-adjusted needs the label counts of the training")
    prior = prior_bias(asked.labels, asked.classes)
    return lambda n_frames: prior


for _decision in (
    Decision("likelihood", "the label that is most likely after the prompt", _no_bias),
    Decision(
        "logit-adjusted", "the same after the log of how often training named each label is taken off "
        "(Menon et al., ICLR 2021, with tau = 1)", _training_bias,
    ),
    Decision(
        "calibrated", "the same after what the system says of as many grey frames is taken off (contextual "
        "calibration; Zhao et al., ICML 2021)", content_free_bias,
    ),
    Decision("reply", "the one class that the free reply names; a reply that names none or several is a failure", None),
):  # fmt: skip
    DECISIONS.add(_decision)
