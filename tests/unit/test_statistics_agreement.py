"""Agreement of estimators and the specification curve: against scipy, a published W, and slow versions."""

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emovlm.core.contracts.statistics import CONCORDANCE, ESTIMATOR_AGREEMENT, SPECIFICATIONS
from emovlm.core.hashing import rng
from emovlm.core.io import read_table, write_table
from emovlm.statistics.lexical.agreement import agree, concord, concordance
from emovlm.statistics.lexical.correlation import correlate
from emovlm.statistics.lexical.exact import exact_spearman
from emovlm.statistics.lexical.specifications import rhos_of, specify

ROOT = Path(__file__).resolve().parents[2]
MAFW = pd.read_csv(ROOT / "resources/published/mafw_classes.csv")
EMOTIONS = sorted(MAFW["emotion"])
SETTINGS = {"seed": 1, "resamples": 199, "alpha": 0.05, "primary_source": "books", "primary_form": "family"}
ESTIMATORS = [("en", source, form) for source in ("books", "web") for form in ("family", "noun")]
ESTIMATORS += [("en", "short", "family"), ("zh", "books", "family"), ("zh", "web", "family")]
# Three raters of twenty people. R's DescTools prints KendallW(anxiety, TRUE) = 0.5396569.
ANXIETY = np.array([
    [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
    [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
    [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
])  # fmt: skip


def frequency(cut=7):
    """TERM_FREQUENCY of seven estimators, with ties; ``short`` does not list ``cut`` emotions, zh web two others."""
    rows = []
    for k, key in enumerate(ESTIMATORS):
        counts = np.random.default_rng(k).integers(1, 12, len(EMOTIONS))
        for place, emotion in enumerate(EMOTIONS):
            listing = "complete"
            if key[1] == "short" and place < cut:
                listing = "partial"
            if key == ("zh", "web", "family") and place >= 9:
                listing = "censored"
            rows.append((*key, emotion, np.nan if listing == "censored" else float(counts[place]), listing))
    return pd.DataFrame(rows, columns=["language", "source", "form", "emotion", "count", "listing"])


def profiles():
    """Two systems on all classes, one of them with F1 of zero in several, and one on five of them."""
    draw = np.random.default_rng(5)
    made = {"a": draw.random(11), "b": np.r_[np.zeros(6), draw.random(5)], "c": draw.random(5)}
    tables = [
        pd.DataFrame({"subject": name, "origin": "measured", "kind": "vlm", "emotion": EMOTIONS[-len(values) :],
                      "value": values}) for name, values in made.items()
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def both(words, a, b):
    """The counts of two estimators over the classes that both list completely."""
    wide = words[words["listing"] == "complete"].pivot(
        index="emotion", columns=["language", "source", "form"], values="count"
    )
    return wide[[a, b]].dropna().to_numpy().T


def test_pairs_within_a_language_are_of_all_estimators_and_across_of_the_primary_form():
    table = agree(frequency(), "family")
    pairs = {(tuple(row[:3]), tuple(row[3:6])) for row in table.itertuples(index=False)}
    wanted = {
        frozenset([a, b]) for a, b in product(ESTIMATORS, repeat=2)
        if a != b and (a[0] == b[0] or a[2] == b[2] == "family")
    }  # fmt: skip
    assert {frozenset(pair) for pair in pairs} == wanted and len(pairs) == len(wanted) == 17


def test_the_figures_of_a_pair_are_scipys_over_the_classes_that_both_list_completely(tmp_path):
    words = frequency(cut=5)
    table = agree(words, "family")
    write_table(table, tmp_path / "agreement.csv", ESTIMATOR_AGREEMENT)
    assert set(table["n_classes"]) == {11, 9, 6, 4}
    for row in table.itertuples(index=False):
        x, y = both(words, tuple(row[:3]), tuple(row[3:6]))
        assert row.n_classes == len(x)
        if len(x) < 5:
            assert np.isnan([row.rho, row.p, row.tau, row.p_tau]).all()
            continue
        assert row.rho == pytest.approx(stats.spearmanr(x, y).statistic)
        assert row.tau == pytest.approx(stats.kendalltau(x, y).statistic)
        if len(x) == 6:
            scores = [abs(stats.spearmanr(order, y).statistic) for order in permutations(x)]
            assert row.p == pytest.approx(np.mean(np.array(scores) >= abs(row.rho) - 1e-9))
            taus = [abs(stats.kendalltau(order, y).statistic) for order in permutations(x)]
            assert row.p_tau == pytest.approx(np.mean(np.array(taus) >= abs(row.tau) - 1e-9))


def test_an_estimator_that_counts_all_classes_alike_has_no_rho():
    words = frequency()
    words.loc[words["source"] == "web", "count"] = 4.0
    table = agree(words, "family")
    constant = (table["source_a"] == "web") | (table["source_b"] == "web")
    assert table.loc[constant, ["rho", "p", "tau", "p_tau"]].isna().all(axis=None)


def test_w_with_ties_is_the_published_one_and_friedmans_chi_square_over_m_times_n_less_one():
    w, p = concordance(ANXIETY, 4999, seed=1)
    assert w == pytest.approx(0.5396569, abs=5e-8)
    friedman = stats.friedmanchisquare(*ANXIETY.T)
    assert w == pytest.approx(friedman.statistic / (3 * 19))
    draw, ranks = np.random.default_rng(0), stats.rankdata(ANXIETY, axis=1)
    null = [np.var(sum(draw.permutation(row) for row in ranks)) for _ in range(5000)]
    assert p == pytest.approx(np.mean(np.array(null) >= np.var(ranks.sum(axis=0)) - 1e-9), abs=0.006)
    assert p < friedman.pvalue, "with three raters the chi-square is too careful (Legendre 2005)"


def test_p_of_w_is_that_of_all_rankings():
    """Each of three sources may rank four classes in 24 ways: 13,824 cases, of which W is as large in so many."""
    scores = np.array([[1, 2, 3, 4], [1, 3, 2, 4], [2, 1, 3, 4]])

    def chi(rows):
        return stats.friedmanchisquare(*np.array(rows).T).statistic

    ways = [list(permutations(row)) for row in scores]
    observed = chi(scores)
    first = scores[0].tolist()  # by symmetry one source may stay as it is
    exact = np.mean([chi([first, b, c]) >= observed - 1e-9 for b in ways[1] for c in ways[2]])
    assert concordance(scores, 20_000, seed=3)[1] == pytest.approx(exact, abs=0.01)


def test_sources_that_agree_have_w_of_one_and_two_that_contradict_each_other_of_zero():
    ranks = np.arange(6)
    assert concordance(np.array([ranks, 10 * ranks, ranks**2]), 99, 1) == (pytest.approx(1), 0.01)
    w, p = concordance(np.array([ranks, ranks[::-1]]), 99, 1)
    assert w == pytest.approx(0) and p == 1
    assert np.isnan(concordance(np.ones((3, 6)), 99, 1)).all()


def test_concordance_is_of_the_sources_that_list_every_class_and_says_what_their_pairs_say(tmp_path):
    words = frequency()
    agreement = agree(words, "family")
    write_table(concord(words, agreement, SETTINGS), tmp_path / "concordance.csv", CONCORDANCE)
    table = read_table(tmp_path / "concordance.csv", CONCORDANCE).set_index(["language", "form"])
    family = table.loc["en", "family"]
    assert (family["estimators"], family["complete"], family["sources"]) == (3, 2, "books web")
    rho = stats.spearmanr(*both(words, ESTIMATORS[0], ESTIMATORS[2])).statistic
    assert family["pairs"] == 1, "short lists four classes"
    assert family[["rho_median", "rho_lowest", "rho_highest"]].tolist() == pytest.approx([rho] * 3)
    zh = table.loc["zh", "family"]
    assert zh["complete"] == 1 and zh["pairs"] == 1 and np.isnan(zh["w"]) and np.isnan(zh["p"])


def slowly(values, words, settings):
    """Median of rho, and its joint p, by correlating again for each order of the classes, one by one."""

    def rhos(profile):
        found = []
        for _, listed in words[words["listing"] == "complete"].groupby(["language", "source", "form"]):
            x = [profile[emotion] for emotion in listed["emotion"] if emotion in profile]
            y = listed.loc[listed["emotion"].isin(profile), "count"]
            if len(x) >= 5 and len(set(x)) > 1:
                found.append(exact_spearman(np.array(x), y.to_numpy()))
        return np.array(found).reshape(-1, 2)

    emotions, draw = sorted(values), rng(settings["seed"], "specification curve", len(values))
    orders = draw.permuted(np.tile(np.arange(len(values)), (settings["resamples"], 1)), axis=1)
    observed = rhos(values)
    null = []
    for order in orders:
        found = rhos({e: values[emotions[k]] for e, k in zip(emotions, order, strict=True)})
        null.append(np.median(found[:, 0]) if len(found) else 0.0)
    extreme = np.abs(null) >= abs(np.median(observed[:, 0])) - 1e-9
    return observed, (1 + extreme.sum()) / (1 + len(null))


@pytest.mark.parametrize("language", ["all", "en", "zh"])
def test_the_curve_and_its_joint_p_are_those_of_a_slow_version(language, tmp_path):
    words = frequency(cut=4)
    correlations = correlate(profiles(), words, MAFW, SETTINGS)
    table = specify(profiles(), words, correlations, SETTINGS)
    write_table(table, tmp_path / "specifications.csv", SPECIFICATIONS)
    for subject, profile in profiles().groupby("subject"):
        asked = words[words["language"].eq(language) | (language == "all")]
        observed, p = slowly(profile.set_index("emotion")["value"].to_dict(), asked, SETTINGS)
        row = table.set_index(["subject", "language"]).loc[subject, language]
        rho = observed[:, 0]
        assert row["estimators"] == len(rho)
        assert row[["rho_median", "rho_lowest", "rho_highest"]].tolist() == pytest.approx(
            [np.median(rho), rho.min(), rho.max()]
        )
        assert row["positive"] == pytest.approx(np.mean(rho > 1e-9))
        assert row["significant"] == pytest.approx(np.mean((rho > 1e-9) & (observed[:, 1] <= 0.05)))
        assert row["p"] == pytest.approx(p)


def test_the_primary_is_marked_in_each_language_and_not_over_all():
    words = frequency()
    correlations = correlate(profiles(), words, MAFW, SETTINGS)
    table = specify(profiles(), words, correlations, SETTINGS).set_index(["subject", "language"])
    of_a = correlations[(correlations["subject"] == "a") & (correlations["language"] == "en")]
    primary = of_a.query("source == 'books' and form == 'family'")["rho"].iloc[0]
    assert table.loc[("a", "en"), "rho_primary"] == primary
    assert table.loc[("a", "en"), "below_primary"] == (of_a["rho"] < primary - 1e-9).mean()
    assert table.loc[("a", "all"), ["rho_primary", "below_primary"]].isna().all()


def test_a_profile_that_follows_every_estimator_is_found_and_one_of_equal_values_has_no_row():
    words = frequency()
    ranks = {emotion: place for place, emotion in enumerate(EMOTIONS)}
    words["count"] = words["emotion"].map(ranks) + 1.0
    made = profiles()
    made.loc[made["subject"] == "a", "value"] = made["emotion"].map(ranks)
    made.loc[made["subject"] == "b", "value"] = 0.5
    table = specify(made, words, correlate(made, words, MAFW, SETTINGS), SETTINGS)
    row = table.set_index(["subject", "language"]).loc["a", "all"]
    assert row["rho_median"] == pytest.approx(1) and row["p"] == 1 / 200 and row["positive"] == row["significant"] == 1
    assert "b" not in set(table["subject"])


def test_the_joint_p_is_about_even_where_words_and_recognition_have_nothing_in_common():
    words = frequency()
    values = np.random.default_rng(9).random((120, 11))
    made = pd.concat([
        pd.DataFrame({"subject": f"{k:03}", "origin": "measured", "kind": "vlm", "emotion": EMOTIONS, "value": row})
        for k, row in enumerate(values)
    ])  # fmt: skip
    p = specify(made, words, correlate(made, words, MAFW, {**SETTINGS, "resamples": 9}), SETTINGS).query(
        "language == 'all'"
    )["p"]
    assert 0.01 <= (p <= 0.05).mean() <= 0.11 and 0.4 < p.mean() < 0.6


def test_rho_of_constant_values_is_not_a_number_and_estimators_of_few_classes_are_left_out():
    columns = pd.MultiIndex.from_tuples([("en", "x", "f"), ("en", "y", "f"), ("en", "z", "f")])
    words = pd.DataFrame([[1.0, 1, np.nan], [2, 1, np.nan], [3, 1, 1], [4, 1, 2], [5, 1, 3]], columns=columns)
    found = rhos_of(np.array([[1.0, 2, 3, 4, 5], [0, 0, 0, 0, 0]]), words)
    assert list(found.columns) == list(columns[:2])
    np.testing.assert_allclose(found, [[1, np.nan], [np.nan, np.nan]])
