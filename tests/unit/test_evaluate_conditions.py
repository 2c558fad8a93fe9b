"""Conditions of an evaluation by their short names."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.evaluated import ROOT

from emovlm.core.errors import StudyError
from emovlm.sampling.frame_samplers import sample_frames
from emovlm.sampling.sampler_names import named_sampler
from emovlm.standalone.conditions import Condition, conditions_of, plan
from emovlm.study.rows import FrameSampler
from emovlm.study.tables import Table

CLIPS = pd.DataFrame({"clip_id": ["d/a"], "status": "ok", "n_frames": [60], "fps": 25.0})
FRAMES = pd.DataFrame({"clip_id": "d/a", "frame_index": range(60), "timestamp_s": np.arange(60) / 25})
TABLE = Table(FrameSampler, [str(ROOT / "config/frame_samplers.tsv")], "frame_samplers").rows()


@pytest.mark.parametrize("name", [name for name in TABLE if name != "between"])
def test_a_short_name_takes_the_frames_of_the_row_with_that_id_in_the_default_table(name):
    row = TABLE[name]
    wanted = sample_frames(row.told(), row.base and row.base.told(), 7, CLIPS, FRAMES)
    pd.testing.assert_frame_equal(sample_frames(*named_sampler(name), 7, CLIPS, FRAMES), wanted)


def test_other_numbers_make_other_samplers():
    counts = {"fps6.25": 15, "uniform3": 3, "keyframes2": 5, "every4": 15}
    taken = {name: sample_frames(*named_sampler(name), 7, CLIPS, FRAMES) for name in counts}
    assert {name: len(sample) for name, sample in taken.items()} == counts
    assert set(taken["keyframes2"]["role"]) == {"keyframe"}


@pytest.mark.parametrize("name", ["fps", "frames5", "fps5-random", "shuffled", "uniform", "fps5-shuffled-reversed", ""])
def test_an_unknown_sampler_is_an_error_that_lists_some(name):
    with pytest.raises(StudyError, match=r"unknown frame sampler .*; there are fps5, fps1"):
        named_sampler(name)


def names(*given):
    return [condition.name for condition in conditions_of(*given)]


def test_each_context_goes_with_the_samplers_that_fit_it():
    assert names([], []) == ["fps5"]
    assert names(["fps5", "keyframes"], ["none", "msce"]) == ["fps5", "keyframes", "keyframes-msce"]
    assert names([], ["msce"]) == ["keyframes-msce"]
    assert names(["all"], [], "calibrated") == ["all-calibrated"]
    assert names(["fps5"], [], "per-prior") == ["fps5-per-prior"]
    with pytest.raises(StudyError, match="--context msce shows texts after keyframes; add --frames keyframes"):
        conditions_of(["fps5"], ["msce"])


@pytest.mark.parametrize(
    ("condition", "vision", "said"),
    [
        (Condition("fps5", "msce"), False, "context msce needs keyframes"),
        (Condition("keyframes", "poem"), False, "unknown context 'poem'"),
        (Condition("keyframes", "truth"), False, "only a study of rendered clips"),
        (Condition("keyframes", "msce"), True, "a classifier and reads no text"),
        (Condition("keyframes", "msce", "calibrated"), False, "calibrated is for frames without texts"),
        (Condition("fps5", "none", "guess"), False, "unknown decision 'guess'"),
        (Condition("fps5", "none", "logit-adjusted"), False, "which a study has"),
        (Condition("fps5", "none", "reply"), True, "gives no reply in words"),
        (Condition("fps5", "none", "mean"), True, "condition fps5-mean: mean reads labels as words .* a classifier"),
        (Condition("all", "none", "per-prior"), True, "condition all-per-prior: per-prior reads labels as words"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_an_error(condition, vision, said):
    with pytest.raises(StudyError, match=said):
        plan([condition], None, vision)


def test_conditions_are_some_and_different():
    with pytest.raises(StudyError, match="no conditions"):
        plan([], None, False)
    with pytest.raises(StudyError, match="two conditions are the same"):
        plan(["fps5", Condition("fps5")], None, False)


def test_a_table_adds_samplers_and_goes_before_the_short_names(tmp_path):
    table = tmp_path / "samplers.tsv"
    table.write_text(
        "sampler\tkind\trate\tcount\tbase\nfps5\trate\t2\t\t\nslow\trate\t0.5\t\t\nslow-back\treversed\t\t\tslow\n"
    )
    planned = plan(["fps5", "slow-back", "fps10"], str(table), False)
    assert [each.sampler.get("rate") for each in planned] == [2, None, 10]
    assert planned[1].base == {"sampler": "slow", "kind": "rate", "rate": 0.5}
