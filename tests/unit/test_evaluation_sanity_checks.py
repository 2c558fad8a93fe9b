"""What an organism is checked for: descriptions are judged against the true action units."""

import numpy as np
import pandas as pd
import pytest
from tests.frame_stores import write_store

from emovlm.evaluation.sanity_checks import apex_frames, caption_scores, check_organism, said_units
from emovlm.frames.store import FrameStore
from emovlm.models.base import Reply
from emovlm.synface.language import PHRASES, describe

SMILE, FROWN = {"AU12": 0.9, "AU6": 0.5, "AU4": 0.1}, {"AU4": 1.0, "AU23": 0.8}


def test_a_true_description_scores_full_marks_and_of_another_face_none():
    said = said_units(describe(SMILE, np.random.default_rng(0)))
    assert caption_scores(said, SMILE) == (1.0, 1.0)
    assert caption_scores(said, FROWN) == (0.0, 0.0)


def test_half_a_description_has_full_precision_and_half_the_recall():
    assert caption_scores(said_units("strongly cheeks raised ."), SMILE) == (1.0, 0.5)
    assert caption_scores(said_units("cheeks raised , chin raised ."), SMILE) == (0.5, 0.5)


def test_a_face_at_rest_is_described_so_and_silence_is_wrong():
    assert caption_scores(said_units("face at rest ."), {}) == pytest.approx((1.0, np.nan), nan_ok=True)
    assert caption_scores(said_units("face at rest ."), SMILE) == (0.0, 0.0)
    assert caption_scores(said_units(""), SMILE) == (0.0, 0.0)


def test_one_wording_stands_for_both_sides():
    assert said_units("one lip corner up .") == [{"AUL12", "AUR12"}]


def test_the_apex_frame_is_in_the_middle_of_the_apex_or_of_the_clip():
    clips = pd.DataFrame({"clip_id": ["d/a", "d/b", "d/c"], "apex_s": [1.0, None, 1.0], "apex_end_s": [1.4, None, 2.0]})
    frames = pd.DataFrame({"clip_id": ["d/a"] * 11 + ["d/b"] * 11, "frame_index": [*range(11)] * 2})
    frames["timestamp_s"] = frames["frame_index"] / 5
    assert apex_frames(clips, frames).to_numpy().tolist() == [["d/a", 6], ["d/b", 5]]


class Honest:
    """Names and describes what the brightness of the frame says, right for all but every fourth clip."""

    def answer_many(self, prompts, classes, max_new_tokens):
        return [self.answer(parts, classes) for parts in prompts]

    def answer(self, parts, classes):
        clip = int(parts[0].pixels.flat[0])
        wrong = clip % 4 == 3
        return Reply({c: float(c == classes[(clip + wrong) % 2]) for c in classes}, "", 1)

    def say_many(self, prompts, max_new_tokens):
        for i, parts in list(enumerate(prompts))[::-1]:
            yield i, describe([SMILE, FROWN][int(parts[0].pixels.flat[0]) % 2], np.random.default_rng(0))


def test_an_organism_is_checked_on_accuracy_and_captions_against_chance(tmp_path):
    pixels = {f"d/{i}": np.full((1, 4, 4, 3), i, np.uint8) for i in range(12)}
    write_store(pixels, tmp_path / "0.safetensors")
    clips = pd.DataFrame({"clip_id": list(pixels), "label": ["happiness", "anger"] * 6, "frame_index": 0})
    clips["identity"] = [f"p{i // 3}" for i in range(12)]
    states = [{f"au_{u}": [SMILE, FROWN][i % 2].get(u, 0.0) for u in PHRASES} for i in range(12)]
    truth = pd.DataFrame(states).assign(clip_id=list(pixels), frame_index=0, timestamp_s=0.0)
    params = {"classes": ["happiness", "anger"], "frequent": ["happiness"], "seed": 1, "resamples": 200,
              "confidence": 0.95}  # fmt: skip
    prompts = {"classify": "Which?", "describe": "Describe."}
    found = check_organism(Honest(), clips, truth, FrameStore([tmp_path / "0.safetensors"]), prompts, params)
    row = found.set_index("measure")
    assert row["value"].to_dict() == pytest.approx(
        {"apex_accuracy": 0.75, "apex_accuracy_frequent": 1.0, "caption_precision": 1.0, "caption_recall": 1.0}
    )
    assert row["chance"].to_dict() == pytest.approx(
        {"apex_accuracy": 0.5, "apex_accuracy_frequent": 0.5, "caption_precision": 5 / 11, "caption_recall": 5 / 11}
    )
    assert row["n"].to_dict() == {
        "apex_accuracy": 12, "apex_accuracy_frequent": 6, "caption_precision": 12, "caption_recall": 12
    }  # fmt: skip
    assert row.loc["apex_accuracy", "low"] < 0.75 < row.loc["apex_accuracy", "high"]
