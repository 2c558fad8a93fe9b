"""Sign-flip tests against all signs, scipy, and random flips of the study's own functions."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test
from tests.unit.statistics_answers import SETTINGS, draw_answers

from emovlm.statistics.comparisons import compare
from emovlm.statistics.metrics import METRICS
from emovlm.statistics.sign_flips import MOST_RUNS, p_flip, p_of_sums, whole_parts


def by_brute_force(parts):
    sums = [abs(np.dot(signs, parts)) for signs in product((1, -1), repeat=len(parts))]
    return np.mean(np.array(sums) >= abs(sum(parts)))


@pytest.mark.parametrize("seed", range(6))
def test_the_convolution_is_the_share_of_all_signs(seed):
    parts = np.random.default_rng(seed).integers(-4, 6, 12)
    assert p_of_sums(parts) == pytest.approx(by_brute_force(parts), abs=1e-12)


def test_six_runs_that_agree_have_a_one_sided_p_of_one_in_64():
    values = np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])
    assert p_flip(values) / 2 == 1 / 64
    found = permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert p_flip(values) == found.pvalue


def test_too_many_runs_have_no_exact_p():
    assert np.isnan(p_flip(np.ones(MOST_RUNS + 1)))


def test_nothing_differs_at_all():
    assert p_of_sums(np.zeros(5, int)) == 1 == p_flip(np.zeros(5))


def test_values_become_whole_parts_of_one_unit():
    sizes = np.array([9, 6, 0, 4])
    values = np.array([1 / 9 - 2 / 6, 3 / 4, 0.0]) / 3 / 2  # mean over three classes, and over two runs
    parts = whole_parts(values, sizes, 2)
    assert parts.tolist() == [-8, 27, 0]
    assert whole_parts(values + 1e-4, sizes, 2) is None


@pytest.mark.parametrize(
    "metric", [name for name, each in METRICS.items() if each.additive and each.reads == "answers"]
)
@pytest.mark.parametrize("runs", [1, 2])
def test_exact_p_of_every_additive_metric_is_that_of_all_swaps_of_people(metric, runs):
    """Six people have 64 swaps, which are all tried through the metric itself."""
    answers = {
        key: draw_answers(seed, n=97, identities=6, skill=skill, replicates=runs)
        for key, seed, skill in (("a", 1, 0.7), ("b", 2, 0.45))
    }
    asked = {"comparison": "c", "a": "a", "b": "b", "metric": metric, "test": "difference", "family": "f"}
    found = compare(answers, [asked], SETTINGS).iloc[0]
    people, both = sorted(answers["a"]["identity"].unique()), []
    for swap in product((False, True), repeat=len(people)):
        swapped = answers["a"]["identity"].map(dict(zip(people, swap, strict=True))).to_numpy()
        columns = ["prediction", "status"]
        sides = {}
        for one, other in (("a", "b"), ("b", "a")):
            sides[one] = answers[one].copy()
            sides[one].loc[swapped, columns] = answers[other].loc[swapped, columns]
        both.append(difference(sides, metric))
    expected = np.mean(np.abs(both) >= abs(found["difference"]) - 1e-12)
    assert found["p"] == pytest.approx(expected, abs=1e-12)


def difference(sides, metric):
    """The metric of a minus that of b, by hand."""
    values = []
    for frame in sides.values():
        given = frame["prediction"].where(frame["status"] == "ok", "failed")
        right = (given == frame["label"]).groupby([frame["replicate"], frame["label"]]).mean().unstack()
        values.append({
            "accuracy": (given == frame["label"]).mean(), "uar": right.mean(axis=None),
            "macro_recall": right.mean(axis=None), "tail_recall": right["contempt"].mean(),
            "neutral_share": (given == "neutral").mean(),
        }[metric])  # fmt: skip
    return values[0] - values[1]
