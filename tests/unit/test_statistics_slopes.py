"""Slopes of recall on exposure against ordinary least squares with dummies, and on data whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from tests.unit.statistics_answers import CLASSES, SETTINGS, draw_answers

from emovlm.core.contracts.statistics import DOSES, SLOPES
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.statistics.exposure_slopes import doses_table, slopes_table
from emovlm.statistics.intervals import with_runs

WORDS = pd.Series({"anger": 100, "happiness": 1000, "neutral": 10, "contempt": 30})
WITHIN = {"slope": "w", "claim": "L1", "conditions": "freq unif perm", "kind": "within", "margin": 0.05}
ACROSS = {"slope": "x", "conditions": "freq", "kind": "across", "minus": "vision"}


def read(counts, runs):
    """Exposure of the classes in each run, which differ a little."""
    table = {run: [c + run - 1 for c in counts] for run in range(1, runs + 1)}
    return pd.DataFrame(table, index=CLASSES)


def studied(runs=1, seed=0):
    names = ("freq", "unif", "perm", "vision")
    answers = {
        name: draw_answers([seed, k], n=330, skill=0.4 + 0.1 * k, replicates=runs) for k, name in enumerate(names)
    }
    exposures = {"freq": read([100, 1000, 10, 30], runs), "unif": read([285] * 4, runs),
                 "perm": read([10, 30, 1000, 100], runs)}  # fmt: skip
    return answers, exposures


def fitted(rows, runs=1, seed=0, settings=SETTINGS):
    return slopes_table(*studied(runs, seed), WORDS, rows, settings)


def clips_with_exposure(answers, exposures, run):
    frames = [
        frame[frame["replicate"] == run].assign(
            condition=name, right=lambda f: (f["prediction"] == f["label"]).astype(float),
            x=lambda f, name=name: np.log10(f["label"].map(exposures[name][run])),
        )
        for name, frame in answers.items() if name in exposures
    ]  # fmt: skip
    return pd.concat(frames)


def test_within_is_the_linear_probability_model_with_effects_of_class_and_condition():
    answers, exposures = studied(runs=2)
    expected = [
        ols("right ~ x + C(label) + C(condition)", clips_with_exposure(answers, exposures, run)).fit().params["x"]
        for run in (1, 2)
    ]
    row = fitted([WITHIN], runs=2).iloc[0]
    assert row["estimate"] == pytest.approx(np.mean(expected))
    assert [row["lowest"], row["highest"]] == pytest.approx(sorted(expected))
    assert (row["n_classes"], row["n"], row["margin"]) == (4, 330, 0.05)


def test_classes_of_unequal_size_weigh_by_their_clips():
    answers, exposures = studied()
    kept = ~(answers["freq"]["label"].eq("anger") & (np.arange(330) % 3 > 0))
    answers = {name: frame[kept.to_numpy()] for name, frame in answers.items()}
    expected = ols("right ~ x + C(label) + C(condition)", clips_with_exposure(answers, exposures, 1)).fit().params["x"]
    assert slopes_table(answers, exposures, WORDS, [WITHIN], SETTINGS).iloc[0]["estimate"] == pytest.approx(expected)


def test_across_is_the_difference_of_two_simple_slopes():
    answers, _ = studied()
    slopes = []
    for name in ("freq", "vision"):
        frame = answers[name]
        right = (frame["prediction"] == frame["label"]).to_numpy(float)
        slopes.append(np.polyfit(np.log10(frame["label"].map(WORDS).to_numpy(float)), right, 1)[0])
    row = fitted([ACROSS]).iloc[0]
    assert row["estimate"] == pytest.approx(slopes[0] - slopes[1])
    assert row["minus"] == "vision" and pd.isna(row["margin"])


def test_a_word_that_no_source_lists_completely_is_left_out():
    answers, exposures = studied()
    row = slopes_table(answers, exposures, WORDS.drop("contempt"), [ACROSS], SETTINGS).iloc[0]
    assert row["n_classes"] == 3 and row["n"] < 330


def test_the_interval_over_people_has_the_standard_error_of_clustered_least_squares():
    answers, exposures = studied()
    clips = clips_with_exposure(answers, exposures, 1)
    model = ols("right ~ x + C(label) + C(condition)", clips)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(clips["identity"])[0]})
    row = fitted([WITHIN], settings={**SETTINGS, "resamples": 4000}).iloc[0]
    assert (row["high"] - row["low"]) / 4.09 == pytest.approx(fit.bse["x"], rel=0.06)  # t of 29 degrees: 2.045


def test_with_one_run_there_is_nothing_over_runs():
    row = fitted([WITHIN]).iloc[0]
    assert row[["lowest", "highest", "runs_low", "runs_high", "p_runs", "p_flip_runs"]].isna().all()
    assert 0 < row["p"] < 1 and row["low"] < row["estimate"] < row["high"]


def test_with_several_runs_the_interval_is_wider_and_signs_are_tried():
    row = fitted([WITHIN], runs=6).iloc[0]
    assert row["replicates"] == 6 and row["p_flip_runs"] * 32 == round(row["p_flip_runs"] * 32)
    assert row["runs_low"] < row["estimate"] < row["runs_high"]
    assert (row["p_runs"] <= 0.05) == (row["runs_low"] > 0 or row["runs_high"] < 0)


def test_a_planted_slope_is_found_and_the_logit_has_its_sign():
    answers, exposures = studied(runs=3)
    generator = np.random.default_rng(5)
    for name, exposure in exposures.items():
        frame = answers[name]
        chance = 0.2 + 0.15 * np.log10(frame["label"].map(exposure[1]).to_numpy(float))
        right = generator.random(len(frame)) < chance
        answers[name] = frame.assign(prediction=np.where(right, frame["label"], "none"), status="ok")
        answers[name]["prediction"] = answers[name]["prediction"].where(right, None)
    row = slopes_table(answers, exposures, WORDS, [WITHIN], SETTINGS).iloc[0]
    assert row["runs_low"] < 0.15 < row["runs_high"] and row["p_runs"] < 0.05
    assert row["logit_low"] > 0


def test_changed_takes_the_classes_that_are_named_unequally_often():
    answers, exposures = studied()
    swapped = exposures["freq"].copy()
    swapped.loc[["anger", "neutral"]] = swapped.loc[["neutral", "anger"]].to_numpy()
    swapped.loc["contempt"] += 1  # what rounding does
    row = {**WITHIN, "conditions": "freq unif", "classes": "changed"}
    found = slopes_table(answers, {**exposures, "unif": swapped}, WORDS, [row], SETTINGS).iloc[0]
    assert (found["n_classes"], found["classes"]) == (2, "changed")


def test_a_class_that_was_never_named_is_an_error_that_says_what_to_do():
    answers, exposures = studied()
    exposures["perm"].loc["anger", 1] = 0
    with pytest.raises(StudyError, match=r"slope w: the captions of perm, run 1, never name anger.*captions\.naming"):
        slopes_table(answers, exposures, WORDS, [WITHIN], SETTINGS)


def test_exposures_that_differ_by_one_factor_alone_have_no_slope():
    answers, exposures = studied()
    doubled = {**exposures, "unif": exposures["freq"] * 2}
    with pytest.raises(StudyError, match="slope w: a slope needs two or more classes whose exposure changes"):
        slopes_table(answers, doubled, WORDS, [{**WITHIN, "conditions": "freq unif"}], SETTINGS)


def test_conditions_that_cannot_be_paired_are_named():
    answers, exposures = studied(runs=2)
    fewer = {**answers, "perm": answers["perm"].query("replicate == 1")}
    with pytest.raises(StudyError, match="perm and freq have different training runs"):
        slopes_table(fewer, exposures, WORDS, [WITHIN], SETTINGS)
    other = {**answers, "perm": answers["perm"].query("clip_id != 'synface/00000'")}
    with pytest.raises(StudyError, match="perm and freq answer different clips"):
        slopes_table(other, exposures, WORDS, [WITHIN], SETTINGS)


@pytest.mark.parametrize("runs", [1, 3])
def test_the_tables_fit_their_contracts_and_doses_are_recalls(runs, tmp_path):
    answers, exposures = studied(runs)
    write_table(fitted([WITHIN, ACROSS], runs), tmp_path / "slopes.csv", SLOPES)
    doses = doses_table(answers, exposures, {name: name.upper() for name in exposures}, SETTINGS)
    write_table(doses, tmp_path / "doses.csv", DOSES)
    row = doses.query("condition == 'unif' and emotion == 'anger'").iloc[0]
    frame = answers["unif"].query("label == 'anger'")
    assert row["recall"] == pytest.approx((frame["prediction"] == frame["label"]).mean())
    assert row["low"] < row["recall"] < row["high"] and row["variant"] == "UNIF"
    assert row["exposure"] == pytest.approx(np.exp(np.log(exposures["unif"].loc["anger"]).mean()))


def test_p_over_runs_is_a_t_test_where_runs_alone_vary():
    from scipy.stats import ttest_1samp

    values = np.array([0.1, 0.3, 0.2, 0.25, 0.05])
    found = with_runs(np.tile(values, (50, 1)), values, 60)
    assert found.p() == pytest.approx(ttest_1samp(values, 0).pvalue)
    low, high = found.interval(0.95, (-1, 1))
    assert (low, high) == pytest.approx(ttest_1samp(values, 0).confidence_interval())
    shifted = max(ttest_1samp(values, 0.4, alternative="less").pvalue,
                  ttest_1samp(values, -0.4, alternative="greater").pvalue)  # fmt: skip
    assert found.p_within(0.4) == pytest.approx(shifted)
