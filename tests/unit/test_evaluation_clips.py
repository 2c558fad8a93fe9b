"""The clips that a system is asked about, and what its answers repeat of them."""

import pandas as pd
import pytest
from tests.unit.statistics_answers import draw_answers, manifest_of, truth_of

from emovlm.core.errors import StudyError
from emovlm.evaluation.clips import clips_to_answer


@pytest.fixture
def answers():
    return draw_answers(n=20)


@pytest.fixture
def index(answers):
    return pd.DataFrame({"clip_id": answers["clip_id"], "status": "ok", "reason": None})


def test_identities_come_from_the_manifest_and_flags_from_the_truth(answers, index):
    clips = clips_to_answer(manifest_of(answers), index, truth_of(answers))
    for column in ("clip_id", "identity", "flag", "label"):
        assert clips[column].tolist() == answers[column].tolist()
    assert set(clips["dataset"]) == {"synface"}


def test_clips_without_a_truth_have_no_flag(answers, index):
    assert clips_to_answer(manifest_of(answers), index)["flag"].isna().all()


def test_only_test_clips_of_the_shard_are_asked_about(answers, index):
    manifest = manifest_of(answers)
    manifest.loc[2, "split"] = "train"
    assert clips_to_answer(manifest, index[1:4])["clip_id"].tolist() == ["synface/00001", "synface/00003"]


def test_a_clip_that_the_truth_does_not_have_is_named(answers, index):
    with pytest.raises(StudyError, match="truth of the dataset has no clip synface/00007"):
        clips_to_answer(manifest_of(answers), index, truth_of(answers).drop(index=7))
