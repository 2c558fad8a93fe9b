"""Metrics equal scikit-learn's; intervals are paired, clustered, repeatable and cover."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.unit.statistics_answers import CLASSES, SETTINGS, draw_answers, stored

from emovlm.core.bootstrap import bootstrap_weights, percentile_interval, resample
from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.statistics import CONFUSION, METRICS, PER_CLASS, PER_RUN
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.statistics.counts import Counts, answered, count, read_answers, select
from emovlm.statistics.metric_tables import confusion_table, metrics_table, per_class_table, per_run_table
from emovlm.statistics.metrics import accuracy, class_f1, metric_from_counts


@pytest.fixture(scope="module")
def answers():
    return draw_answers()


@pytest.fixture(scope="module")
def runs():
    return draw_answers(replicates=3)


def one_run(answers, replicate):
    return answers[answers["replicate"] == replicate].assign(replicate=1).reset_index(drop=True)


def rows(answers, clips="all"):
    table = metrics_table({"one": answers}, SETTINGS)
    return table[table["clips"] == clips].set_index("metric")


def of_all_clips(table):
    """The rows of metrics that count every clip asked."""
    return table[~table.index.str.endswith("_answered") & (table.index != "ece")]


def value(table, metric):
    return table[table["clips"] == "all"].set_index("metric").loc[metric, "value"]


def test_metrics_equal_scikit_learns_with_failures_as_errors(answers):
    table = metrics_table({"one": answers}, SETTINGS)
    truth, given = answers["label"], answered(answers)
    assert (given == "failed").sum() > 0
    options = {"labels": CLASSES, "average": "macro", "zero_division": 0}
    assert value(table, "accuracy") == pytest.approx(sk.accuracy_score(truth, given))
    assert value(table, "uar") == pytest.approx(sk.recall_score(truth, given, **options))
    assert value(table, "macro_recall") == value(table, "uar")
    assert value(table, "macro_precision") == pytest.approx(sk.precision_score(truth, given, **options))
    assert value(table, "macro_f1") == pytest.approx(sk.f1_score(truth, given, **options))
    assert value(table, "kappa") == pytest.approx(sk.cohen_kappa_score(truth, given))


def test_entropy_and_neutral_share_of_predictions(answers):
    table = metrics_table({"one": answers}, SETTINGS)
    given = answers["prediction"].dropna()
    assert value(table, "entropy") == pytest.approx(stats.entropy(given.value_counts(), base=2))
    assert value(table, "neutral_share") == pytest.approx((given == "neutral").sum() / len(answers))


def test_failures_are_counted_in_n(answers):
    table = rows(answers)
    assert set(of_all_clips(table)["n"]) == {len(answers)}
    assert set(table["failed"]) == {(answers["status"] == "failed").sum()}


def test_both_readings_of_failures_are_given(answers):
    """Left out, as if the clips had not been asked, and as errors."""
    kept = answers[answers["status"] == "ok"]
    both, alone = rows(answers), rows(kept)
    for metric in ("accuracy", "uar", "macro_f1"):
        assert both.loc[f"{metric}_answered", "value"] == pytest.approx(alone.loc[metric, "value"])
        assert both.loc[f"{metric}_answered", "value"] > both.loc[metric, "value"]
        assert both.loc[f"{metric}_answered", "n"] == len(kept)
    truth, given = kept["label"], kept["prediction"]
    expected = sk.f1_score(truth, given, labels=CLASSES, average="macro", zero_division=0)
    assert both.loc["macro_f1_answered", "value"] == pytest.approx(expected)


def test_a_condition_that_answers_nothing_has_no_figures_of_clips_answered(answers):
    silent = rows(answers.assign(status="failed", prediction=None))
    assert not silent.index.str.endswith("_answered").any()
    assert silent.loc["accuracy", ["value", "failed"]].tolist() == [0, len(answers)]


def test_refusals_are_counted_among_the_failures(answers):
    failed = draw_answers(failed=0)
    failed.loc[:3, "status"], failed.loc[:1, "refused"] = "failed", True
    assert rows(failed).loc["accuracy", ["failed", "refused"]].tolist() == [4, 2]
    assert set(rows(answers)["refused"]) == {0}


def test_cut_replies_are_counted_over_all_runs_whether_they_fail_or_not(answers):
    runs = draw_answers(failed=0, replicates=2)
    runs.loc[[0, 1, 2], "cut"], runs.loc[0, "status"] = True, "failed"
    assert set(rows(runs)["cut"]) == {3} and set(rows(answers)["cut"]) == {0}


def test_the_interval_of_entropy_lies_higher_than_its_resamples_and_stays_in_bounds():
    """Resampling lowers an entropy; answers that are nearly even cannot pass log2 of the classes."""
    even = draw_answers(n=200, skill=0, failed=0)
    row, counts = rows(even).loc["entropy"], count(even, CLASSES)
    weights = bootstrap_weights(counts.clusters, SETTINGS["resamples"], SETTINGS["seed"])
    spread = metric_from_counts(resample(counts.table, weights), "entropy", CLASSES)
    assert spread.mean() < row["value"]
    assert row["low"] > np.quantile(spread, 0.025)
    assert row["low"] <= row["value"] <= row["high"] <= 2


def test_parsed_accuracy_has_a_row_only_where_there_are_replies(answers):
    assert "parsed_accuracy" not in set(metrics_table({"one": answers}, SETTINGS)["metric"])
    parsed = answers["label"].where(np.arange(len(answers)) % 3 == 0)
    with_replies = answers.assign(status="ok", prediction=answers["label"], reply="It is ...", parsed=parsed)
    row = rows(with_replies).loc["parsed_accuracy"]
    assert row["value"] == pytest.approx(parsed.notna().mean())
    assert row["failed"] == parsed.isna().sum()


def test_what_a_reply_says_to_the_letter_or_by_the_naive_rule_is_counted_beside_what_it_gives(answers):
    """A reply that gives no class by its grammar fails where it decides, and may name one by other rules."""
    assert {"exact_accuracy", "substring_accuracy"}.isdisjoint(metrics_table({"one": answers}, SETTINGS)["metric"])
    label, every = answers["label"], np.arange(len(answers))
    exact, substring = label.where(every % 4 == 0), label.where(every % 2 == 0, "anger")
    replied = answers.assign(
        reply="...", parsed=None, prediction=None, status="failed", exact=exact, substring=substring
    )
    found = rows(replied)
    assert found.loc["parsed_accuracy", "value"] == found.loc["accuracy", "value"] == 0
    assert found.loc["exact_accuracy", "value"] == pytest.approx(exact.notna().mean())
    assert found.loc["exact_accuracy", "failed"] == exact.isna().sum()
    assert found.loc["substring_accuracy", "value"] == pytest.approx((substring == label).mean())
    assert (found.loc[["exact_accuracy", "substring_accuracy"], "n"] == len(answers)).all()


def test_per_class_metrics_equal_scikit_learns(answers):
    table = per_class_table({"one": answers}, SETTINGS).set_index("emotion").loc[CLASSES]
    expected = sk.precision_recall_fscore_support(answers["label"], answered(answers), labels=CLASSES, zero_division=0)
    for column, numbers in zip(("precision", "recall", "f1", "n"), expected, strict=True):
        assert table[column].to_numpy() == pytest.approx(numbers)
    assert (table["low"] <= table["f1"]).all() and (table["f1"] <= table["high"]).all()


def test_a_class_never_recognised_has_f1_zero_with_a_finite_interval(answers):
    collapsed = answers.assign(status="ok", prediction="neutral")
    table = per_class_table({"one": collapsed}, SETTINGS).set_index("emotion")
    assert table.loc["contempt", ["precision", "recall", "f1", "low", "high"]].tolist() == [0, 0, 0, 0, 0]
    assert value(metrics_table({"one": collapsed}, SETTINGS), "entropy") == 0


def test_confusion_counts_add_up_to_the_clips_failures_included(answers):
    table = confusion_table({"one": answers}, SETTINGS)
    assert table["n"].sum() == len(answers)
    assert table.loc[table["prediction"] == "failed", "n"].sum() == (answers["status"] == "failed").sum()
    cell = table[(table["label"] == "anger") & (table["prediction"] == "neutral")]["n"].item()
    assert cell == ((answers["label"] == "anger") & (answers["prediction"] == "neutral")).sum()


def test_a_condition_with_fewer_classes_is_averaged_over_its_own():
    few = draw_answers(classes=["anger", "happiness"])
    table = metrics_table({"few": few}, SETTINGS)
    assert "neutral_share" not in set(table["metric"])
    expected = sk.f1_score(few["label"], answered(few), labels=["anger", "happiness"], average="macro", zero_division=0)
    assert value(table, "macro_f1") == pytest.approx(expected)


def test_metrics_of_many_resamples_equal_those_of_each_alone(answers):
    counts = count(answers, CLASSES)
    tables = resample(counts.table, bootstrap_weights(counts.clusters, 20, seed=3))
    for metric in ("accuracy", "uar", "macro_precision", "macro_f1", "kappa", "entropy", "neutral_share"):
        together = metric_from_counts(tables, metric, CLASSES)
        assert together.tolist() == [metric_from_counts(table, metric, CLASSES).tolist() for table in tables]


def test_a_resample_repeats_whole_identities(answers):
    counts = count(answers, CLASSES)
    weights = bootstrap_weights(counts.clusters, 5, seed=3)
    assert (weights.sum(axis=1) == len(counts.clusters)).all()
    drawn = np.repeat(counts.clusters, weights[0])
    again = pd.concat([answers[answers["identity"] == identity] for identity in drawn])
    assert (resample(counts.table, weights)[0] == count(again, CLASSES).total).all()


def test_conditions_on_the_same_clips_share_their_resamples(answers):
    other = draw_answers(seed=5, skill=0.3)
    first, second = count(answers, CLASSES), count(other, CLASSES)
    assert first.clusters == second.clusters
    assert (bootstrap_weights(first.clusters, 9, 1) == bootstrap_weights(second.clusters, 9, 1)).all()
    assert (bootstrap_weights(first.clusters, 9, 1) != bootstrap_weights(first.clusters, 9, 2)).any()


def test_clustering_widens_the_interval_where_identities_stand_or_fall_together():
    frame = draw_answers(n=400, identities=20, failed=0)
    good = frame["identity"].isin([f"p{k:03}" for k in range(10)])
    frame["prediction"] = frame["label"].where(good, "neutral")
    clustered = rows(frame).loc["accuracy"]
    single = rows(frame.assign(identity=frame["clip_id"])).loc["accuracy"]
    assert clustered["high"] - clustered["low"] > 1.5 * (single["high"] - single["low"])


def test_the_interval_covers_the_true_accuracy_about_as_often_as_it_says():
    generator, covered = np.random.default_rng(0), 0
    for trial in range(300):
        right = generator.binomial(1, 0.6, 150)
        table = np.zeros((150, 1, 1, 2), dtype=int)
        table[np.arange(150), 0, 0, 1 - right] = 1
        counts = Counts([f"{trial}.{k}" for k in range(150)], ["anger"], table)
        spread = accuracy(resample(counts.table, bootstrap_weights(counts.clusters, 400, trial)))
        low, high = percentile_interval(spread, 0.95)
        covered += low <= 0.6 <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_one_identity_gives_no_interval(answers):
    row = metrics_table({"one": answers.assign(identity="p000")}, SETTINGS).iloc[0]
    assert np.isnan(row["low"]) and np.isnan(row["high"])


def test_the_same_answers_in_another_order_give_the_same_bytes(runs, tmp_path):
    for name, frame in (("a", runs), ("b", runs.sample(frac=1, random_state=1))):
        write_table(metrics_table({"one": frame}, SETTINGS), tmp_path / f"{name}.csv", METRICS)
        write_table(per_class_table({"one": frame}, SETTINGS), tmp_path / f"{name}.classes.csv", PER_CLASS)
        write_table(per_run_table({"one": frame}, SETTINGS), tmp_path / f"{name}.runs.csv", PER_RUN)
        write_table(confusion_table({"one": frame}, SETTINGS), tmp_path / f"{name}.confusion.csv", CONFUSION)
    for suffix in ("csv", "classes.csv", "runs.csv", "confusion.csv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_an_absent_class_is_left_out_of_macro_averages():
    table = np.zeros((4, 5), dtype=int)
    table[0, 0] = table[1, 1] = 3
    assert metric_from_counts(table, "macro_f1", CLASSES) == 1.0
    assert np.isnan(class_f1(table)[2:]).all()


def test_an_unknown_metric_names_the_known(answers):
    with pytest.raises(StudyError, match=r"unknown metric 'wer'.*macro_f1"):
        metric_from_counts(count(answers, CLASSES).total, "wer", CLASSES)


def test_metrics_of_several_runs_are_the_means_of_each_run_with_their_range(runs):
    together, single = rows(runs), [rows(one_run(runs, r)) for r in (1, 2, 3)]
    assert set(together["replicates"]) == {3} and set(of_all_clips(together)["n"]) == {120}
    assert set(together["failed"]) == {(runs["status"] == "failed").sum()}
    for metric in ("accuracy", "macro_f1", "kappa", "entropy", "neutral_share", "tail_recall"):
        found = [table.loc[metric, "value"] for table in single]
        assert together.loc[metric, "value"] == pytest.approx(np.mean(found))
        assert together.loc[metric, ["lowest", "highest"]].tolist() == [min(found), max(found)]


def test_one_run_has_no_range(answers):
    table = rows(answers)
    assert set(table["replicates"]) == {1} and table[["lowest", "highest"]].isna().all(axis=None)


def test_runs_share_the_people_of_a_resample(runs):
    """The same run three times is no more evidence than once."""
    answers = one_run(runs, 1)
    thrice = pd.concat([answers.assign(replicate=r) for r in (1, 2, 3)])
    columns = ["value", "low", "high", "n"]
    assert rows(thrice)[columns].to_numpy() == pytest.approx(rows(answers)[columns].to_numpy())


def test_f1_by_class_is_the_mean_of_the_runs(runs):
    by_class = per_class_table({"one": runs}, SETTINGS).set_index("emotion")
    by_run = per_run_table({"one": runs}, SETTINGS)
    assert by_run.groupby("emotion")["f1"].mean().to_dict() == pytest.approx(by_class["f1"].to_dict())
    for column in ("precision", "recall", "f1"):
        single = [per_class_table({"one": one_run(runs, r)}, SETTINGS).set_index("emotion")[column] for r in (1, 2, 3)]
        assert by_class[column].to_dict() == pytest.approx(pd.concat(single, axis=1).mean(axis=1).to_dict())
    assert set(by_class["n"]) == {30}
    assert confusion_table({"one": runs}, SETTINGS)["n"].sum() == 3 * 120


def test_each_flag_has_metrics_of_its_clips_alone(answers):
    for flag in ("micro", "order", "plain"):
        part = answers[answers["flag"] == flag]
        found = rows(answers, flag)
        assert set(of_all_clips(found)["n"]) == {len(part)}
        assert found.loc["accuracy", "value"] == (answered(part) == part["label"]).mean()
        alone = rows(part.assign(flag=None)).drop(index="ece")
        assert found["value"].to_dict() == alone["value"].to_dict()
    assert set(metrics_table({"one": answers.assign(flag=None)}, SETTINGS)["clips"]) == {"all"}


def test_macro_metrics_of_some_clips_are_over_the_classes_that_have_such_clips(answers):
    answers = answers.assign(flag=answers["label"].map(lambda label: "order" if label in CLASSES[:2] else "plain"))
    part = select(answers, "order")
    expected = sk.f1_score(part["label"], answered(part), labels=CLASSES[:2], average="macro", zero_division=0)
    assert rows(answers, "order").loc["macro_f1", "value"] == pytest.approx(expected)
    assert "tail_recall" not in rows(answers, "order").index and "tail_recall" in rows(answers, "plain").index


def test_tail_recall_is_the_mean_recall_of_the_rare_classes(answers):
    tail = ["contempt", "neutral", "helplessness"]
    found = value(metrics_table({"one": answers}, {**SETTINGS, "tail": tail}), "tail_recall")
    recalls = per_class_table({"one": answers}, SETTINGS).set_index("emotion")["recall"]
    assert found == pytest.approx(recalls[["contempt", "neutral"]].mean())
    assert "tail_recall" not in set(metrics_table({"one": answers}, {**SETTINGS, "tail": ["awe"]})["metric"])


def written(tmp_path, answers):
    write_table(stored(answers), tmp_path / "answers.parquet", ANSWERS)
    return {"one": tmp_path / "answers.parquet"}


def test_answers_are_read_by_run_and_clip_with_their_identities_and_flags(runs, tmp_path):
    read = read_answers(written(tmp_path, runs.sample(frac=1, random_state=0)))["one"]
    for column in ("clip_id", "replicate", "identity", "flag"):
        assert read[column].tolist() == runs[column].tolist()


def test_runs_that_answer_different_clips_are_refused(runs, tmp_path):
    with pytest.raises(StudyError, match="runs of condition one answer different clips"):
        read_answers(written(tmp_path, runs[1:]))


def test_a_condition_without_answers_is_named(answers, tmp_path):
    with pytest.raises(StudyError, match="condition one has no answers"):
        read_answers(written(tmp_path, answers[:0]))


def test_a_class_that_the_study_does_not_have_is_named(answers):
    with pytest.raises(StudyError, match="unknown classes in the answers: contempt"):
        count(answers, CLASSES[:3])


def test_the_frames_that_were_shown_are_those_of_answered_clips_of_each_kind(answers):
    shown = answers.assign(n_frames=[k % 7 for k in range(len(answers))])
    shown.loc[shown["status"] == "failed", "n_frames"] = 99
    for clips in ("all", "micro"):
        expected = select(shown, clips).query("status == 'ok'")["n_frames"]
        found = rows(shown, clips)[["shown", "shown_min", "shown_max"]].drop_duplicates()
        assert found.to_numpy().tolist() == [[pytest.approx(expected.mean()), expected.min(), expected.max()]]
    none = METRICS.conform(metrics_table({"c": answers.assign(status="failed", prediction=None)}, SETTINGS), "metrics")
    assert none.to_pandas()[["shown", "shown_min", "shown_max"]].isna().all(axis=None)
