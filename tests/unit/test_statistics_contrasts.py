"""Contrasts of variants: means over runs, exact permutation of runs, words that the permuted variant followed."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from emovlm.core.contracts.statistics import CONTRASTS
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.lexicon.estimator import permuted_counts
from emovlm.statistics.lexical.contrasts import contrast_variants, p_of_runs, p_of_words
from emovlm.statistics.lexical.exact import spearman
from emovlm.training.captions import naming_shares

EMOTIONS = [f"e{k:02}" for k in (3, 8, 0, 10, 5, 1, 7, 2, 9, 6, 4)]  # the order of the classes, not the alphabet's
COUNTS = {emotion: 10.0**k for k, emotion in enumerate(sorted(EMOTIONS))}
NOISE = np.array([4, 9, 1, 7, 0, 10, 3, 8, 2, 6, 5])
CLAIM = {"subject": "freq", "intervention": "unif", "permuted": "perm", "control": "vision", "language": "en"}
SETTINGS = {"seed": 3, "resamples": 999, "primary_source": "books", "primary_form": "family", "classes": EMOTIONS}


def frequency(language="en", **columns):
    table = {
        "language": language, "source": "books", "form": "family", "emotion": sorted(EMOTIONS),
        "count": [COUNTS[e] for e in sorted(EMOTIONS)], "listing": "complete", **columns,
    }  # fmt: skip
    return pd.DataFrame(table)


def per_run(**runs):
    """condition=[F1 by class in each run], classes in the order of the alphabet."""
    tables = [
        pd.DataFrame({"condition": c, "replicate": r + 1, "emotion": sorted(EMOTIONS), "f1": np.array(f1) / 11})
        for c, profiles in runs.items()
        for r, f1 in enumerate(profiles)
    ]
    return pd.concat(tables)


def noisy(profile, runs, amount=2.0, seed=0):
    """Runs of a variant: the profile with noise of its own in each."""
    return np.array(profile) + np.random.default_rng(seed).normal(0, amount, (runs, len(profile)))


def variants(runs):
    return per_run(freq=noisy(range(11), runs), unif=noisy(NOISE, runs, seed=1), perm=noisy(NOISE, runs, seed=2),
                   vision=noisy(NOISE, runs, seed=3))  # fmt: skip


@pytest.mark.parametrize(("n_a", "n_b"), [(3, 3), (3, 4), (5, 3)])
def test_p_of_runs_is_that_of_all_orders(n_a, n_b):
    generator = np.random.default_rng(n_a * n_b)
    for _ in range(5):
        a, b = generator.random(n_a).round(1) + 0.2, generator.random(n_b).round(1)  # rounded, so that there are ties
        pooled, observed = np.concatenate([a, b]), a.mean() - b.mean() - 1e-9
        orders = [np.array(order) for order in permutations(pooled)]
        expected = np.mean([order[:n_a].mean() - order[n_a:].mean() >= observed for order in orders])
        assert p_of_runs(a, b) == pytest.approx(expected)


def test_three_runs_against_three_reach_five_percent_only_without_any_overlap():
    assert p_of_runs(np.array([0.5, 0.6, 0.7]), np.array([0.1, 0.2, 0.4])) == 0.05
    assert p_of_runs(np.array([0.5, 0.6, 0.3]), np.array([0.1, 0.2, 0.4])) > 0.05
    assert p_of_runs(np.array([0.1, 0.2, 0.4]), np.array([0.5, 0.6, 0.7])) == 1
    assert p_of_runs(np.full(3, 0.5), np.full(3, 0.5)) == 1


def test_the_p_of_words_is_even_if_words_mean_nothing():
    generator = np.random.default_rng(0)
    p = [p_of_words(*generator.random((2, 2, 11)), generator.random(11), 199, seed=k) for k in range(400)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.08


def test_the_p_of_words_of_one_run_agrees_with_a_permutation_of_the_difference_of_rho():
    first, second, words = np.random.default_rng(1).random((3, 11))
    generator, observed = np.random.default_rng(2), spearman(first, words) - spearman(second, words)
    null = [spearman(first, o) - spearman(second, o) for o in (generator.permutation(words) for _ in range(4000))]
    expected = np.mean(np.abs(null) >= abs(observed))
    assert p_of_words(first[None], second[None], words, 4000, seed=1) == pytest.approx(expected, abs=0.03)


def test_equal_arms_differ_by_nothing():
    run = np.random.default_rng(0).random((1, 11))
    assert p_of_words(run, run, np.arange(11), 500, seed=1) == 1


@pytest.mark.parametrize(("runs", "test"), [(1, "words"), (2, "words"), (3, "runs"), (4, "runs")])
def test_rho_is_averaged_over_runs_and_tested_by_runs_where_there_are_three(runs, test, tmp_path):
    table = contrast_variants(variants(runs), frequency(), CLAIM, SETTINGS).set_index("contrast")
    words = np.array([COUNTS[e] for e in sorted(EMOTIONS)])
    rhos = {
        c: [spearman(f1, words) for f1 in noisy(p, runs, seed=s)] for c, p, s in (("a", range(11), 0), ("b", NOISE, 1))
    }
    found = table.loc["intervention"]
    assert (found["a"], found["b"], found["words"]) == ("freq", "unif", "real")
    assert (found["rho_a"], found["rho_b"]) == pytest.approx((np.mean(rhos["a"]), np.mean(rhos["b"])))
    assert found["difference"] == pytest.approx(found["rho_a"] - found["rho_b"])
    assert found["low"] <= found["difference"] <= found["high"]
    assert found["test"].startswith(test) and (found["runs_a"], found["runs_b"], found["n_classes"]) == (runs, runs, 11)
    if test == "runs":
        assert found["p"] == p_of_runs(np.array(rhos["a"]), np.array(rhos["b"]))
    write_table(table.reset_index(), tmp_path / "contrasts.csv", CONTRASTS)


def test_the_range_is_that_of_the_mean_difference_with_one_class_left_out():
    table = contrast_variants(variants(3), frequency(), CLAIM, SETTINGS).set_index("contrast")
    left = [
        contrast_variants(variants(3).query("emotion != @e"), frequency(), CLAIM, SETTINGS).set_index("contrast")[
            "difference"
        ]
        for e in EMOTIONS
    ]
    for contrast in ("intervention", "control"):  # the words of the permuted variant hang on all classes
        found = [difference[contrast] for difference in left]
        assert table.loc[contrast, ["low", "high"]].tolist() == pytest.approx([min(found), max(found)])


def test_the_permuted_arm_is_held_against_the_words_its_captions_followed():
    in_order = {e: COUNTS[e] for e in EMOTIONS}
    followed = permuted_counts(in_order, SETTINGS["seed"])
    variant = {"exponent": 1, "words": "permuted", "naming": 0.25}
    shares = naming_shares(frequency(), EMOTIONS, variant, SETTINGS["seed"])
    profile = [shares[e] for e in sorted(EMOTIONS)]
    table = contrast_variants(
        per_run(freq=[range(11)], unif=[NOISE], perm=[profile], vision=[NOISE]), frequency(), CLAIM, SETTINGS
    ).set_index("contrast")
    found = table.loc["permuted"]
    assert (found["a"], found["b"], found["words"]) == ("perm", "unif", "permuted")
    assert found["rho_a"] == pytest.approx(1)
    assert found["rho_b"] == pytest.approx(spearman(NOISE, np.array([followed[e] for e in sorted(EMOTIONS)])))


def test_contrasts_are_of_the_primary_source_and_the_permuted_one_of_the_captions_language():
    words = pd.concat([frequency(), frequency("zh"), frequency(source="web"), frequency(form="noun")])
    table = contrast_variants(variants(1), words, CLAIM, SETTINGS)
    assert sorted(zip(table["contrast"], table["language"], strict=True)) == [
        ("control", "en"), ("control", "zh"), ("intervention", "en"), ("intervention", "zh"), ("permuted", "en"),
    ]  # fmt: skip
    assert set(table["source"]) == {"books"} and set(table["form"]) == {"family"}


def test_classes_that_the_source_does_not_list_completely_are_left_out():
    words = frequency(listing=["censored", "partial"] + ["complete"] * 9)
    assert set(contrast_variants(variants(1), words, CLAIM, SETTINGS)["n_classes"]) == {9}
    assert contrast_variants(variants(1), frequency(listing=["partial"] * 7 + ["complete"] * 4), CLAIM, SETTINGS).empty


def test_a_run_that_fails_in_every_class_leaves_no_row():
    runs = per_run(freq=[range(11), [0] * 11], unif=[NOISE] * 2, perm=[NOISE] * 2, vision=[NOISE] * 2)
    assert contrast_variants(runs, frequency(), CLAIM, SETTINGS)["contrast"].tolist() == ["permuted"]


def test_a_condition_that_the_lexical_claim_needs_is_named():
    with pytest.raises(StudyError, match="no F1 by class and run of the conditions other"):
        contrast_variants(variants(1), frequency(), {**CLAIM, "control": "other"}, SETTINGS)
