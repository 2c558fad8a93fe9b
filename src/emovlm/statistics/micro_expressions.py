"""How often a frame sampler sees a brief event, expected and measured (claim T3)."""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from emovlm.core.contracts.statistics import EVENT_COVERAGE
from emovlm.sampling.coverage import coverage_probability, covered_events


def micro_events(truth: pd.DataFrame, splits: list[str]) -> pd.DataFrame:
    """The micro-expressions of CLIP_TRUTH in ``splits``: clip_id, onset_s, offset_s."""
    clips = truth[truth["micro"] & truth["split"].isin(splits)]
    return clips[["clip_id", "onset_s", "offset_s"]].reset_index(drop=True)


def event_coverage_table(
    samples: dict[str, pd.DataFrame], rates: dict[str, float], events: pd.DataFrame, settings: dict
) -> pd.DataFrame:
    """EVENT_COVERAGE: share of events with a sampled frame inside, by length of the event, with Wilson's interval.

    Clips that failed to decode have no sampled frames, so their events count as missed.

    Args:
        samples: SAMPLE tables of the rate samplers, by sampler.
        rates: frames a second of each sampler.
        events: from :func:`micro_events`. Without any the table is empty.
        settings: bins (number of groups of about equally many events), confidence.
    """
    rows = []
    duration = (events["offset_s"] - events["onset_s"]).to_numpy(float).round(6)  # equal lengths stay equal
    group = _groups(duration, settings["bins"])
    for sampler, sample in samples.items():
        hit, expected = covered_events(sample, events), coverage_probability(duration, rates[sampler])
        for number in np.unique(group):
            inside = group == number
            n, seen = int(inside.sum()), int(hit[inside].sum())
            low, high = proportion_confint(seen, n, alpha=1 - settings["confidence"], method="wilson")
            means = duration[inside].mean(), expected[inside].mean()
            rows.append([sampler, rates[sampler], *means, seen / n, low, high, n])
    return pd.DataFrame(rows, columns=list(EVENT_COVERAGE.columns))


def _groups(duration: np.ndarray, n: int) -> np.ndarray:
    """Number of the group of each event: quantiles of its length, equal lengths always together."""
    lengths = np.unique(duration)
    if len(lengths) <= n:
        return np.searchsorted(lengths, duration)
    edges = np.unique(np.quantile(duration, np.linspace(0, 1, n + 1)))
    return np.searchsorted(edges[1:-1], duration)
