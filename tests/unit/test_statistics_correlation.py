"""Exact rank correlation: against scipy, against all permutations, and on the published profiles."""

from itertools import permutations
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emovlm.core.contracts.statistics import CORRELATIONS
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.lexicon.terms import read_classes
from emovlm.statistics.lexical.correlation import correlate, leave_one_out, partial_spearman
from emovlm.statistics.lexical.exact import exact_spearman, spearman
from emovlm.statistics.lexical.profiles import measured_profiles, published_profiles
from emovlm.statistics.values.published_values import read_published

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"seed": 1, "resamples": 99}
MAFW = pd.read_csv(ROOT / "resources/published/mafw_classes.csv")
TIED = ([1, 1, 2, 3, 3, 3, 5], [2, 1, 2, 2, 4, 5, 5])


def brute_force_p(x, y):
    rho = abs(spearman(x, y)) - 1e-9
    return np.mean([abs(spearman(np.array(order), y)) >= rho for order in permutations(x)])


def draws(n, times=3):
    generator = np.random.default_rng(n)
    return [(generator.random(n), generator.random(n)) for _ in range(times)]


@pytest.mark.parametrize(("x", "y"), [*draws(7), TIED])
def test_rho_equals_scipys(x, y):
    assert exact_spearman(x, y)[0] == pytest.approx(stats.spearmanr(x, y).statistic)


@pytest.mark.parametrize(("x", "y"), draws(7))
def test_p_of_seven_points_equals_scipys_over_all_pairings(x, y):
    expected = stats.permutation_test(
        (x,), lambda x: stats.spearmanr(x, y).statistic, permutation_type="pairings", n_resamples=np.inf
    )
    assert exact_spearman(x, y)[1] == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("x", "y"), [TIED, ([0, 0, 0, 0, 1], [3, 1, 1, 2, 5]), *draws(5, 2)])
def test_p_with_ties_equals_that_of_all_permutations(x, y):
    assert exact_spearman(np.array(x), np.array(y))[1] == pytest.approx(brute_force_p(np.array(x), np.array(y)))


def test_perfect_agreement_of_eleven_points_has_two_of_all_pairings():
    rho, p = exact_spearman(np.arange(11), np.arange(11))
    assert rho == pytest.approx(1) and p == pytest.approx(2 / factorial(11))


@pytest.mark.parametrize(("n", "critical"), [(7, 0.786), (11, 0.618)])
def test_p_passes_five_percent_at_the_tabulated_critical_values(n, critical):
    """Critical values of Spearman's rho, two-sided 5%: 0.786 at n = 7 and 0.618 at n = 11 (Zar 1972)."""
    base, generator, above, below = np.arange(n), np.random.default_rng(0), [], []
    for _ in range(4000):
        order = generator.permutation(n)
        rho = round(abs(spearman(base, order)), 3)
        if abs(rho - critical) < 0.05:
            (above if rho >= critical else below).append(exact_spearman(base, order)[1])
    assert max(above) <= 0.05 < min(below)


def test_a_constant_profile_has_no_rho_and_p_of_one():
    rho, p = exact_spearman(np.zeros(6), np.arange(6))
    assert np.isnan(rho) and p == 1


def test_too_many_points_are_refused_before_they_take_hours():
    with pytest.raises(ValueError, match="at most 14"):
        exact_spearman(np.arange(15), np.arange(15))


def test_one_outlier_shows_in_the_leave_one_out_range():
    x, y = np.array([1, 2, 3, 4, 5, 99]), np.array([3, 1, 2, 1.5, 2.5, 99])
    low, high = leave_one_out(x, y)
    assert low == pytest.approx(spearman(x[:-1], y[:-1])) and low < spearman(x, y) <= high


def test_partial_rho_given_one_covariate_is_that_of_the_textbook():
    """rho_xy.z = (rho_xy - rho_xz rho_yz) / sqrt((1 - rho_xz^2) (1 - rho_yz^2))"""
    x, y, z = np.random.default_rng(3).random((3, 11))
    xy, xz, yz = spearman(x, y), spearman(x, z), spearman(y, z)
    expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    assert partial_spearman(x, y, z[:, None], 99, seed=1)[0] == pytest.approx(expected)


