"""Captions: all variants show the same and describe the same; only how often they name the emotion differs."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from emovlm.core.errors import StudyError
from emovlm.synface.language import PHRASES, describe, describe_motion
from emovlm.training.captions import naming_shares, vocabulary, write_captions

CLASSES = ["anger", "fear", "happiness", "sadness", "surprise", "contempt"]
PROMPTS = {"classify": "Which emotion?", "describe": "Describe the face.", "motion": "Describe the motion."}
UNITS = ["au_AU4", "au_AU5", "au_AU12", "au_AU15", "au_AU2", "au_AUR14"]
PARAMS = {"seed": 7, "samples_per_clip": 10, "frames_at_most": 4}


@pytest.fixture
def frequency():
    return pd.DataFrame({"emotion": CLASSES, "count": [300.0, 1000.0, 40.0, 120.0, 500.0, 60.0]})


@pytest.fixture
def truth():
    """Twenty-four clips of six frames; each class moves its own action unit."""
    rows = []
    for c in range(24):
        for f in range(6):
            level = f / 5
            units = dict.fromkeys(UNITS, 0.0)
            units[UNITS[c % 6]] = level
            rows.append({"clip_id": f"faces/{c:02d}", "frame_index": f, "timestamp_s": f / 5, **units})
    return pd.DataFrame(rows)


@pytest.fixture
def clips():
    labels = {f"faces/{c:02d}": CLASSES[c % 6] for c in range(24)}
    return pd.DataFrame({"label": labels, "onset_s": 0.0})


def test_naming_follows_the_words_or_is_equal_with_the_same_total(frequency):
    by_word = naming_shares(frequency, CLASSES, "frequency", 1.0, 1)
    equal = naming_shares(frequency, CLASSES, "uniform", 1.0, 1)
    dealt = naming_shares(frequency, CLASSES, "permuted", 1.0, 1)
    assert by_word == pytest.approx(dict(zip(CLASSES, [0.3, 1.0, 0.04, 0.12, 0.5, 0.06], strict=True)))
    assert len(set(equal.values())) == 1
    assert sum(equal.values()) == pytest.approx(sum(by_word.values()))
    assert sorted(dealt.values()) == sorted(by_word.values())
    assert abs(spearmanr(list(dealt.values()), list(by_word.values())).statistic) <= 0.1
    assert dealt != naming_shares(frequency, CLASSES, "permuted", 1.0, 2)


def test_an_emotion_without_a_count_or_an_unknown_arm_is_an_error(frequency):
    with pytest.raises(StudyError, match="does not list all terms of anxiety"):
        naming_shares(frequency, [*CLASSES, "anxiety"], "frequency", 1.0, 1)
    with pytest.raises(StudyError, match="unknown pretraining variant 'zipf'"):
        naming_shares(frequency, CLASSES, "zipf", 1.0, 1)


def without_name(answer):
    """What an answer says besides the emotion and the question for it."""
    turns = [turn.split("answer :")[-1].strip() for turn in answer.split("<end>")]
    return [turn for turn in turns if turn not in CLASSES]


@pytest.mark.parametrize("other", ["uniform", "permuted"])
def test_the_arms_differ_only_in_which_captions_name_the_emotion(truth, clips, frequency, other):
    one, two = (
        write_captions(truth, clips, naming_shares(frequency, CLASSES, variant, 0.5, 1), PROMPTS, PARAMS)
        for variant in ("frequency", other)
    )
    for column in ("sample", "clip_id", "frames"):
        assert one[column].tolist() == two[column].tolist()
    same = one["named"].notna() == two["named"].notna()
    assert 0 < (~same).sum() < len(one)
    assert one["named"].count() == two["named"].count()
    pd.testing.assert_frame_equal(one[same], two[same])
    for a, b in zip(one["answer"], two["answer"], strict=True):
        assert without_name(a) == without_name(b)
    unnamed = one["named"].isna() & two["named"].isna()
    assert not any(c in text for text in one[unnamed]["prompt"] + one[unnamed]["answer"] for c in CLASSES)


def test_each_class_is_named_exactly_as_often_as_its_share_says(truth, clips, frequency):
    shares = naming_shares(frequency, CLASSES, "frequency", 0.5, 1)
    table = write_captions(truth, clips, shares, PROMPTS, PARAMS)
    named = table[table["named"].notna()]
    assert named["named"].value_counts().to_dict() == {c: round(40 * s) for c, s in shares.items()}
    for row in named.itertuples():
        assert clips["label"][row.clip_id] == row.named
        assert row.named in (row.answer.split()[0], row.answer.split()[-1])


def test_nobody_names_an_emotion_before_it_shows(truth, clips, frequency):
    late = clips.assign(onset_s=0.75)  # frames 4 and 5 of 6 show it
    everything = dict.fromkeys(CLASSES, 1.0)
    table = write_captions(truth, late, everything, PROMPTS, PARAMS)
    named = table[table["named"].notna()]
    assert 0 < len(named) < len(table)
    assert named["frames"].map(max).min() >= 4


def test_every_word_of_every_caption_is_in_the_vocabulary(truth, clips, frequency):
    shares = naming_shares(frequency, CLASSES, "frequency", 0.5, 1)
    table = write_captions(truth, clips, shares, PROMPTS, PARAMS)
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
