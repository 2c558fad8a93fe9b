"""Power, smallest differences and McNemar's test against worked examples and simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm
from tests.unit.statistics_answers import SETTINGS, draw_answers

from emovlm.statistics.comparisons import compare
from emovlm.statistics.power import (
    difference_power,
    equivalence_power,
    mcnemar_p,
    smallest_difference,
    smallest_margin,
)


def test_with_many_people_the_smallest_difference_is_2_8_standard_errors():
    assert smallest_difference(0.01, 10_000, 0.05) == pytest.approx(0.01 * (norm.ppf(0.975) + norm.ppf(0.8)), rel=1e-3)
    assert smallest_difference(0.01, 10, 0.05) > 0.031


def test_power_is_eighty_per_cent_at_the_smallest_difference_and_margin():
    for people in (*range(2, 130), 700):
        assert difference_power(smallest_difference(0.02, people, 0.05), 0.02, people, 0.05) == pytest.approx(
            0.8, abs=1e-4
        )
        assert equivalence_power(smallest_margin(0.02, people, 0.05), 0.02, people, 0.05) == pytest.approx(
            0.8, abs=1e-4
        )


def test_power_is_that_of_simulated_t_tests():
    draws = np.random.default_rng(0).normal(0.5, 1, (20_000, 25))
    t = draws.mean(1) / (draws.std(1, ddof=1) / 5)
    assert difference_power(0.5, 1 / 5, 25, 0.05) == pytest.approx((np.abs(t) > 2.0639).mean(), abs=0.01)


def test_a_margin_within_the_noise_cannot_be_shown():
    assert equivalence_power(0.01, 0.02, 60, 0.05) == 0


def test_where_nothing_varies_nothing_is_said():
    for found in (smallest_difference(0.0, 60, 0.05), difference_power(0.02, 0.0, 60, 0.05),
                  smallest_margin(float("nan"), 1, 0.05), equivalence_power(0.02, 0.0, 60, 0.05)):  # fmt: skip
        assert np.isnan(found)


def pair(both, only_a, only_b, neither, label="anger"):
    """Answers of two conditions to clips that both, one or none of them recognises."""
    right = {"a": [1] * both + [1] * only_a + [0] * only_b + [0] * neither,
             "b": [1] * both + [0] * only_a + [1] * only_b + [0] * neither}  # fmt: skip
    return [
        pd.DataFrame({"label": label, "prediction": np.where(r, label, "neutral"), "status": "ok", "replicate": 1})
        for r in right.values()
    ]


def test_mcnemar_is_the_binomial_test_of_the_clips_that_one_recognises():
    for only_a, only_b in ((10, 2), (3, 3), (0, 5)):
        found = mcnemar_p(*pair(30, only_a, only_b, 7), "accuracy", [])
        assert found == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert mcnemar_p(*pair(5, 0, 0, 5), "accuracy", []) == 1


def test_mcnemar_by_hand():
    """One against six: 2 (1 + 7) / 2^7 = 0.125."""
    assert mcnemar_p(*pair(0, 1, 6, 0), "macro_f1", []) == pytest.approx(0.125)


def test_for_the_tail_mcnemar_takes_the_clips_of_the_tail():
    a, b = (pd.concat(sides) for sides in zip(pair(3, 9, 0, 3), pair(3, 1, 6, 3, "contempt"), strict=True))
    assert mcnemar_p(a, b, "tail_recall", ["contempt"]) == pytest.approx(0.125)


def test_there_is_no_mcnemar_of_several_runs_or_of_other_figures_than_recognition():
    a, b = pair(3, 1, 6, 3)
    assert np.isnan(mcnemar_p(a, b, "entropy", []))
    assert np.isnan(mcnemar_p(a, pd.concat([b, b.assign(replicate=2)]), "accuracy", []))


def test_the_table_of_comparisons_says_what_each_could_have_shown():
    answers = {"a": draw_answers(1, n=400, skill=0.7), "b": draw_answers(2, n=400, skill=0.65)}
    asked = [
        {"comparison": test, "claim": claim, "a": "a", "b": "b", "metric": "accuracy", "test": test, "family": test}
        for test, claim in (("difference", "T1"), ("equivalence", "T2"), ("difference", "none"))
    ]
    asked[2]["comparison"] = "without a margin"
    asked[0]["margin"], asked[1]["margin"] = 0.02, 0.2
    found = compare(answers, asked, SETTINGS).set_index("comparison")
    row, same = found.loc["difference"], found.loc["equivalence"]
    assert row["se"] == same["se"] == pytest.approx((row["high"] - row["low"]) / 4, rel=0.1)
    assert row["mde"] == smallest_difference(row["se"], 30, 0.05)
    assert row["power"] == difference_power(0.02, row["se"], 30, 0.05) < 0.8
    assert same["mde"] == smallest_margin(row["se"], 30, 0.05) and same["power"] > 0.8
    assert np.isnan(found.loc["without a margin", "power"])
    right = [(frame["prediction"] == frame["label"]).to_numpy() for frame in answers.values()]
    only = [(right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()]
    assert row["p_mcnemar"] == pytest.approx(binomtest(only[0], sum(only)).pvalue)
