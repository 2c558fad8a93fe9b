"""Answers: nothing finished is lost, replies are parsed strictly, contexts show what they say."""

import numpy as np
import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.evaluation.answer_store import AnswerStore
from emovlm.evaluation.parsing import parse_label
from emovlm.evaluation.prompts import build_parts

CLASSES = ["anger", "fear", "happiness"]


def test_an_answer_survives_the_process_that_computed_it(tmp_path):
    AnswerStore(tmp_path / "a.jsonl").add("k", {"text": "anger"})
    again = AnswerStore(tmp_path / "a.jsonl")
    assert again["k"] == {"text": "anger"}
    assert again.computed == 0


def test_a_torn_last_line_costs_one_answer_and_no_more(tmp_path):
    path = tmp_path / "a.jsonl"
    store = AnswerStore(path)
    store.add("one", 1)
    store.add("two", 2)
    path.write_bytes(path.read_bytes()[:-5])
    torn = AnswerStore(path)
    assert "one" in torn
    assert "two" not in torn
    torn.add("three", 3)
    assert AnswerStore(path)["three"] == 3


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("Happiness.", "happiness"),
        ("the person shows fear", "fear"),
        ("anger or fear", None),
        ("fearless", None),
        ("", None),
    ],
)
def test_a_reply_counts_only_if_it_names_one_class_as_a_word(reply, label):
    assert parse_label(reply, CLASSES) == label


def shown(context, texts=None):
    frames = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    sample = pd.DataFrame({"gap": [0, 1, 2]})
    parts = build_parts(frames, sample, texts, "What?", context)
    return [part if isinstance(part, str) else int(part.ravel()[0]) for part in parts]


def test_frames_alone_come_in_order_before_the_question():
    assert shown("none") == [0, 1, 2, "What?"]


def test_msce_puts_each_text_after_its_keyframe():
    texts = pd.DataFrame({"gap": [0, 2], "text": ["brows rise", "nothing"]})
    assert shown("msce", texts) == [0, "brows rise", 1, 2, "nothing", "What?"]


def test_a_context_without_its_texts_or_unknown_is_an_error():
    with pytest.raises(StudyError, match="needs enrichment texts"):
        shown("msce")
    with pytest.raises(StudyError, match="unknown context 'poem'"):
        shown("poem")
