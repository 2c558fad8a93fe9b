"""How often a sampler sees a brief event: expected and measured, by length of the event."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from emovlm.core.contracts.statistics import EVENT_COVERAGE
from emovlm.core.io import read_table, write_table
from emovlm.statistics.micro_expressions import event_coverage_table, micro_events

SETTINGS = {"bins": 3, "confidence": 0.95}


def truth(durations, split="test"):
    n = len(durations)
    onset = np.random.default_rng(0).uniform(0.2, 1.2, n)
    return pd.DataFrame({
        "clip_id": [f"synface/{k:05}" for k in range(n)], "split": split, "micro": True, "onset_s": onset,
        "offset_s": onset + durations,
    })  # fmt: skip


def grid(clips, rate, length_s=3.0):
    times = np.arange(0, length_s, 1 / rate)
    return pd.DataFrame({"clip_id": np.repeat(clips, len(times)), "timestamp_s": np.tile(times, len(clips))})


def test_the_measured_share_agrees_with_the_closed_form_and_has_wilsons_interval():
    clips = truth(np.random.default_rng(1).uniform(0.25, 0.5, 600))
    events = micro_events(clips, ["test"])
    rates = {"fps1": 1, "fps25": 25}
    samples = {sampler: grid(clips["clip_id"], rate) for sampler, rate in rates.items()}
    table = event_coverage_table(samples, rates, events, SETTINGS)
    slow, fast = (table[table["sampler"] == sampler] for sampler in ("fps1", "fps25"))
    assert slow["n"].tolist() == [200, 200, 200]
    assert slow["expected"].to_numpy() == pytest.approx(slow["duration_s"].to_numpy())
    assert ((slow["low"] < slow["expected"]) & (slow["expected"] < slow["high"])).all()
    assert (fast["measured"] == 1).all() and (fast["expected"] == 1).all()
    first = slow.iloc[0]
    assert (first["low"], first["high"]) == proportion_confint(round(first["measured"] * 200), 200, method="wilson")


def test_only_micro_expressions_of_the_splits_asked_for_count():
    clips = truth(np.full(4, 0.3)).assign(micro=[True, True, False, True], split=["test", "train", "test", "test"])
    assert micro_events(clips, ["test"])["clip_id"].tolist() == ["synface/00000", "synface/00003"]


def test_a_clip_without_frames_counts_as_missed():
    clips = truth(np.full(4, 0.3))
    events = micro_events(clips, ["test"])
    table = event_coverage_table({"fps25": grid(clips["clip_id"][1:], 25)}, {"fps25": 25}, events, SETTINGS)
    assert table["measured"].tolist() == [0.75] and table["n"].tolist() == [4]


def test_equal_lengths_share_a_group():
    clips = truth(np.repeat([0.28, 0.32, 0.36, 0.4], 5))
    clips["onset_s"], clips["offset_s"] = 1.0, 1.0 + np.repeat([0.28, 0.32, 0.36, 0.4], 5)
    table = event_coverage_table(
        {"fps1": grid(clips["clip_id"], 1)}, {"fps1": 1}, micro_events(clips, ["test"]), SETTINGS
    )
    assert table["n"].sum() == 20 and len(table) <= 3 and table["duration_s"].is_unique


def test_without_events_the_table_is_empty_but_readable(tmp_path):
    clips = truth(np.full(2, 0.3)).assign(micro=False)
    table = event_coverage_table(
        {"fps1": grid(clips["clip_id"], 1)}, {"fps1": 1}, micro_events(clips, ["test"]), SETTINGS
    )
    write_table(table, tmp_path / "event_coverage.csv", EVENT_COVERAGE)
    assert read_table(tmp_path / "event_coverage.csv", EVENT_COVERAGE).empty
