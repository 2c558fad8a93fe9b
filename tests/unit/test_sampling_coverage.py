"""How often a sampler sees a short event: the closed form agrees with counting."""

import numpy as np
import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.sampling.coverage import coverage_probability, covered_events


def grid(clip_id: str, times: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"clip_id": clip_id, "timestamp_s": times})


def test_the_closed_form_is_duration_times_rate_up_to_one() -> None:
    np.testing.assert_allclose(coverage_probability([0.0, 0.25, 0.5, 3.0], 1), [0, 0.25, 0.5, 1])
    assert coverage_probability(0.25, 5) == 1


def test_an_event_counts_from_its_onset_up_to_its_offset() -> None:
    sample = pd.concat([grid("d/a", np.array([2.0, 0.0, 1.0])), grid("d/b", np.array([0.5]))])
    events = pd.DataFrame(
        [("d/a", 0.1, 0.9), ("d/a", 1.0, 1.2), ("d/a", 0.8, 1.0), ("d/a", 0.8, 2.5), ("d/b", 0.0, 1.0), ("d/c", 0, 9)],
        columns=["clip_id", "onset_s", "offset_s"],
    )
    assert covered_events(sample, events).tolist() == [False, True, False, True, True, False]


@pytest.mark.parametrize(("duration", "rate"), [(0.25, 1), (0.5, 1), (0.3, 2), (0.4, 5)])
def test_measured_coverage_of_events_at_random_times_agree_with_the_closed_form(duration: float, rate: float) -> None:
    onsets = rng(duration, rate).uniform(0, 50, 4000)
    events = pd.DataFrame({"clip_id": "d/a", "onset_s": onsets, "offset_s": onsets + duration})
    measured = covered_events(grid("d/a", np.arange(0, 60, 1 / rate)), events).mean()
    assert measured == pytest.approx(float(coverage_probability(duration, rate)), abs=0.03)


def test_impossible_numbers_are_errors() -> None:
    for duration, rate in ((0.2, 0), (0.2, -1), (-0.1, 1)):
        with pytest.raises(StudyError, match="must be above 0, and no duration below 0"):
            coverage_probability(duration, rate)
