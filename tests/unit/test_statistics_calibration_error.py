"""Calibration of systems: bins, errors and their intervals, by hand and from systems whose error is known."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint
from tests.unit.statistics_answers import SETTINGS, draw_answers

from emovlm.core.contracts.statistics import RELIABILITY
from emovlm.core.io import read_table, write_table
from emovlm.statistics.calibration import bin_answers, confidences, ece_interval, reliability_table
from emovlm.statistics.metric_tables import metrics_table
from emovlm.statistics.metrics import ece


def sure(confidence, right, people=20):
    """Answers between two classes with these confidences."""
    confidence, right = np.array(confidence), np.array(right, bool)
    n = len(confidence)
    return pd.DataFrame({
        "clip_id": [f"d/{k:04}" for k in range(n)], "identity": [f"p{k % people:02}" for k in range(n)], "replicate": 1,
        "status": "ok", "label": np.where(right, "anger", "fear"), "prediction": "anger",
        "score_anger": np.log(confidence), "score_fear": np.log(1 - confidence),
    })  # fmt: skip


def error(answers):
    return ece(bin_answers(answers).sums.sum(axis=0)).mean()


def test_confidence_is_the_softmax_at_the_answer_given():
    scores = pd.DataFrame({"score_anger": [2.0, -5.0, 1.0, np.nan], "score_fear": [1.0, -4.0, 1.0, np.nan]})
    answers = scores.assign(status=["ok", "ok", "failed", "ok"], prediction=["anger", "fear", None, "anger"])
    assert confidences(answers)[:2] == pytest.approx([1 / (1 + np.exp(-1))] * 2)
    assert np.isnan(confidences(answers)[2:]).all()


def test_the_error_by_hand():
    """Twenty answers at 0.6 with 15 right and twenty at 0.9 with 16 right: (20 x 0.15 + 20 x 0.1) / 40 = 0.125."""
    answers = sure([0.6] * 20 + [0.9] * 20, [1] * 15 + [0] * 5 + [1] * 16 + [0] * 4)
    assert error(answers) == pytest.approx(0.125)
    table = reliability_table({"one": answers}, SETTINGS)
    assert table[["bin", "n"]].to_numpy().tolist() == [[0, 20], [1, 20]]
    assert table["confidence"].tolist() == pytest.approx([0.6, 0.9])
    assert table["accuracy"].tolist() == pytest.approx([0.75, 0.8])
    expected = proportion_confint(15, 20, method="wilson")
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx(expected)


def test_bins_hold_equally_many_answers_and_equal_confidences_share_one():
    spread = np.linspace(0.5, 0.99, 400)
    sums = bin_answers(sure(spread, np.ones(400))).sums.sum(axis=(0, 1))
    assert sums[:, 0].tolist() == [40] * 10
    assert len(bin_answers(sure([0.7] * 400, np.ones(400))).sums.sum(axis=(0, 1))) == 1
    assert bin_answers(sure(spread[:30], np.ones(30))).sums.shape[2] == 1  # too few for two bins


def test_failures_are_left_out_and_a_system_without_scores_has_no_error():
    answers = sure(np.linspace(0.5, 0.9, 60), np.arange(60) % 2)
    failed = answers.assign(status=np.where(np.arange(60) < 20, "failed", "ok"))
    assert bin_answers(failed).sums[..., 0].sum() == 40
    assert error(failed) == pytest.approx(error(answers[20:]))
    silent = answers.assign(score_anger=np.nan, score_fear=np.nan)
    assert bin_answers(silent) is None and reliability_table({"one": silent}, SETTINGS).empty


def test_the_error_of_several_runs_is_their_mean():
    first, second = sure([0.9] * 40, [1] * 20 + [0] * 20), sure([0.9] * 40, [1] * 40)
    both = pd.concat([first, second.assign(replicate=2)])
    assert error(both) == pytest.approx((0.4 + 0.1) / 2)
    assert reliability_table({"both": both}, SETTINGS).loc[0, ["accuracy", "n"]].tolist() == [0.75, 40]


def drawn(seed, sharp, n=400):
    generator = np.random.default_rng(seed)
    ease = generator.normal(1, 1.3, n)
    return sure(1 / (1 + np.exp(-sharp * ease)), generator.random(n) < 1 / (1 + np.exp(-ease)), 50)


def test_the_interval_of_a_calibrated_system_reaches_zero_though_its_error_does_not():
    found = [(error(drawn(seed, 1)), *ece_interval(bin_answers(drawn(seed, 1)), SETTINGS)) for seed in range(20)]
    assert min(value for value, *_ in found) > 0.01
    assert sum(low == 0 for _, low, _ in found) >= 17
    assert all(low <= value <= high for value, low, high in found)


def test_the_interval_of_an_overconfident_system_lies_above_zero():
    for seed in range(5):
        assert ece_interval(bin_answers(drawn(seed, 3)), SETTINGS)[0] > 0.03


def test_one_person_gives_no_interval():
    assert np.isnan(ece_interval(bin_answers(sure([0.9] * 40, [1] * 40, people=1)), SETTINGS)).all()


def test_the_error_is_a_metric_of_all_clips(tmp_path):
    answers = draw_answers(replicates=2)
    table = metrics_table({"one": answers}, SETTINGS).query("metric == 'ece'")
    assert table["clips"].tolist() == ["all"]
    row = table.iloc[0]
    right = answers[answers["status"] == "ok"].eval("prediction == label").groupby(answers["replicate"]).mean()
    assert row["value"] == pytest.approx((right - 0.25).abs().mean())  # all scores are equal
    assert row["n"] == round((answers["status"] == "ok").sum() / 2)
    write_table(reliability_table({"one": answers}, SETTINGS), tmp_path / "r.csv", RELIABILITY)
    assert len(read_table(tmp_path / "r.csv", RELIABILITY)) == 1