def test_partial_rho_given_two_covariates_is_the_recursion_of_those_given_one():
    x, y, z, w = np.random.default_rng(4).random((4, 11))
    xy, xw, yw = (partial_spearman(a, b, z[:, None], 9, seed=1)[0] for a, b in ((x, y), (x, w), (y, w)))
    expected = (xy - xw * yw) / np.sqrt((1 - xw**2) * (1 - yw**2))
    assert partial_spearman(x, y, np.column_stack([z, w]), 9, seed=1)[0] == pytest.approx(expected)


def test_partial_p_agrees_with_permuting_ranks_and_regressing_again():
    """Freedman and Lane by the book: fit, permute the residuals of y, add the fit, and take the partial correlation."""
    generator = np.random.default_rng(5)
    z = generator.random((9, 2))
    x = stats.rankdata(z[:, 0] + generator.random(9))
    y = stats.rankdata(z[:, 1] + x / 4)
    design = np.column_stack([np.ones(9), *(stats.rankdata(column) for column in z.T)])

    def rest(v):
        return v - design @ np.linalg.lstsq(design, v, rcond=None)[0]

    observed = np.corrcoef(rest(x), rest(y))[0, 1]
    fit, left = y - rest(y), rest(y)
    null = [np.corrcoef(rest(x), rest(fit + generator.permutation(left)))[0, 1] for _ in range(4000)]
    rho, p = partial_spearman(x, y, z, 4000, seed=1)
    assert rho == pytest.approx(observed)
    assert p == pytest.approx(np.mean(np.abs(null) >= abs(observed)), abs=0.02)


@pytest.mark.parametrize("k", [1, 2])
def test_partial_p_is_about_even_where_only_the_covariates_tie_x_to_y(k):
    generator, p = np.random.default_rng(0), []
    for seed in range(400):
        z = generator.random((11, k))
        x, y = (z.sum(axis=1) + generator.normal(size=11) for _ in range(2))
        p.append(partial_spearman(x, y, z, 199, seed)[1])
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09


def test_no_partial_rho_where_too_little_is_left():
    x, y, z, w = np.random.default_rng(3).random((4, 5))
    assert np.isfinite(partial_spearman(x, y, z[:, None], 9, seed=1)).all()
    assert np.isnan(partial_spearman(x, y, np.column_stack([z, w]), 9, seed=1)).all()
    assert np.isnan(partial_spearman(x, y, x[:, None], 9, seed=1)).all()


@pytest.fixture(scope="module")
def published():
    folder = ROOT / "resources/published"
    tables = read_published({name: folder / f"{name}.csv" for name in ("paper_lexical_figure", "mafw_recalls")})
    return published_profiles(*tables.values(), read_classes(ROOT / "config/classes.tsv"))


def words(emotions, incomplete=0):
    n = len(emotions)
    return pd.DataFrame({
        "language": "en", "source": "books", "form": "family", "emotion": emotions, "count": np.arange(n, 0.0, -1),
        "listing": np.where(np.arange(n) < incomplete, np.where(np.arange(n) % 2, "partial", "censored"), "complete"),
    })  # fmt: skip


def test_published_profiles_have_eleven_and_seven_classes_by_the_studys_names(published):
    sizes = published.groupby("subject")["emotion"].nunique()
    assert sizes["Qwen2.5-VL/MAFW"] == sizes["T-ESFL/MAFW"] == 11 and sizes["Gemini2.5-Flash/DFEW"] == 7
    dfew = published[published["subject"] == "Gemini2.5-Flash/DFEW"].set_index("emotion")["value"]
    assert dfew["happiness"] == 1.79 and dfew["anger"] == 1.5
    assert set(published.loc[published["kind"] == "vision", "subject"].str.split("/").str[0]) == {
        "ResNet18", "ViT", "C3D", "ResNet18-LSTM", "ViT-LSTM", "C3D-LSTM", "T-ESFL"
    }  # fmt: skip


