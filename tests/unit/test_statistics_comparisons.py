"""Paired comparisons: direction, calibration, equivalence, correction, and what cannot be compared."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.multitest import multipletests
from tests.unit.statistics_answers import SETTINGS, draw_answers

from emovlm.core.contracts.statistics import COMPARISONS
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.statistics.comparisons import TIE, compare, equivalence_p, permutation_p
from emovlm.statistics.intervals import percentile
from emovlm.statistics.metric_tables import metrics_table

MARGINS = {"T1": 0.02, "T2": 0.1}


def row(a="a", b="b", test="difference", claim="T1", metric="macro_f1", name="a-vs-b", family="T1", **more):
    asked = {"comparison": name, "claim": claim, "a": a, "b": b, "metric": metric, "test": test, "family": family}
    return {**asked, **({"margin": MARGINS[claim]} if claim in MARGINS else {}), **more}


@pytest.fixture(scope="module")
def answers():
    good = draw_answers(seed=1, skill=0.8, failed=0)
    few = good.assign(prediction=good["prediction"].where(np.arange(len(good)) % 60 > 0, "neutral"))
    return {"a": good, "b": draw_answers(seed=2, skill=0.3, failed=0), "nearly a": few}


def test_a_clear_difference_has_its_sign_an_interval_off_zero_and_a_small_p(answers):
    found = compare(answers, [row()], SETTINGS).iloc[0]
    assert found["difference"] > 0.2 and found["low"] > 0 and found["p"] < 0.01
    assert found["changed"] == (answers["a"]["prediction"] != answers["b"]["prediction"]).sum()
    assert (found["n"], found["margin"]) == (120, 0.02)


def test_swapping_a_and_b_only_turns_the_sign(answers):
    one, other = compare(answers, [row()], SETTINGS).iloc[0], compare(answers, [row("b", "a")], SETTINGS).iloc[0]
    assert other["difference"] == -one["difference"]
    assert (other["low"], other["high"]) == pytest.approx((-one["high"], -one["low"]))
    assert other["p"] == one["p"]


def test_equal_conditions_differ_by_nothing_with_p_of_one(answers):
    found = compare(answers, [row("a", "a")], SETTINGS).iloc[0]
    assert (found["difference"], found["low"], found["high"], found["p"], found["changed"]) == (0, 0, 0, 1, 0)


def test_a_failure_counts_as_a_changed_answer(answers):
    failed = answers["a"].copy()
    failed.loc[:4, "status"] = "failed"
    assert compare({**answers, "failed": failed}, [row("failed", "a")], SETTINGS).iloc[0]["changed"] == 5


def test_equivalence_is_shown_within_the_margin_and_not_beyond(answers):
    same = compare(answers, [row("nearly a", "a", "equivalence", "T2")], SETTINGS).iloc[0]
    other = compare(answers, [row("b", "a", "equivalence", "T2")], SETTINGS).iloc[0]
    assert same["p"] < 0.05 and other["p"] > 0.95
    assert same["changed"] > 0


def test_the_equivalence_p_agrees_with_two_one_sided_t_tests():
    from statsmodels.stats.weightstats import ttost_paired

    generator = np.random.default_rng(0)
    difference = generator.normal(0.02, 0.3, 200)
    spread = np.array([generator.choice(difference, 200).mean() for _ in range(5000)])
    for margin in (0.04, 0.06, 0.1):
        expected = ttost_paired(difference, np.zeros(200), -margin, margin)[0]
        assert equivalence_p(spread, margin, 200) == pytest.approx(expected, abs=0.02)


def test_equivalence_is_shown_exactly_where_the_90_per_cent_interval_lies_within_the_margin():
    spread = np.random.default_rng(0).normal(0.01, 0.02, 1999)
    for people in (8, 60):
        reach = max(np.abs(percentile(spread, people, 0.9)))
        assert equivalence_p(spread, reach * 1.05, people) < 0.05 < equivalence_p(spread, reach * 0.95, people)


def test_the_permutation_p_agrees_with_scipys_where_each_clip_is_its_own_identity(answers):
    a, b = (answers[key].assign(identity=answers[key]["clip_id"])[:40] for key in ("nearly a", "b"))
    found = compare({"a": a, "b": b}, [row(metric="accuracy")], {**SETTINGS, "flips": 4000}).iloc[0]
    right = [(frame["prediction"] == frame["label"]).to_numpy(float) for frame in (a, b)]
    expected = permutation_test(
        right, lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=20000, rng=np.random.default_rng(0)
    )
    assert found["p"] == pytest.approx(expected.pvalue, abs=0.01)


def test_p_is_below_five_percent_in_about_one_of_twenty_comparisons_of_equals():
    settings = {**SETTINGS, "flips": 199}
    answers = {str(k): draw_answers(seed=k, failed=0) for k in range(300)}
    rows = [row(str(k), str(k + 1), name=f"c{k}") for k in range(0, 300, 2)]
    p = compare(answers, rows, settings)["p"]
    assert 0.01 <= (p < 0.05).mean() <= 0.10


def test_identities_are_swapped_whole():
    """Two identities allow only two differences up to sign, so p can not be small however many clips there are."""
    a, b = (draw_answers(seed=1, skill=skill, identities=2, failed=0, n=200) for skill in (0.9, 0.2))
    assert compare({"a": a, "b": b}, [row()], SETTINGS).iloc[0]["p"] > 0.4


def test_holm_corrects_within_a_family_only(answers):
    rows = [row(name="one"), row("nearly a", "a", name="two"), row(name="other", family="T9")]
    found = compare(answers, rows, SETTINGS).set_index("comparison")
    expected = multipletests(found.loc[["one", "two"], "p"], method="holm")[1]
    assert found.loc[["one", "two"], "p_holm"].tolist() == expected.tolist()
    assert found.loc["other", "p_holm"] == found.loc["other", "p"]


def test_the_smallest_p_is_never_zero():
    assert permutation_p(np.zeros(99), 1.0) == 0.01
    assert permutation_p(np.full(99, 1 - TIE / 2), 1.0) == 1.0


def test_the_table_fits_its_contract_and_is_repeatable(answers, tmp_path):
    rows = [row(), row("nearly a", "a", "equivalence", "T2", name="same", metric="entropy", family="T2")]
    for name in ("one.csv", "two.csv"):
        write_table(compare(answers, rows, SETTINGS), tmp_path / name, COMPARISONS)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    other = compare(answers, rows, {**SETTINGS, "seed": 8})
    assert (other["difference"] == compare(answers, rows, SETTINGS)["difference"]).all()
    assert (other["low"] != compare(answers, rows, SETTINGS)["low"]).any()


def test_different_clips_cannot_be_paired(answers):
    with pytest.raises(StudyError, match="a-vs-b: a and b answer different clips"):
        compare({**answers, "b": answers["b"][1:]}, [row()], SETTINGS)


def test_different_classes_cannot_be_compared(answers):
    fewer = answers["b"].drop(columns="score_contempt").query("label != 'contempt' and prediction != 'contempt'")
    clips = {**answers, "a": answers["a"][answers["a"]["clip_id"].isin(fewer["clip_id"])], "b": fewer}
    with pytest.raises(StudyError, match="choose among different classes"):
        compare(clips, [row()], SETTINGS)


def test_a_condition_without_answers_is_named(answers):
    with pytest.raises(StudyError, match="no answers of condition z"):
        compare(answers, [row("a", "z")], SETTINGS)


def test_an_equivalence_test_needs_a_margin(answers):
    with pytest.raises(StudyError, match="needs a margin for the claim L2"):
        compare(answers, [row("a", "b", "equivalence", "L2")], SETTINGS)


def test_a_difference_needs_no_margin(answers):
    assert pd.isna(compare(answers, [row(claim="L2")], SETTINGS).iloc[0]["margin"])


@pytest.fixture(scope="module")
def runs():
    return {
        c: draw_answers(seed=k, skill=skill, replicates=3) for k, (c, skill) in enumerate({"a": 0.7, "b": 0.5}.items())
    }


def run_of(answers, replicate):
    return {c: frame[frame["replicate"] == replicate] for c, frame in answers.items()}


def test_several_runs_are_paired_by_their_number_and_averaged(runs):
    found = compare(runs, [row()], SETTINGS).iloc[0]
    single = pd.concat([compare(run_of(runs, r), [row()], SETTINGS) for r in (1, 2, 3)])
    assert found["difference"] == pytest.approx(single["difference"].mean())
    assert found[["lowest", "highest"]].tolist() == [single["difference"].min(), single["difference"].max()]
    assert found["changed"] == pytest.approx(single["changed"].mean())
    assert (found["replicates"], found["n"]) == (3, 120)
    assert single[["lowest", "highest"]].isna().all(axis=None)


def test_the_same_run_three_times_is_no_more_evidence_than_once(runs):
    once = run_of(runs, 1)
    thrice = {c: pd.concat([frame.assign(replicate=r) for r in (1, 2, 3)]) for c, frame in once.items()}
    columns = ["difference", "low", "high", "p", "changed", "n"]
    for test, claim in (("difference", "T1"), ("equivalence", "T2")):
        expected, found = (compare(x, [row(test=test, claim=claim)], SETTINGS)[columns] for x in (once, thrice))
        assert found.to_numpy() == pytest.approx(expected.to_numpy())


def test_unequally_many_runs_are_compared_by_their_means(runs):
    one = {"a": runs["a"], "b": run_of(runs, 2)["b"].assign(replicate=1)}
    found, turned = (compare(one, [r], SETTINGS).iloc[0] for r in (row(), row("b", "a")))
    means = (
        metrics_table(one, SETTINGS).query("metric == 'macro_f1' and clips == 'all'").set_index("condition")["value"]
    )
    assert found["difference"] == pytest.approx(means["a"] - means["b"])
    assert found["replicates"] == 1 and np.isnan(found["lowest"]) and np.isnan(found["highest"])
    assert turned["difference"] == -found["difference"] and turned["p"] == found["p"]
    assert turned["changed"] == found["changed"]
    given = runs["a"].pivot(index="clip_id", columns="replicate", values="prediction").fillna("failed")
    other = one["b"].set_index("clip_id")["prediction"].fillna("failed")
    assert found["changed"] == pytest.approx(given.ne(other, axis=0).sum().mean())


def test_p_is_below_five_percent_in_about_one_of_twenty_comparisons_of_equals_with_three_runs():
    answers = {str(k): draw_answers(seed=k, failed=0, n=60, replicates=3) for k in range(300)}
    planned = [row(str(k), str(k + 1), name=f"c{k}") for k in range(0, 300, 2)]
    p = compare(answers, planned, {**SETTINGS, "flips": 199})["p"]
    assert 0.01 <= (p < 0.05).mean() <= 0.10


@pytest.mark.parametrize("flag", ["micro", "order", "plain"])
def test_a_comparison_may_be_of_some_clips_only(runs, flag):
    found = compare(runs, [row(clips=flag)], SETTINGS).iloc[0]
    alone = compare({c: f[f["flag"] == flag] for c, f in runs.items()}, [row()], SETTINGS).iloc[0]
    assert found["clips"] == flag and alone["clips"] == "all"
    assert found.drop("clips").equals(alone.drop("clips"))


def test_clips_that_a_dataset_does_not_have_cannot_be_compared(runs):
    plain = {c: frame.assign(flag="plain") for c, frame in runs.items()}
    with pytest.raises(StudyError, match="comparison a-vs-b: no clip of condition a is flagged order"):
        compare(plain, [row(clips="order")], SETTINGS)


def test_the_recall_of_rare_classes_is_compared_in_the_resamples_that_hold_them(runs):
    """With ten people and the tail played by one of them, about a third of the resamples have no clip of the tail."""
    rare = {
        c: f.assign(identity=np.where(f["label"] == "contempt", "p0", f["identity"].str[-1])) for c, f in runs.items()
    }
    found = compare(rare, [row(metric="tail_recall")], SETTINGS).iloc[0]
    recall = [(f["prediction"] == f["label"])[f["label"] == "contempt"].mean() for f in rare.values()]
    assert found["difference"] == pytest.approx(recall[0] - recall[1])
    assert found["low"] <= found["difference"] <= found["high"]


def test_the_recall_of_rare_classes_needs_clips_of_them(answers):
    common = {c: frame[frame["label"] != "contempt"] for c, frame in answers.items()}
    with pytest.raises(StudyError, match=r"no clip is of a class of statistics\.tail"):
        compare(common, [row(metric="tail_recall")], SETTINGS)


FOUR = {"a": (0.7, 1), "b": (0.5, 2), "c": (0.6, 3), "d": (0.6, 4)}


@pytest.fixture(scope="module")
def four():
    return {name: draw_answers(seed=[9, seed], skill=skill, replicates=3) for name, (skill, seed) in FOUR.items()}


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_a_difference_of_differences_is_one(four, metric):
    both = row("a", "b", metric=metric, minus_a="c", minus_b="d")
    found = compare(four, [both, row("a", "b", metric=metric), row("c", "d", metric=metric)], SETTINGS)
    difference = found["difference"].tolist()
    assert difference[0] == pytest.approx(difference[1] - difference[2])
    assert found.loc[0, ["minus_a", "minus_b"]].tolist() == ["c", "d"] and found.loc[1:, "minus_a"].isna().all()
    assert found.loc[0, "low"] < difference[0] < found.loc[0, "high"] and np.isnan(found.loc[0, "p_mcnemar"])
    turned = compare(four, [row("c", "d", metric=metric, minus_a="a", minus_b="b")], SETTINGS).iloc[0]
    assert turned["difference"] == pytest.approx(-difference[0]) and turned["p"] == pytest.approx(found.loc[0, "p"])
    assert turned["p_runs"] == pytest.approx(found.loc[0, "p_runs"])


def test_p_of_a_difference_of_differences_is_that_of_flipped_people(four):
    """Of accuracy it is the sign-flip test of each person's difference of differences."""
    found = compare(four, [row(metric="accuracy", minus_a="c", minus_b="d")], SETTINGS).iloc[0]
    right = {k: ((f["prediction"] == f["label"]) & (f["status"] == "ok")).groupby(f["identity"]).sum()
             for k, f in four.items()}  # fmt: skip
    each = (right["a"] - right["b"] - right["c"] + right["d"]).to_numpy()
    expected = permutation_test(
        (each,), np.sum, permutation_type="samples", n_resamples=50_000, rng=np.random.default_rng(0)
    )
    assert found["p"] == pytest.approx(expected.pvalue, abs=0.01)


