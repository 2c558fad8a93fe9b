"""Captions: both arms show the same and describe the same; only how often they name the emotion differs."""

import numpy as np
import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.systems.captions import PHRASES, describe, describe_motion, naming_shares, vocabulary, write_captions

CLASSES = ["anger", "fear", "happiness"]
PROMPTS = {"classify": "Which emotion?", "describe": "Describe the face.", "motion": "Describe the motion."}
PARAMS = {"seed": 7, "samples_per_clip": 10, "frames_at_most": 4}


@pytest.fixture
def frequency():
    return pd.DataFrame({"emotion": CLASSES, "count": [300.0, 1000.0, 40.0]})


@pytest.fixture
def truth():
    """Twelve clips of six frames; each class moves its own action unit."""
    rows = []
    for c in range(12):
        for f in range(6):
            level = f / 5
            units = {"au_AU4": 0.0, "au_AU5": 0.0, "au_AU12": 0.0}
            units[["au_AU4", "au_AU5", "au_AU12"][c % 3]] = level
            rows.append({"clip_id": f"faces/{c:02d}", "frame_index": f, "timestamp_s": f / 5, **units})
    return pd.DataFrame(rows)


@pytest.fixture
def labels():
    return pd.Series({f"faces/{c:02d}": CLASSES[c % 3] for c in range(12)})


def test_naming_follows_the_words_or_is_equal_with_the_same_total(frequency):
    by_word = naming_shares(frequency, CLASSES, "frequency", 1.0)
    equal = naming_shares(frequency, CLASSES, "uniform", 1.0)
    assert by_word == pytest.approx({"anger": 0.3, "fear": 1.0, "happiness": 0.04})
    assert len(set(equal.values())) == 1
    assert sum(equal.values()) == pytest.approx(sum(by_word.values()))


def test_a_censored_emotion_or_an_unknown_arm_is_an_error(frequency):
    with pytest.raises(StudyError, match="does not list sadness"):
        naming_shares(frequency, [*CLASSES, "sadness"], "frequency", 1.0)
    with pytest.raises(StudyError, match="unknown pretraining arm 'zipf'"):
        naming_shares(frequency, CLASSES, "zipf", 1.0)


def without_name(answer):
    """What an answer says besides the emotion and the question for it."""
    turns = [turn.split("answer :")[-1].strip() for turn in answer.split("<end>")]
    return [turn for turn in turns if turn not in CLASSES]


def test_the_arms_differ_only_in_which_captions_name_the_emotion(truth, labels, frequency):
    arms = {
        arm: write_captions(truth, labels, naming_shares(frequency, CLASSES, arm, 0.5), PROMPTS, PARAMS)
        for arm in ("frequency", "uniform")
    }
    one, two = arms["frequency"], arms["uniform"]
    for column in ("sample", "clip_id", "frames"):
        assert one[column].tolist() == two[column].tolist()
    same = one["names_emotion"] == two["names_emotion"]
    assert 0 < (~same).sum() < len(one)
    assert one["names_emotion"].sum() == two["names_emotion"].sum()
    pd.testing.assert_frame_equal(one[same], two[same])
    for a, b in zip(one["answer"], two["answer"], strict=True):
        assert without_name(a) == without_name(b)
    unnamed = ~one["names_emotion"] & ~two["names_emotion"]
    assert not any(c in text for text in one[unnamed]["prompt"] + one[unnamed]["answer"] for c in CLASSES)


def test_each_class_is_named_exactly_as_often_as_its_share_says(truth, labels, frequency):
    shares = naming_shares(frequency, CLASSES, "frequency", 0.5)
    table = write_captions(truth, labels, shares, PROMPTS, PARAMS)
    named = table[table["names_emotion"]]["clip_id"].map(labels).value_counts()
    assert named.to_dict() == {c: round(40 * s) for c, s in shares.items()}
    for row in table[table["names_emotion"]].itertuples():
        assert labels[row.clip_id] in (row.answer.split()[0], row.answer.split()[-1])


def test_every_word_of_every_caption_is_in_the_vocabulary(truth, labels, frequency):
    table = write_captions(truth, labels, naming_shares(frequency, CLASSES, "frequency", 0.5), PROMPTS, PARAMS)
    text = " ".join([*table["prompt"], *table["answer"]]).replace("<image>", "").replace("<end>", "").lower()
    for mark in ".,;:?!":
        text = text.replace(mark, f" {mark} ")
    assert set(text.split()) - set(vocabulary(CLASSES, list(PROMPTS.values()))) == set()


def test_descriptions_name_what_is_visible_and_nothing_else():
    draw = np.random.default_rng(0)
    said = describe({"AU12": 0.9, "AU4": 0.1, "AU25": 0.4}, draw)
    assert said.startswith("strongly ")
    assert any(wording in said for wording in PHRASES["AU12"])
    assert any(wording in said for wording in PHRASES["AU25"])
    assert not any(wording in said for wording in PHRASES["AU4"])
    assert describe({}, draw) == "face at rest ."


def test_motion_is_described_by_its_direction():
    draw = np.random.default_rng(0)
    said = describe_motion({"AU4": 0.8}, {"AU12": 0.6}, draw)
    assert any(f"less {wording}" in said for wording in PHRASES["AU4"])
    assert any(f"more {wording}" in said for wording in PHRASES["AU12"])
    assert describe_motion({"AU4": 0.5}, {"AU4": 0.6}, draw) == "nothing changes ."
