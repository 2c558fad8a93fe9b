"""Folds: no clip is answered by a model that was trained on it."""

import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.evaluation.folds import by_fold

CLIPS = pd.DataFrame({"clip_id": ["d/a", "d/b", "d/c"], "fold": [2, 1, 2]})


def answered(models, clips=CLIPS):
    return [(fold, mine["clip_id"].tolist(), model) for fold, mine, model in by_fold(clips, models)]


def test_each_clip_goes_to_the_model_of_its_own_fold():
    models = {"1": "one", "2": "two", "3": "three"}
    assert answered(models) == [(1, ["d/b"], "one"), (2, ["d/a", "d/c"], "two")]


def test_a_system_with_one_model_answers_all_clips_with_it():
    assert answered({"0": "all"}) == [(0, ["d/a", "d/b", "d/c"], "all")]
    assert answered({"0": "all"}, CLIPS[:0]) == []


def test_a_clip_that_no_fold_tests_is_answered_by_nobody():
    with pytest.raises(StudyError, match="clip d/a is tested in no fold"):
        answered({"1": "one"})