def test_published_f1_follows_word_frequency_and_so_does_the_vision_only_control(published, tmp_path):
    emotions = ["fear", "happiness", "surprise", "anxiety", "anger", "sadness", "neutral", "disappointment", "contempt",
                "helplessness", "disgust"]  # fmt: skip
    table = correlate(published, words(emotions), MAFW, SETTINGS).set_index("subject")
    assert table.loc["Qwen2.5-VL/MAFW", "rho"] > 0.4
    assert table.loc["C3D/MAFW", "rho"] > 0.4
    assert (table["rho_low"] <= table["rho"]).all() and (table["rho"] <= table["rho_high"]).all()
    write_table(table.reset_index(), tmp_path / "correlations.csv", CORRELATIONS)


def test_classes_that_are_not_completely_listed_are_left_out_and_too_few_leave_no_row(published):
    emotions = list(published[published["subject"] == "C3D/MAFW"]["emotion"])
    assert set(
        correlate(published, words(emotions, 2), MAFW, SETTINGS).query("subject == 'C3D/MAFW'")["n_classes"]
    ) == {9}
    assert "C3D/MAFW" not in set(correlate(published, words(emotions, 7), MAFW, SETTINGS)["subject"])


def test_a_profile_of_equal_values_leaves_no_row(published):
    emotions = list(published[published["subject"] == "C3D/MAFW"]["emotion"])
    flat = published.assign(value=published["value"].where(published["subject"] != "C3D/MAFW", 0))
    table = correlate(flat, words(emotions), MAFW, SETTINGS)
    assert "C3D/MAFW" not in set(table["subject"]) and "ViT/MAFW" in set(table["subject"])


def test_partial_correlations_are_of_profiles_over_mafws_classes_with_enough_of_them_left(published):
    emotions = list(MAFW["emotion"])
    table = correlate(published, words(emotions), MAFW, SETTINGS).set_index("subject")
    columns = ["rho_given_size", "p_given_size", "rho_given_size_and_reliability", "p_given_size_and_reliability"]
    of_mafw = table.index.str.endswith("/MAFW")
    assert table.loc[of_mafw, columns].notna().all(axis=None) and table.loc[~of_mafw, columns].isna().all(axis=None)
    profile = published[published["subject"] == "C3D/MAFW"].merge(words(emotions)).merge(MAFW)
    expected = partial_spearman(profile["value"], profile["count"], profile[["clips"]].to_numpy(), 99, seed=1)
    assert table.loc["C3D/MAFW", columns[:2]].tolist() == list(expected)
    few = correlate(published, words(emotions, 6), MAFW, SETTINGS).set_index("subject").loc["C3D/MAFW"]
    assert few["n_classes"] == 5 and few[columns].notna().tolist() == [True, True, False, False]


def test_measured_profiles_are_the_f1_of_the_conditions_asked_for():
    per_class = pd.DataFrame(
        {"condition": ["a", "a", "b"], "emotion": ["anger", "fear", "anger"], "f1": [0.1, 0.2, 0.3]}
    )
    found = measured_profiles(per_class, {"a": "vlm"})
    assert found["value"].tolist() == [0.1, 0.2] and set(found["kind"]) == {"vlm"}
    with pytest.raises(StudyError, match="no per-class metrics of the conditions z"):
        measured_profiles(per_class, {"z": "vlm"})


def test_a_published_class_that_the_study_does_not_have_is_named():
    figure = pd.DataFrame({"dataset": ["DFEW"], "term": ["anger"], "f1_gemini25_flash": [1.0], "f1_qwen25_vl": [1.0]})
    with pytest.raises(StudyError, match=r"anger \(DFEW\)"):
        published_profiles(figure, pd.DataFrame({"system": []}), [{"emotion": "anger", "dfew": "angry"}])
