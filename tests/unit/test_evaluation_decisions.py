"""How kept scores of labels become an answer, on a tiny model that really scores them."""

import numpy as np
import pandas as pd
import pytest
from tests.frame_stores import write_store
from tests.tiny_models.models import save_tiny

from emovlm.core.answer_store import AnswerStore
from emovlm.core.errors import StudyError
from emovlm.evaluation.answering import answer_clips
from emovlm.evaluation.contexts import build_parts
from emovlm.evaluation.decisions import DECISIONS
from emovlm.frames.store import FrameStore
from emovlm.models.loading import load_system
from emovlm.models.torch_setup import torch

CLASSES = ["anger", "sadness", "helplessness", "no"]
SCORES = [f"score_{c}" for c in CLASSES]
QUESTION = "Which emotion does the person show?"
ROUNDING = 5e-4  # nats, in float32
CLIPS, FRAMES = 3, 4


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "model"
    save_tiny("qwen2.5-vl", folder)
    return load_system({"system": "tiny", "kind": "vlm", "training": "none", "family": "qwen2.5-vl"}, folder)


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("shard"), np.random.default_rng(0)
    pixels = {f"d/{i}": draw.integers(0, 256, (FRAMES, 84, 84, 3), dtype=np.uint8) for i in range(CLIPS)}
    write_store(pixels, folder / "0.safetensors")
    clips = pd.DataFrame({"clip_id": list(pixels), "dataset": "d", "identity": list(pixels), "flag": None,
                          "label": "anger", "status": "ok", "reason": None})  # fmt: skip
    sample = pd.DataFrame([{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 5, "gap": f}
                           for c in pixels for f in range(FRAMES)])  # fmt: skip
    return clips, sample, FrameStore([folder / "0.safetensors"])


@pytest.fixture(scope="module")
def answers(system, shard, tmp_path_factory):
    """The answers by a decision, and how many clips were asked about for it."""
    path = tmp_path_factory.mktemp("store") / "answers.jsonl"

    def by(decision, asked=system):
        params = {"context": "none", "decision": decision, "max_new_tokens": 2, "replicate": 1}
        store = AnswerStore(path)
        clips, sample, frames = shard
        found = answer_clips(asked, "tiny", clips, sample, None, frames, store, CLASSES, QUESTION, params, "code")
        return found, store.computed

    assert by("likelihood")[1] == CLIPS
    return by


def clip_parts(shard, clip):
    _, sample, frames = shard
    seen = sample[sample["clip_id"] == clip]
    return build_parts(frames.frames(clip, seen["frame_index"]), seen, None, QUESTION, "none")


def own_loss(system, parts, label):
    """What the model itself calls its loss on a label after a prompt: the mean over the label's tokens, in nats."""
    inputs = system._inputs(parts)
    header = system.processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "text", "text": "?"}]}], tokenize=False, add_generation_prompt=True
    )
    whole = system.processor.tokenizer(header + label)["input_ids"]
    tokens = torch.tensor([whole[len(system.processor.tokenizer(header)["input_ids"]) :]])
    longer = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "mm_token_type_ids": 0 * tokens}
    read = {k: torch.cat([v, longer[k]], 1) if k in longer else v for k, v in inputs.items()}
    labels = torch.full_like(read["input_ids"], -100)
    labels[:, -tokens.shape[1] :] = tokens
    with torch.inference_mode():
        return float(system.reader.forward(read, labels=labels, use_cache=False).loss), tokens.shape[1]


def test_the_mean_is_minus_the_models_own_loss_and_the_sum_that_times_the_number_of_tokens(system, shard, answers):
    kept, (mean, computed) = answers("likelihood")[0], answers("mean")
    assert computed == 0
    assert len(set(system.label_tokens(CLASSES).values())) > 1
    for row, summed in zip(mean.itertuples(), kept.itertuples(), strict=True):
        for label in CLASSES:
            loss, tokens = own_loss(system, clip_parts(shard, row.clip_id), label)
            assert system.label_tokens([label]) == {label: tokens}
            assert getattr(row, f"score_{label}") == pytest.approx(-loss, abs=ROUNDING)
            assert getattr(summed, f"score_{label}") == pytest.approx(-loss * tokens, abs=ROUNDING * tokens)
        assert row.prediction == max(CLASSES, key=lambda c: getattr(row, f"score_{c}"))


def test_per_prior_takes_off_what_the_question_alone_makes_likely(system, answers):
    kept, (corrected, computed) = answers("likelihood")[0], answers("per-prior")
    assert computed == 0
    prior = pd.Series({c: -own_loss(system, [QUESTION], c)[0] * own_loss(system, [QUESTION], c)[1] for c in CLASSES})
    expected = kept[SCORES] - prior.to_numpy()
    assert corrected[SCORES].to_numpy(float) == pytest.approx(expected.to_numpy(float), abs=4 * ROUNDING)
    assert corrected["prediction"].tolist() == [CLASSES[k] for k in corrected[SCORES].to_numpy(float).argmax(1)]


class Counted:
    """A system that notes what it is asked."""

    def __init__(self, system):
        self.system, self.prompts = system, []
        self.label_tokens = system.label_tokens

    def answer(self, parts, classes, max_new_tokens):
        self.prompts.append(parts)
        return self.system.answer(parts, classes, max_new_tokens)


@pytest.mark.parametrize(
    ("decision", "prompts"), [("likelihood", []), ("mean", []), ("per-prior", [[QUESTION]]), ("reply", [])]
)
def test_a_decision_asks_about_no_clip_again(system, answers, decision, prompts):
    counted = Counted(system)
    answers(decision, counted)
    assert counted.prompts == prompts


def test_likelihood_leaves_the_kept_scores_as_they_are(system, shard, answers):
    for row in answers("likelihood")[0].itertuples():
        reply = system.answer(clip_parts(shard, row.clip_id), CLASSES, 2)
        assert {c: getattr(row, f"score_{c}") for c in CLASSES} == reply.scores


def test_a_system_without_label_tokens_has_no_mean(answers):
    with pytest.raises(StudyError, match="mean needs a system that scores labels by their tokens"):
        answers("mean", object())


def test_which_decisions_read_labels_as_words():
    assert {name for name, decision in DECISIONS.items() if decision.of_words} == {"mean", "per-prior"}
