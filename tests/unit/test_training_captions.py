"""Captions: all variants show the same and describe the same; only how often they name the emotion differs."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, spearmanr

from emovlm.core.errors import StudyError
from emovlm.synface.language import PHRASES, describe, describe_motion
from emovlm.training.captions import naming_shares, vocabulary, write_captions
from emovlm.training.exposure import exposure

CLASSES = ["anger", "fear", "happiness", "sadness", "surprise", "contempt"]
PROMPTS = {"classify": "Which emotion?", "describe": "Describe the face.", "motion": "Describe the motion."}
UNITS = ["au_AU4", "au_AU5", "au_AU12", "au_AU15", "au_AU2", "au_AUR14"]
VARIANT = {"exponent": 1.0, "words": "real", "naming": 0.5, "content": "change"}
PARAMS = {"seed": 7, "samples_per_clip": 10, "frames_at_most": 4, "variant": VARIANT}


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


def shares_of(frequency, seed=1, **of):
    return naming_shares(frequency, CLASSES, {**VARIANT, **of}, seed)


def test_names_are_as_frequent_as_a_power_of_the_counts_and_as_many_in_all(frequency):
    by_word = shares_of(frequency, naming=1.0)
    root, equal = (shares_of(frequency, naming=1.0, exponent=exponent) for exponent in (0.5, 0.0))
    assert by_word == pytest.approx(dict(zip(CLASSES, [0.3, 1.0, 0.04, 0.12, 0.5, 0.06], strict=True)))
    assert linregress(np.log(list(by_word.values())), np.log(list(root.values()))).slope == pytest.approx(0.5)
    assert len(set(equal.values())) == 1
    assert sum(equal.values()) == pytest.approx(sum(by_word.values())) == pytest.approx(sum(root.values()))


def test_permuted_words_are_unrelated_to_the_real_ones(frequency):
    real, dealt = shares_of(frequency), shares_of(frequency, words="permuted")
    assert sorted(dealt.values()) == sorted(real.values())
    assert abs(spearmanr(list(dealt.values()), list(real.values())).statistic) <= 0.1
    assert dealt != shares_of(frequency, words="permuted", seed=2)


def test_swapped_words_are_those_of_an_emotion_as_far_from_the_middle(frequency):
    """By count: happiness 40, contempt 60, sadness 120, anger 300, surprise 500, fear 1000."""
    real, swapped = shares_of(frequency), shares_of(frequency, words="swapped")
    for one, other in (("happiness", "fear"), ("contempt", "surprise"), ("sadness", "anger")):
        assert (swapped[one], swapped[other]) == (real[other], real[one])


def test_an_emotion_without_a_count_is_an_error(frequency):
    with pytest.raises(StudyError, match="does not list all terms of anxiety"):
        naming_shares(frequency, [*CLASSES, "anxiety"], VARIANT, 1)


def without_name(answer):
    """What an answer says besides the emotion and the question for it."""
    turns = [turn.split("answer :")[-1].strip() for turn in answer.split("<end>")]
    return [turn for turn in turns if turn not in CLASSES]


@pytest.mark.parametrize("other", [{"exponent": 0.0}, {"words": "permuted"}, {"words": "swapped"}])
def test_the_arms_differ_only_in_which_captions_name_the_emotion(truth, clips, frequency, other):
    one, two = (
        write_captions(truth, clips, shares_of(frequency, **variant), PROMPTS, PARAMS) for variant in ({}, other)
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
    shares = shares_of(frequency)
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
    shares = shares_of(frequency)
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


@pytest.mark.parametrize("variant", [{}, {"exponent": 0.0}, {"words": "permuted"}])
def test_the_counter_finds_each_emotion_as_often_as_the_writer_recorded(truth, clips, frequency, variant):
    shares = shares_of(frequency, **variant)
    table = write_captions(truth, clips, shares, PROMPTS, PARAMS)
    found = exposure(table, CLASSES)
    assert found["emotion"].tolist() == CLASSES
    text = " ".join([*table["prompt"], *table["answer"]]).replace("<image>", "").replace("<end>", "")
    assert found["counted"].tolist() == found["recorded"].tolist() == [text.split().count(c) for c in CLASSES]
    assert found["counted"].min() > 0 and (found["samples"] == len(table)).all()
    assert found["recorded"].sum() == round(len(table) * sum(shares.values()) / len(shares))
    words = len(re.findall(r"\w+", text))
    assert found["per_million"].to_numpy() == pytest.approx(found["counted"] / words * 1e6)


def test_in_several_blocks_the_captions_count_the_same(truth, clips, frequency, monkeypatch):
    table = write_captions(truth, clips, dict.fromkeys(CLASSES, 0.5), PROMPTS, PARAMS)
    whole = exposure(table, CLASSES)
    monkeypatch.setattr("emovlm.training.exposure.AT_ONCE", 7)
    pd.testing.assert_frame_equal(exposure(table, CLASSES), whole)


def test_prompts_that_list_the_classes_are_read_too_but_recorded_are_only_the_answers(truth, clips):
    prompts = {**PROMPTS, "classify": "Which of anger, fear and neutral?"}
    table = write_captions(truth, clips, dict.fromkeys(CLASSES, 0.5), prompts, PARAMS)
    found = exposure(table, [*CLASSES, "neutral"]).set_index("emotion")
    named = table["named"].notna().sum()
    more = (found["counted"] - found["recorded"]).to_dict()
    assert more == {c: named if c in ("anger", "fear", "neutral") else 0 for c in [*CLASSES, "neutral"]}
    assert found.loc["neutral", "recorded"] == 0


def test_captions_of_moments_show_the_same_frames_and_never_say_how_they_differ(truth, clips, frequency):
    shares = shares_of(frequency)
    change, moments = (
        write_captions(truth, clips, shares, PROMPTS, {**PARAMS, "variant": {**VARIANT, "content": content}})
        for content in ("change", "moments")
    )
    for column in ("clip_id", "frames", "named"):
        assert change[column].tolist() == moments[column].tolist()
    differs = change["prompt"] + change["answer"] != moments["prompt"] + moments["answer"]
    assert 0.2 < differs.mean() < 0.6
    assert (change["prompt"].str.contains(PROMPTS["motion"], regex=False)).any()
    told = moments["prompt"] + " " + moments["answer"]
    assert not told.str.contains(f"{re.escape(PROMPTS['motion'])}|less|more").any()


def test_captions_of_long_prompts_show_frames_several_times_in_order(truth, clips, frequency):
    shares = shares_of(frequency)
    usual, long = (
        write_captions(truth, clips, shares, PROMPTS, {**PARAMS, "variant": {**VARIANT, **frames}})
        for frames in ({}, {"frames": 40})
    )
    assert usual["frames"].map(len).max() == PARAMS["frames_at_most"]
    count = long["frames"].map(len)
    assert 20 < count.max() <= 40 and count.median() < 10
    assert all(frames == sorted(frames) for frames in long["frames"])
    assert (count == long["prompt"].str.count("<image>")).all()
    single = usual["frames"].map(len) == 1
    assert (single == (count == 1)).all() and usual[single]["frames"].tolist() == long[single]["frames"].tolist()
    between = long["prompt"].str.contains("<image> [a-z]+.*<image>")  # texts between frames
    assert count[between].max() <= PARAMS["frames_at_most"]