def test_two_equal_differences_differ_by_nothing(four):
    found = compare(four, [row("a", "b", minus_a="a", minus_b="b")], SETTINGS).iloc[0]
    assert (found["difference"], found["p"], found["p_runs"], found["p_flip_runs"]) == (0, 1, 1, 1)


def test_a_test_over_runs_needs_runs_that_pair(runs):
    assert compare(runs, [row()], SETTINGS).iloc[0][["p_runs", "p_flip_runs"]].notna().all()
    fewer = {"a": runs["a"], "b": run_of(runs, 2)["b"]}
    for answers in (run_of(runs, 1), fewer):
        assert compare(answers, [row()], SETTINGS).iloc[0][["p_runs", "p_flip_runs"]].isna().all()


def test_equivalence_over_runs_is_shown_exactly_where_the_90_per_cent_interval_lies_within_the_margin(runs):
    interval = compare(runs, [row()], {**SETTINGS, "confidence": 0.9}).iloc[0][["runs_low", "runs_high"]]
    reach = interval.abs().max()
    for factor, shown in ((1.01, True), (0.99, False)):
        found = compare(runs, [row(test="equivalence", margin=reach * factor)], SETTINGS).iloc[0]
        assert (found["p_runs"] <= 0.05) == shown and np.isnan(found["p_flip_runs"])
