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
from emovlm.lexicon.terms import read_lexicon
from emovlm.statistics.correlation import correlate, exact_spearman, leave_one_out, rho_difference, spearman
from emovlm.statistics.profiles import measured_profiles, published_profiles
from emovlm.statistics.published import read_published

ROOT = Path(__file__).resolve().parents[2]
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


def test_the_difference_of_rho_is_found_where_only_one_arm_follows_the_words():
    words = np.arange(11.0)
    found = rho_difference(words, np.array([4, 9, 1, 7, 0, 10, 3, 8, 2, 6, 5]), words, 2000, seed=1)
    assert found["effect"] == pytest.approx(1 - spearman([4, 9, 1, 7, 0, 10, 3, 8, 2, 6, 5], words))
    assert found["p"] < 0.05 and 0 < found["low"] <= found["effect"] <= found["high"]


def test_equal_arms_have_no_difference_of_rho():
    words = np.random.default_rng(0).random(11)
    found = rho_difference(words, words, np.arange(11), 500, seed=1)
    assert (found["effect"], found["p"]) == (0, 1)


def test_the_p_of_a_difference_of_rho_is_even_if_words_mean_nothing():
    generator = np.random.default_rng(0)
    p = [rho_difference(*generator.random((3, 11)), 199, seed=k)["p"] for k in range(400)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.08


@pytest.fixture(scope="module")
def published():
    folder = ROOT / "resources/published"
    tables = read_published({name: folder / f"{name}.csv" for name in ("paper_lexical_figure", "mafw_recalls")})
    return published_profiles(*tables.values(), read_lexicon(ROOT / "config/lexicon.tsv"))


def words(emotions, censored=0):
    n = len(emotions)
    return pd.DataFrame({
        "language": "en", "source": "books", "form": "family", "emotion": emotions, "count": np.arange(n, 0.0, -1),
        "censored": np.arange(n) < censored,
    })  # fmt: skip


def test_published_profiles_have_eleven_and_seven_classes_by_the_lexicons_names(published):
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
    table = correlate(published, words(emotions)).set_index("subject")
    assert table.loc["Qwen2.5-VL/MAFW", "rho"] > 0.4
    assert table.loc["C3D/MAFW", "rho"] > 0.4
    assert (table["rho_low"] <= table["rho"]).all() and (table["rho"] <= table["rho_high"]).all()
    write_table(table.reset_index(), tmp_path / "correlations.csv", CORRELATIONS)


def test_censored_classes_are_left_out_and_too_few_leave_no_row(published):
    emotions = list(published[published["subject"] == "C3D/MAFW"]["emotion"])
    assert set(correlate(published, words(emotions, 2)).query("subject == 'C3D/MAFW'")["n_classes"]) == {9}
    assert "C3D/MAFW" not in set(correlate(published, words(emotions, 7))["subject"])


def test_a_profile_of_equal_values_leaves_no_row(published):
    emotions = list(published[published["subject"] == "C3D/MAFW"]["emotion"])
    table = correlate(
        published.assign(value=published["value"].where(published["subject"] != "C3D/MAFW", 0)), words(emotions)
    )
    assert "C3D/MAFW" not in set(table["subject"]) and "ViT/MAFW" in set(table["subject"])


def test_measured_profiles_are_the_f1_of_the_conditions_asked_for():
    per_class = pd.DataFrame(
        {"condition": ["a", "a", "b"], "emotion": ["anger", "fear", "anger"], "f1": [0.1, 0.2, 0.3]}
    )
    found = measured_profiles(per_class, {"a": "vlm"})
    assert found["value"].tolist() == [0.1, 0.2] and set(found["kind"]) == {"vlm"}
    with pytest.raises(StudyError, match="no per-class metrics of the conditions z"):
        measured_profiles(per_class, {"z": "vlm"})


def test_a_published_class_outside_the_lexicon_is_named():
    figure = pd.DataFrame({"dataset": ["DFEW"], "term": ["anger"], "f1_gemini25_flash": [1.0], "f1_qwen25_vl": [1.0]})
    with pytest.raises(StudyError, match=r"anger \(DFEW\)"):
        published_profiles(figure, pd.DataFrame({"system": []}), [{"emotion": "anger", "dfew": "angry"}])
