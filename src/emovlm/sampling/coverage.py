"""Does a sampler see a short event? Closed form, and measured on real samples (claim T3)."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from emovlm.core.errors import StudyError


def coverage_probability(duration_s: ArrayLike, rate: float) -> np.ndarray:
    """Probability that a uniform grid of ``rate`` frames a second and random phase meets an event.

    min(1, d r): the grid has one frame in each 1 / r seconds, at a place uniform in it.

    Args:
        duration_s: lengths of events in s, any shape.
        rate: frames a second.

    Raises:
        StudyError: a duration is negative or the rate is not above 0.
    """
    duration = np.asarray(duration_s, float)
    if not rate > 0 or (duration < 0).any():
        raise StudyError(f"hit probability: the rate ({rate}/s) must be above 0, and no duration below 0")
    return np.minimum(1.0, duration * rate)


def covered_events(sample: pd.DataFrame, events: pd.DataFrame) -> np.ndarray:
    """Which events have a sampled frame inside, from onset (included) to offset (excluded).

    Args:
        sample: a ``contracts.SAMPLE`` table. A clip without rows, as a failed one, covers nothing.
        events: one row an event: ``clip_id``, ``onset_s``, ``offset_s``.

    Returns:
        bool [number of events], in their order.
    """
    times = {clip_id: np.sort(part.to_numpy(float)) for clip_id, part in sample.groupby("clip_id")["timestamp_s"]}
    nothing = np.empty(0)
    covered = [
        np.diff(np.searchsorted(times.get(clip_id, nothing), (onset, offset)))[0] > 0
        for clip_id, onset, offset in zip(events["clip_id"], events["onset_s"], events["offset_s"], strict=True)
    ]
    return np.array(covered, dtype=bool)
