"""Kendall's tau: against scipy where scipy is exact, and against all permutations where there are ties."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from scipy import stats

from emovlm.statistics.lexical.exact import MOST_CLASSES, concordance, exact_kendall

TIED = ([1, 1, 2, 3, 3, 3, 5], [2, 1, 2, 2, 4, 5, 5])


def of_all_permutations(x, y):
    """The share of all orders of x that are at least as far from even as the one given."""
    least = abs(concordance(x, y))
    return np.mean([abs(concordance(order, y)) >= least for order in permutations(x)])


@pytest.mark.parametrize("n", [5, 7, 11, MOST_CLASSES])
def test_without_ties_tau_and_p_equal_scipys(n):
    for x, y in np.random.default_rng(n).random((3, 2, n)):
        expected = stats.kendalltau(x, y, method="exact")
        assert exact_kendall(x, y) == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize(
    ("x", "y"), [TIED, TIED[::-1], ([0, 0, 0, 0, 1], [3, 1, 1, 2, 5]), ([1, 1, 2, 2], [1, 1, 2, 2])]
)
def test_with_ties_p_equals_that_of_all_permutations(x, y):
    tau, p = exact_kendall(np.array(x), np.array(y))
    assert tau == pytest.approx(stats.kendalltau(x, y).statistic) and p == pytest.approx(of_all_permutations(x, y))


def test_p_of_eleven_points_with_ties_agrees_with_drawn_permutations():
    generator = np.random.default_rng(2)
    x, y = generator.integers(0, 5, (2, 11))
    drawn = [abs(concordance(generator.permutation(x), y)) >= abs(concordance(x, y)) for _ in range(4000)]
    assert exact_kendall(x, y)[1] == pytest.approx(np.mean(drawn), abs=0.03)


def test_perfect_agreement_of_eleven_points_has_two_of_all_pairings():
    tau, p = exact_kendall(np.arange(11), np.arange(11))
    assert tau == pytest.approx(1) and p == pytest.approx(2 / factorial(11))


def test_a_constant_profile_has_no_tau_and_p_of_one():
    tau, p = exact_kendall(np.zeros(6), np.arange(6))
    assert np.isnan(tau) and p == 1


def test_too_many_points_are_refused():
    with pytest.raises(ValueError, match="at most 14"):
        exact_kendall(np.arange(15), np.arange(15))
