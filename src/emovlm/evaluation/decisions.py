"""How the likelihoods of the labels become an answer: corrections of a bias without any training."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from emovlm.models.base import System, as_frames

Scores = dict[str, float]
GREY = 128

DECISIONS = ("likelihood", "logit-adjusted", "calibrated", "reply")
"""``likelihood``: the label most likely after the prompt. ``logit-adjusted``: the log of how often training named each
label is taken off (Menon et al., ICLR 2021, with tau = 1). ``calibrated``: what the system says of as many grey frames
is taken off (contextual calibration; Zhao et al., ICML 2021). ``reply``: the one class that the free reply names, for
systems without likelihoods; a reply that names none or several is a failure."""


def prior_bias(labels: pd.DataFrame, classes: list[str]) -> Scores:
    """Minus the log share of each class in ``LABEL_COUNTS``, one added to each count."""
    counts = labels.set_index("emotion")["count"].reindex(classes, fill_value=0) + 1
    return dict(zip(classes, (-np.log(counts / counts.sum())).tolist(), strict=True))


def content_free_bias(system: System, classes: list[str], question: str, shape: tuple[int, ...]) -> Callable:
    """A function of the number of frames: minus the scores of as many grey frames of ``shape`` (height, width, 3).

    Each number is asked about once.
    """
    known: dict[int, Scores] = {}

    def bias(n_frames: int) -> Scores:
        if n_frames not in known:
            grey = as_frames(np.full((n_frames, *shape), GREY, np.uint8), range(n_frames))
            scores = system.answer([*grey, question], classes, 1).scores
            known[n_frames] = {c: -scores[c] for c in classes}
        return known[n_frames]

    return bias
