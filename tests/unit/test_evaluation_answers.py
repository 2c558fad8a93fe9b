"""Answers: nothing finished is lost, contexts show what they say, decisions read what is kept."""

import numpy as np
import pandas as pd
import pytest
from tests.frame_stores import write_store

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import REPLIES
from emovlm.core.errors import StudyError
from emovlm.evaluation.answering import answer_clips
from emovlm.evaluation.contexts import build_parts, shuffle_texts
from emovlm.evaluation.decisions import Asked, content_free_bias, prior_bias
from emovlm.frames.store import FrameStore
from emovlm.models.base import Reply

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


def shown(context, texts=None):
    frames = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    sample = pd.DataFrame({"gap": [0, 1, 2], "timestamp_s": [0.0, 1.0, 2.0]})
    parts = build_parts(frames, sample, texts, "What?", context)
    return [part if isinstance(part, str) else int(part.pixels.ravel()[0]) for part in parts]


def test_frames_alone_come_in_order_before_the_question():
    assert shown("none") == [0, 1, 2, "What?"]


def test_msce_puts_each_text_after_its_keyframe():
    texts = pd.DataFrame({"gap": [0, 2], "text": ["brows rise", "nothing"]})
    assert shown("msce", texts) == [0, "brows rise", 1, 2, "nothing", "What?"]


TEXTS = pd.DataFrame({"gap": [0, 1, 2], "text": ["brows rise", "nothing", "brows fall"], "reason": None,
                      "refused": False})  # fmt: skip


def test_texts_without_frames_keep_their_order():
    assert shown("text-only", TEXTS) == ["brows rise", "nothing", "brows fall", "What?"]


def test_shuffled_texts_are_the_same_texts_in_other_gaps():
    dealt = shuffle_texts(TEXTS, "d/1")
    assert dealt["gap"].tolist() == [0, 1, 2]
    assert sorted(dealt["text"]) == sorted(TEXTS["text"])
    assert dealt["text"].tolist() != TEXTS["text"].tolist()
    assert shuffle_texts(TEXTS, "d/1").equals(dealt)
    same = TEXTS.assign(text="nothing")
    assert shuffle_texts(same, "d/1").equals(same)


def test_logit_adjustment_takes_off_what_training_named_often():
    counts = pd.DataFrame({"emotion": ["anger", "happiness"], "count": [8, 80]})
    bias = prior_bias(counts, CLASSES)
    shares = np.array([9, 1, 81]) / 91
    assert list(bias.values()) == pytest.approx(-np.log(shares))
    assert max(bias, key=bias.get) == "fear"


class Biased:
    """A system that prefers the first class, whatever it is shown, and counts how often it is asked."""

    def __init__(self):
        self.asked = []

    def answer(self, parts, classes, max_new_tokens):
        self.asked.append([part for part in parts if not isinstance(part, str)])
        return Reply({c: -float(i) for i, c in enumerate(classes)}, "", 1)


def test_calibration_asks_once_about_each_number_of_grey_frames_and_takes_that_off():
    system = Biased()
    bias = content_free_bias(Asked(system, CLASSES, "What?", lambda: (4, 4, 3), None))
    assert [bias(2), bias(3), bias(2)] == [{"anger": 0.0, "fear": 1.0, "happiness": 2.0}] * 3
    assert [len(frames) for frames in system.asked] == [2, 3]
    assert all(
        (frame.pixels == 128).all() and frame.pixels.shape == (4, 4, 3) for frames in system.asked for frame in frames
    )


@pytest.fixture
def clips(tmp_path):
    pixels = {f"d/{i}": np.full((3, 4, 4, 3), i, np.uint8) for i in range(2)}
    write_store(pixels, tmp_path / "0.safetensors")
    clips = pd.DataFrame({"clip_id": list(pixels), "dataset": "d", "identity": list(pixels), "flag": None,
                          "label": "anger", "status": "ok", "reason": None})  # fmt: skip
    sample = pd.DataFrame([{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 5, "gap": f}
                           for c in pixels for f in range(3)])  # fmt: skip
    return clips, sample, FrameStore([tmp_path / "0.safetensors"])


def answers_of(clips, path, decision, context="none", texts=None, labels=None):
    table, sample, frames = clips
    params = {"context": context, "decision": decision, "max_new_tokens": 1, "replicate": 2}
    store = AnswerStore(path)
    found = answer_clips(Biased(), "me", table, sample, texts, frames, store, CLASSES, "What?", params, "code", labels)
    return found, store


