"""The re-analysis of the published table: its differences, its tests, and what so few systems permit."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emovlm.core.contracts.statistics import REANALYSIS
from emovlm.core.errors import StudyError
from emovlm.statistics.reanalysis import changes, p_between, p_flip, p_sign, reanalyse
from emovlm.statistics.values.published_values import read_published

NAME = "paper_frame_shuffle"
PUBLISHED = read_published({NAME: f"resources/published/{NAME}.csv"})[NAME]


@pytest.fixture(scope="module")
def table():
    return REANALYSIS.conform(reanalyse(PUBLISHED), "re-analysis").to_pandas().set_index(["dataset", "kind"])


def test_a_change_is_the_published_shuffled_score_minus_the_ordered_one():
    found = changes(PUBLISHED).set_index("system")
    assert found.loc["MAE-DFER", ["mafw", "dfew"]].tolist() == [-0.0561, -0.0843]
    assert found.loc["Qwen2.5-VL", "mafw"] == 0.0057
    assert found.loc["HiCMAE", "both"] == pytest.approx((0.3345 - 0.3993 + 0.4797 - 0.5725) / 2)


def test_systems_are_counted_by_kind_and_way(table):
    assert table.loc[("mafw", "vision"), ["n", "falls", "ties"]].tolist() == [2, 2, 0]
    assert table.loc[("dfew", "vlm"), ["n", "falls"]].tolist() == [8, 7]
    assert table.loc[("mafw", "all"), "n"] == 10
    assert table.loc[("mafw", "vision"), "lowest"] == -0.0648


def test_two_systems_cannot_be_significant_and_the_table_says_so(table):
    assert (table.xs("vision", level="kind")[["p_sign", "p_flip", "p_least"]] == 0.5).all(axis=None)
    assert (table[["p_sign", "p_flip"]].min(axis=1) >= table["p_least"]).all()


def test_p_of_the_kinds_against_each_other_stands_in_the_rows_of_all_systems(table):
    assert table.xs("all", level="kind")["p_difference"].tolist() == pytest.approx([2 / 45] * 3)
    assert table.drop("all", level="kind")["p_difference"].isna().all()


def test_the_sign_test_is_the_binomial_one_without_zeros():
    assert p_sign(np.array([-1.0] * 7 + [1])) == pytest.approx(stats.binomtest(1, 8).pvalue)
    assert p_sign(np.array([-1.0] * 7 + [1, 0])) == p_sign(np.array([-1.0] * 7 + [1]))
    assert p_sign(np.zeros(3)) == 1


def test_the_sign_flip_test_equals_scipys():
    values = np.random.default_rng(1).normal(0.5, 1, 8)
    expected = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert p_flip(values) == pytest.approx(expected.pvalue)


def test_without_ties_in_rank_two_against_eight_apart_is_as_far_as_mann_and_whitney_go():
    apart = np.arange(8.0), np.array([-2.0, -1.0])
    assert p_between(*apart) == pytest.approx(stats.mannwhitneyu(*apart, method="exact").pvalue)


def test_a_system_with_one_row_and_a_kind_that_does_not_exist_are_errors():
    with pytest.raises(StudyError, match="HiCMAE without a row for both orders"):
        reanalyse(PUBLISHED.drop(PUBLISHED.query("system == 'HiCMAE' and frames == 'shuffled'").index))
    with pytest.raises(StudyError, match="unknown kind other"):
        reanalyse(pd.concat([PUBLISHED, PUBLISHED.head(1).assign(kind="other")]))
