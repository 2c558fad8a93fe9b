"""Models that think before they answer: no label is scored as the first words of a thought, and no thought is lost."""

import shutil

import numpy as np
import pytest
from tests.tiny_models.models import MODELS
from tests.tiny_models.saved import loaded, saved
from tests.tiny_models.templates import THINKING
from transformers import AutoModelForImageTextToText, AutoProcessor

from emovlm.core.errors import StudyError
from emovlm.models.base import Frame
from emovlm.models.torch_setup import torch
from emovlm.models.vlm.chat import Turn, find_turn, reply_text
from emovlm.models.vlm.vision_language_model import VisionLanguageModel

CLASSES, QUESTION = ["anger", "helplessness", "no"], "Which emotion does the person show?"
BEGUN = "<|im_end|>\n<|im_start|>assistant\n"
EMPTY = "<think>\n\n</think>\n\n"
HEADERS = {
    "opened": BEGUN + EMPTY,
    "opened, without answers": BEGUN + EMPTY,
    "opened, answers without": BEGUN + "<think></think>\n",
    "switch": BEGUN + EMPTY,
    "no switch": BEGUN + EMPTY,
    "switch in the question": "/nothink" + BEGUN + "<think></think>\n",
    "switch in the question alone": "/nothink" + BEGUN,
    "switch of another name": BEGUN + "</think>",
    "asked for": BEGUN + EMPTY,
}
"""What must stand between question and answer, by the templates' own writing."""


def frames(n):
    draw = np.random.default_rng(0)
    return [Frame(draw.integers(0, 256, (56, 56, 3), dtype=np.uint8), i / 5) for i in range(n)]


@pytest.fixture(scope="module")
def thinking(tmp_path_factory):
    """A tiny InternVL whose tokenizer has the marks of thoughts."""
    folder = saved("internvl", tmp_path_factory.mktemp("thinking") / "tiny")
    model, processor = AutoModelForImageTextToText.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    processor.tokenizer.add_tokens(["<think>", "</think>"])
    model.resize_token_embeddings(len(processor.tokenizer))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def of_kind(folder, kind, to):
    shutil.copytree(folder, to)
    (to / "chat_template.jinja").write_text(THINKING[kind])
    return loaded("internvl", to)


def likelihood(system, text, label):
    """Log-likelihood of a label after a text with one frame, by one pass over both, nothing kept."""
    inputs = system.placed(system.encoded([*frames(1), QUESTION]))
    shown, told = (system.processor.tokenizer(part)["input_ids"] for part in (text, label))
    ids = torch.tensor([shown + told])
    with torch.inference_mode():
        logits = system.model(input_ids=ids, pixel_values=inputs["pixel_values"]).logits[0].log_softmax(-1)
    return float(logits[-len(told) - 1 : -1].gather(1, torch.tensor(told)[:, None]).sum())


@pytest.mark.parametrize("kind", THINKING)
def test_labels_are_scored_and_replies_begin_behind_a_closed_thought(thinking, tmp_path, kind):
    system = of_kind(thinking, kind, tmp_path / "tiny")
    parts = [*frames(1), QUESTION]
    read = system.processor.tokenizer.decode(system._inputs(parts)["input_ids"][0])
    assert read.endswith(QUESTION + HEADERS[kind]) and read.count("<think>") - read.count("</think>") in (0, -1)
    reply = system.answer(parts, CLASSES, 4)
    gap = "" if HEADERS[kind][-1].isspace() else " "  # as a reply begins
    expected = {label: likelihood(system, read, gap + label) for label in CLASSES}
    assert reply.scores == pytest.approx(expected, abs=5e-4)
    inputs = system._inputs(parts)
    said = system.model.generate(**inputs, max_new_tokens=4, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert reply.text == system.processor.tokenizer.decode(said, skip_special_tokens=True).strip()


def test_a_thought_that_cannot_be_closed_is_refused_with_the_reason(tmp_path):
    folder = saved("internvl", tmp_path / "tiny")
    processor = AutoProcessor.from_pretrained(folder)
    processor.tokenizer.add_tokens(["<think>"])
    processor.chat_template = THINKING["opened, answers without"]
    processor.save_pretrained(folder)
    with pytest.raises(StudyError, match=r"opens a thought with <think> and the tokenizer has no </think>"):
        loaded("internvl", folder)


@pytest.mark.parametrize("family", MODELS)
def test_the_template_of_a_model_that_does_not_think_is_rendered_as_it_is(tmp_path, family):
    processor = VisionLanguageModel(saved(family, tmp_path), row={"system": "tiny", "family": family}).processor
    asked = [{"role": "user", "content": [{"type": "text", "text": "What?"}]}]
    begun, whole = (processor.apply_chat_template(asked, add_generation_prompt=on) for on in (False, True))
    turn = find_turn(processor)
    assert turn == Turn(header=whole.removeprefix(begun)) and turn.prompt(processor, asked[0]["content"]) == whole


@pytest.mark.parametrize("special", [True, False])
def test_the_marks_of_a_thought_stay_in_a_reply_whatever_kind_of_token_they_are(thinking, special):
    tokenizer = AutoProcessor.from_pretrained(thinking).tokenizer
    marks = ["[THINK]", "[/THINK]"] if special else ["<think>", "</think>"]
    tokenizer.add_tokens(marks, special_tokens=special)
    whole = tokenizer(f"{marks[0]}The brows\n{marks[1]}\n\nanger<|im_end|>")["input_ids"]
    assert reply_text(tokenizer, whole) == f"{marks[0]}The brows\n{marks[1]}\n\nanger"
    assert reply_text(tokenizer, whole[:3]).startswith(marks[0]) and marks[1] not in reply_text(tokenizer, whole[:3])
    assert reply_text(tokenizer, tokenizer("anger<|im_end|>")["input_ids"]) == "anger"