def test_a_decision_corrects_kept_answers_without_asking_again(clips, tmp_path):
    plain, _ = answers_of(clips, tmp_path / "a.jsonl", "likelihood")
    assert set(plain["prediction"]) == {"anger"} and set(plain["replicate"]) == {2} and set(plain["n_frames"]) == {3}
    labels = pd.DataFrame({"emotion": ["anger"], "count": [1000]})
    adjusted, store = answers_of(clips, tmp_path / "a.jsonl", "logit-adjusted", labels=labels)
    assert store.computed == 0
    assert set(adjusted["prediction"]) == {"fear"}
    calibrated, _ = answers_of(clips, tmp_path / "a.jsonl", "calibrated")
    assert (calibrated[[f"score_{c}" for c in CLASSES]] == 0).all(axis=None)


def test_the_reply_of_a_system_with_likelihoods_can_decide_too_and_then_needs_one_class(clips, tmp_path):
    answers_of(clips, tmp_path / "a.jsonl", "likelihood")
    found, store = answers_of(clips, tmp_path / "a.jsonl", "reply")
    assert store.computed == 0
    assert set(found["status"]) == {"failed"} and set(found["reason"]) == {"the reply does not name one class"}
    assert found[["prediction", *(f"score_{c}" for c in CLASSES)]].isna().all(axis=None) and set(found["n_frames"]) == {
        3
    }


def test_a_reply_is_kept_with_what_it_names_by_each_rule(clips, tmp_path):
    """What names no class by its grammar fails where the reply decides; what other rules make of it stays."""

    class Speaking(Biased):
        replies = iter(["not fear", "Fear."])

        def answer(self, parts, classes, max_new_tokens):
            return Reply({}, next(self.replies), 1)

    table, sample, frames = clips
    params = {"context": "none", "decision": "reply", "max_new_tokens": 1, "replicate": 1}
    store = AnswerStore(tmp_path / "a.jsonl")
    found = answer_clips(Speaking(), "me", table, sample, None, frames, store, CLASSES, "What?", params, "code")
    named = found[["status", "prediction", *REPLIES]].astype(object).where(found.notna(), None).values.tolist()
    assert named == [["failed", None, None, None, "fear"], ["ok", "fear", "fear", "fear", "fear"]]


def test_texts_alone_show_no_frame(clips, tmp_path):
    texts = pd.concat([TEXTS.assign(clip_id=c) for c in ("d/0", "d/1")])
    found, _ = answers_of(clips, tmp_path / "a.jsonl", "likelihood", "text-only", texts)
    assert set(found["n_frames"]) == {0}


def test_an_unknown_decision_or_one_without_its_counts_is_an_error(clips, tmp_path):
    with pytest.raises(StudyError, match="unknown decision 'guess'"):
        answers_of(clips, tmp_path / "a.jsonl", "guess")
    with pytest.raises(StudyError, match="needs the label counts"):
        answers_of(clips, tmp_path / "a.jsonl", "logit-adjusted")


def test_a_context_without_its_texts_or_unknown_is_an_error():
    with pytest.raises(StudyError, match="needs enrichment texts"):
        shown("msce")
    with pytest.raises(StudyError, match="unknown context 'poem'"):
        shown("poem")


class InBatches(Biased):
    """Answers several at once, the last first, until it is killed; counts how many it answered."""

    def __init__(self, until=None):
        super().__init__()
        self.until, self.asked = until, 0

    def answers(self, prompts, classes, max_new_tokens):
        for i, parts in list(enumerate(prompts))[::-1]:
            if self.asked == self.until:
                raise KeyboardInterrupt
            self.asked += 1
            yield i, Reply({c: float(len(c) == parts[0].pixels.mean()) for c in classes}, "", 1, frames=2)


def test_of_clips_that_are_asked_together_each_answer_is_kept_and_only_the_others_asked_again(tmp_path):
    pixels = {f"d/{i}": np.full((3, 4, 4, 3), i, np.uint8) for i in range(5, 10)}
    write_store(pixels, tmp_path / "0.safetensors")
    frames = FrameStore([tmp_path / "0.safetensors"])
    clips = pd.DataFrame({"clip_id": list(pixels), "dataset": "d", "identity": list(pixels), "flag": None,
                          "label": "anger", "status": "ok", "reason": None})  # fmt: skip
    sample = pd.DataFrame([{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 5, "gap": f}
                           for c in pixels for f in range(3)])  # fmt: skip
    params = {"context": "none", "decision": "likelihood", "max_new_tokens": 1, "replicate": 1}

    def asked(system):
        store = AnswerStore(tmp_path / "a.jsonl")
        found = answer_clips(system, "me", clips, sample, None, frames, store, CLASSES, "What?", params, "code")
        return found, store.computed

    with pytest.raises(KeyboardInterrupt):
        asked(InBatches(until=2))
    resumed, computed = asked(system := InBatches())
    assert (system.asked, computed) == (3, 3)
    assert resumed["n_frames"].tolist() == [2] * 5  # what the system says it was shown, of the three given
    (tmp_path / "a.jsonl").unlink()
    again, computed = asked(InBatches())
    assert computed == 5
    assert again.equals(resumed)
    assert again["clip_id"].tolist() == list(pixels)
