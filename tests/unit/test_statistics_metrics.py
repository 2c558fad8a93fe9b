"""Metrics equal scikit-learn's; intervals are paired, clustered, repeatable and cover."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.unit.statistics_answers import CLASSES, SETTINGS, draw_answers, manifest_of

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.statistics import CONFUSION, METRICS, PER_CLASS
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.statistics.bootstrap import bootstrap_weights, percentile_interval, resample
from emovlm.statistics.counts import Counts, answered, count, read_answers
from emovlm.statistics.metrics import (
    accuracy,
    class_f1,
    confusion_table,
    metric_from_counts,
    metrics_table,
    per_class_table,
)


@pytest.fixture(scope="module")
def answers():
    return draw_answers()


def value(table, metric):
    return table.set_index("metric").loc[metric, "value"]


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
    table = metrics_table({"one": answers}, SETTINGS)
    assert set(table["n"]) == {len(answers)}
    assert set(table["failed"]) == {(answers["status"] == "failed").sum()}


def test_parsed_accuracy_has_a_row_only_where_there_are_replies(answers):
    assert "parsed_accuracy" not in set(metrics_table({"one": answers}, SETTINGS)["metric"])
    parsed = answers["label"].where(np.arange(len(answers)) % 3 == 0)
    with_replies = answers.assign(status="ok", prediction=answers["label"], reply="It is ...", parsed=parsed)
    row = metrics_table({"one": with_replies}, SETTINGS).set_index("metric").loc["parsed_accuracy"]
    assert row["value"] == pytest.approx(parsed.notna().mean())
    assert row["failed"] == parsed.isna().sum()


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
        assert together.tolist() == [metric_from_counts(table, metric, CLASSES).item() for table in tables]


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
    clustered = metrics_table({"one": frame}, SETTINGS).set_index("metric").loc["accuracy"]
    single = (
        metrics_table({"one": frame.assign(identity=frame["clip_id"])}, SETTINGS).set_index("metric").loc["accuracy"]
    )
    assert clustered["high"] - clustered["low"] > 1.5 * (single["high"] - single["low"])


def test_the_interval_covers_the_true_accuracy_about_as_often_as_it_says():
    generator, covered = np.random.default_rng(0), 0
    for trial in range(300):
        right = generator.binomial(1, 0.6, 150)
        table = np.zeros((150, 1, 2), dtype=int)
        table[np.arange(150), 0, 1 - right] = 1
        counts = Counts([f"{trial}.{k}" for k in range(150)], ["anger"], table)
        spread = accuracy(resample(counts.table, bootstrap_weights(counts.clusters, 400, trial)))
        low, high = percentile_interval(spread, 0.95)
        covered += low <= 0.6 <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_one_identity_gives_no_interval(answers):
    row = metrics_table({"one": answers.assign(identity="p000")}, SETTINGS).iloc[0]
    assert np.isnan(row["low"]) and np.isnan(row["high"])


def test_the_same_answers_in_another_order_give_the_same_bytes(answers, tmp_path):
    for name, frame in (("a", answers), ("b", answers.sample(frac=1, random_state=1))):
        write_table(metrics_table({"one": frame}, SETTINGS), tmp_path / f"{name}.csv", METRICS)
        write_table(per_class_table({"one": frame}, SETTINGS), tmp_path / f"{name}.classes.csv", PER_CLASS)
        write_table(confusion_table({"one": frame}, SETTINGS), tmp_path / f"{name}.confusion.csv", CONFUSION)
    for suffix in ("csv", "classes.csv", "confusion.csv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_an_absent_class_is_left_out_of_macro_averages():
    table = np.zeros((4, 5), dtype=int)
    table[0, 0] = table[1, 1] = 3
    assert metric_from_counts(table, "macro_f1", CLASSES) == 1.0
    assert np.isnan(class_f1(table)[2:]).all()


def test_an_unknown_metric_names_the_known(answers):
    with pytest.raises(StudyError, match=r"unknown metric 'wer'.*macro_f1"):
        metric_from_counts(count(answers, CLASSES).total, "wer", CLASSES)


def written(tmp_path, answers, manifest):
    write_table(answers.drop(columns="identity"), tmp_path / "answers.parquet", ANSWERS)
    write_table(manifest, tmp_path / "manifest.parquet", MANIFEST)
    return {"one": tmp_path / "answers.parquet"}, {"synface": tmp_path / "manifest.parquet"}


def test_identities_come_from_the_manifest(answers, tmp_path):
    read = read_answers(*written(tmp_path, answers, manifest_of(answers)))["one"]
    assert read["identity"].tolist() == answers["identity"].tolist()


def test_a_clip_that_no_manifest_has_is_named(answers, tmp_path):
    with pytest.raises(StudyError, match="1 clips are in no manifest, the first is synface/00000"):
        read_answers(*written(tmp_path, answers, manifest_of(answers)[1:]))


def test_a_label_other_than_the_manifests_is_named(answers, tmp_path):
    manifest = manifest_of(answers)
    manifest.loc[3, "label"] = "anger"
    with pytest.raises(StudyError, match="label of synface/00003 differs"):
        read_answers(*written(tmp_path, answers, manifest))


def test_a_condition_without_answers_is_named(answers, tmp_path):
    with pytest.raises(StudyError, match="condition one has no answers"):
        read_answers(*written(tmp_path, answers[:0], manifest_of(answers)))


def test_a_class_that_the_lexicon_does_not_have_is_named(answers):
    with pytest.raises(StudyError, match="unknown classes in the answers: contempt"):
        count(answers, CLASSES[:3])
