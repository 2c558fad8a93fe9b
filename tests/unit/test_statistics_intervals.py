"""Intervals against textbook ones: t for means, analysis of variance for people crossed with runs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from tests.unit.statistics_answers import SETTINGS, draw_answers

from emovlm.statistics.comparisons import compare
from emovlm.statistics.intervals import percentile, wider, with_runs, without_bias
from emovlm.statistics.metric_tables import metrics_table


def resampled(values, n=20_000, seed=0):
    """Means of resampled rows of values (people, ...)."""
    weights = np.random.default_rng(seed).multinomial(len(values), np.full(len(values), 1 / len(values)), size=n)
    return weights @ values / len(values)


def test_percentiles_are_read_further_out_the_fewer_people_there_are():
    assert [round(wider(0.95, n), 3) for n in (10, 60, 10_000)] == [0.983, 0.956, 0.95]


@pytest.mark.parametrize("people", [12, 60])
def test_the_interval_of_a_mean_is_as_wide_as_students(people):
    values = np.random.default_rng(1).normal(3, 2, people)
    low, high = percentile(resampled(values), people, 0.95)
    expected = 2 * stats.t.ppf(0.975, people - 1) * stats.sem(values)
    assert high - low == pytest.approx(expected, rel=0.03)


def test_undefined_resamples_are_left_out():
    values = np.arange(100.0)
    with_gaps = np.where(np.arange(100) % 2, np.nan, values)
    assert percentile(with_gaps, 60, 0.95) == percentile(values[::2], 60, 0.95)


def test_an_interval_moves_by_twice_the_bias_and_keeps_within_bounds_and_to_its_value():
    assert without_bias((1.0, 2.0), -0.1, 1.6, (0, 3)) == pytest.approx((1.2, 2.2))
    assert without_bias((1.0, 2.0), -0.1, 1.6, (0, 2.1)) == pytest.approx((1.2, 2.1))
    assert without_bias((1.0, 1.2), -0.2, 1.25, (0, 3)) == pytest.approx((1.25, 1.6))


def crossed(runs, seed=0, people=40, between=1.0):
    """Values (people, runs) with a part of each person, of each run, and of both."""
    draws = np.random.default_rng(seed)
    return draws.normal(0, 1, (people, 1)) + draws.normal(0, between, runs) + draws.normal(0, 2, (people, runs))


def test_people_and_runs_have_the_variance_of_a_crossed_analysis_of_variance():
    """Of a mean over people: (MS of people + MS of runs - MS of the rest) / (people x runs)."""
    values = crossed(4)
    people, runs = values.shape
    low, high = with_runs(resampled(values), values.mean(0), people).interval(0.95, (-100, 100))
    cells = pd.DataFrame(
        {"value": values.ravel(), "person": np.repeat(range(people), runs), "run": np.tile(range(runs), people)}
    )
    table = anova_lm(ols("value ~ C(person) + C(run)", cells).fit())
    of_people, of_runs, rest = (table["sum_sq"] / table["df"]).tolist()
    assert of_runs > rest
    variance = (of_people + of_runs - rest) / (people * runs)
    freedom = variance**2 / sum(
        (square / (people * runs)) ** 2 / df for square, df in ((of_people, people - 1), (of_runs, runs - 1))
    )
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, freedom) * np.sqrt(variance), rel=0.03)
    assert (low + high) / 2 == pytest.approx(values.mean())


def test_runs_that_differ_less_than_chance_add_nothing():
    values = crossed(3, between=0)
    values -= values.mean(0) - values.mean()
    low, high = with_runs(resampled(values), values.mean(0), 40).interval(0.95, (-100, 100))
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 39) * stats.sem(values.mean(1)), rel=0.03)


def test_the_interval_for_further_runs_needs_two_runs_and_is_the_wider_one():
    one, three = draw_answers(), draw_answers(replicates=3)
    columns = ["runs_low", "runs_high"]
    assert metrics_table({"one": one}, SETTINGS)[columns].isna().all(axis=None)
    table = metrics_table({"three": three}, SETTINGS).set_index(["clips", "metric"])
    assert table.drop(index=("all", "ece"))[columns].notna().all(axis=None)
    row = table.loc[("all", "accuracy")]
    assert 0 <= row["runs_low"] < row["low"] < row["high"] < row["runs_high"] <= 1


def test_a_comparison_has_an_interval_for_further_runs_where_they_pair():
    asked = {"comparison": "c", "claim": "T1", "a": "a", "b": "b", "metric": "accuracy", "test": "difference",
             "family": "f"}  # fmt: skip
    settings = SETTINGS
    runs = {"a": draw_answers(1, skill=0.7, replicates=3), "b": draw_answers(2, skill=0.5, replicates=3)}
    row = compare(runs, [asked], settings).iloc[0]
    assert row["runs_low"] < row["difference"] < row["runs_high"]
    fewer = {**runs, "b": runs["b"][runs["b"]["replicate"] < 3]}
    assert compare(fewer, [asked], settings)[["runs_low", "runs_high"]].isna().all(axis=None)
