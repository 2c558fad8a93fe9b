"""Planning a corpus: class sizes, lengths, people, micro-expressions."""

import numpy as np
import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.synface.motion.expression import CLASSES
from emovlm.synface.plan import largest_remainder, plan_clips, read_class_sizes

CORPUS = {
    "train": {"clips": 660, "per_class": "natural", "fps": 25, "identities": 200},
    "test": {"clips": 330, "per_class": "equal", "fps": 25, "identities": 60},
    "micro_share": 0.15,
    "order_share": 0.0,
}


@pytest.fixture(scope="module")
def plan(class_sizes):
    return plan_clips("synface", CORPUS, class_sizes, seed=1)


def test_natural_class_sizes_follow_mafw_to_within_one_clip(plan, class_sizes):
    found = plan[plan["split"] == "train"]["label"].value_counts()
    for row in class_sizes.itertuples():
        assert abs(found[row.emotion] - row.clips / class_sizes["clips"].sum() * 660) < 1


def test_equal_class_sizes_are_equal(plan):
    assert plan[plan["split"] == "test"]["label"].value_counts().to_dict() == dict.fromkeys(CLASSES, 30)


def test_the_largest_remainders_fill_the_total():
    assert largest_remainder(np.array([5.0, 3.0, 1.0]), 10).tolist() == [6, 3, 1]
    assert largest_remainder(np.array([1.0, 1.0, 1.0]), 10).tolist() == [4, 3, 3]


def test_no_person_is_in_two_splits_or_two_datasets(plan, class_sizes):
    people = plan.groupby("split")["identity"].agg(set)
    faces = plan_clips("faces", {"pretrain": CORPUS["test"]}, class_sizes, seed=1)
    assert len(people["train"]) == 200 and len(people["test"]) == 60
    assert not people["train"] & people["test"]
    assert not set(faces["identity"]) & (people["train"] | people["test"])


def test_people_play_equally_many_clips_and_as_many_classes_as_they_can(plan):
    test = plan[plan["split"] == "test"]
    assert set(test["identity"].value_counts()) == {5, 6}
    together = pd.crosstab(test["identity"], test["label"])
    assert together.max().max() == 1
    assert len(together.drop_duplicates()) > 30  # no two groups of classes with a cast of their own


def test_clip_lengths_follow_the_pooled_bins(plan, class_sizes):
    share = (plan["duration_s"] < 2).mean(), (plan["duration_s"] >= 5).mean()
    pooled = class_sizes[["clips_0_2s", "clips_5s_up"]].sum() / class_sizes["clips"].sum()
    assert share == pytest.approx(tuple(pooled), abs=0.02)
    assert plan["duration_s"].between(1, 6).all()


def test_clip_lengths_say_nothing_about_the_class(plan):
    test = plan[plan["split"] == "test"]
    quantiles = test.groupby("label")["duration_s"].quantile([0.1, 0.5, 0.9]).unstack()
    assert (quantiles.max() - quantiles.min()).max() < 0.45


def test_micro_expressions_have_their_share_in_every_class_but_neutral(plan):
    share = plan.groupby("label")["micro"].mean()
    assert share["neutral"] == 0
    assert share.drop("neutral").between(0.08, 0.22).all()
    expressive = plan[plan["label"] != "neutral"]
    assert expressive["micro"].mean() == pytest.approx(0.15, abs=0.005)
    assert expressive.groupby("micro")["intensity"].mean().diff().iloc[-1] < -0.2


def test_the_same_seed_gives_the_same_plan_and_another_seed_another(plan, class_sizes):
    pd.testing.assert_frame_equal(plan, plan_clips("synface", CORPUS, class_sizes, seed=1))
    assert not plan.equals(plan_clips("synface", CORPUS, class_sizes, seed=2))


def test_order_dependent_clips_come_as_mirror_images_of_one_person_scene_and_length(class_sizes):
    plan = plan_clips("synface", CORPUS | {"order_share": 0.2}, class_sizes, seed=1)
    moving = plan[plan["order"].notna()]
    assert not moving["micro"].any()
    assert set(moving["label"]) == set(CLASSES) - {"neutral"}
    for _, pair in moving.groupby(["split", "seed"]):
        first, second = pair.itertuples()
        assert (first.label, first.order) == (second.order, second.label)
        for shared in ("split", "identity", "duration_s", "intensity", "variant"):
            assert getattr(first, shared) == getattr(second, shared)
    assert plan.groupby("seed").size().max() == 2
    test = moving[moving["split"] == "test"]
    assert test["label"].value_counts().to_dict() == dict.fromkeys(set(CLASSES) - {"neutral"}, 6)


@pytest.mark.parametrize(("change", "message"), [
    ({"test": {"clips": 330, "per_class": "uniform", "fps": 25, "identities": 60}}, "natural or equal"),
    ({"test": {"clips": 330, "per_class": "equal", "fps": 25}}, "missing identities"),
    ({"test": {"clips": 5, "per_class": "equal", "fps": 25, "identities": 60}}, "one a class"),
    ({"train": None, "test": None}, "no split"),
])  # fmt: skip
def test_a_corpus_that_cannot_be_met_is_refused(class_sizes, change, message):
    with pytest.raises(StudyError, match=message):
        plan_clips("synface", CORPUS | change, class_sizes, seed=1)


@pytest.mark.parametrize(("text", "message"), [
    (None, "not a readable table"),
    ("emotion,clips\nanger,3\n", "missing columns: clips_0_2s"),
    ("emotion,clips,clips_0_2s,clips_2_5s,clips_5s_up\nanger,3,1,1,1\n", "must list each of anger, disgust"),
])  # fmt: skip
def test_a_bad_class_size_file_is_refused(tmp_path, text, message):
    path = tmp_path / "sizes.csv"
    if text:
        path.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_class_sizes(path)
