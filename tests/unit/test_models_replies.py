"""Free replies are those of the model's own `generate`, by its own generation configuration; a cut one is marked."""

import numpy as np
import pytest
from tests.tiny_models.models import MODELS
from tests.tiny_models.saved import loaded, saved

from emovlm.models.base import Frame

CLASSES, QUESTION, NEW = ["anger", "no"], "Which emotion does the person show?", 12
each_family = pytest.mark.parametrize("family", MODELS)


def prompts():
    draw = np.random.default_rng(0)
    shown = [Frame(draw.integers(0, 256, (84, 84, 3), dtype=np.uint8), i / 5) for i in range(5)]
    return [
        [*shown[:4], QUESTION],
        [shown[0], "brows rise.", shown[1], QUESTION],
        [*shown, "A longer one. " + QUESTION],
    ]


def generated(system, parts, **how):
    """What the model's own `generate` says: its tokens and text."""
    inputs = system._inputs(parts)
    settings = {"max_new_tokens": NEW, "do_sample": False, **how}
    said = system.model.generate(**inputs, **settings)[0, inputs["input_ids"].shape[1] :]
    return said.tolist(), system.processor.tokenizer.decode(said, skip_special_tokens=True).strip()


RULES = {
    "repetition_penalty": 1.8,
    "no_repeat_ngram_size": 1,
    "min_new_tokens": 9,
    "suppress_tokens": None,  # those that are said without it
    "begin_suppress_tokens": None,
    "bad_words_ids": None,
    "exponential_decay_length_penalty": [2, 1.9],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_reply_follows_the_generation_configuration(tmp_path, rule):
    plain = loaded("internvl", saved("internvl", tmp_path / "plain"))
    said = sorted({token for parts in prompts() for token in generated(plain, parts)[0][:2]})
    value = RULES[rule] or ([[token] for token in said] if rule == "bad_words_ids" else said)
    ends = {"eos_token_id": said[:1]} if rule == "min_new_tokens" else {}
    system = loaded("internvl", saved("internvl", tmp_path / "own", **{rule: value}, **ends))
    assert getattr(system.model.generation_config, rule) == value
    found = system.answer_many(prompts(), CLASSES, NEW)
    assert [reply.text for reply in found] == [generated(system, parts)[1] for parts in prompts()]
    assert [reply.text for reply in found] != [generated(plain, parts)[1] for parts in prompts()]
    assert [reply.scores for reply in found] == [
        pytest.approx(reply.scores, abs=5e-4) for reply in plain.answer_many(prompts(), CLASSES, NEW)
    ]


@each_family
def test_a_penalty_on_repetition_counts_the_prompt_of_every_family_and_not_the_padding_of_a_batch(tmp_path, family):
    system = loaded(family, saved(family, tmp_path / "tiny", repetition_penalty=1.8))
    together = system.answer_many(prompts(), CLASSES, NEW)
    for parts, reply in zip(prompts(), together, strict=True):
        assert reply.text == system.say(parts, NEW) == generated(system, parts)[1]


def test_the_best_token_is_taken_though_the_configuration_samples(tmp_path):
    plain = loaded("qwen2.5-vl", saved("qwen2.5-vl", tmp_path / "plain"))
    sampling = {"do_sample": True, "temperature": 5.0, "top_p": 0.9, "top_k": 50}
    system = loaded("qwen2.5-vl", saved("qwen2.5-vl", tmp_path / "sampling", **sampling))
    assert system.model.generation_config.do_sample
    for parts in prompts():
        expected = generated(system, parts, temperature=1.0, top_p=1.0, top_k=0)[1]
        assert system.say(parts, NEW) == plain.say(parts, NEW) == expected


@each_family
def test_a_reply_is_cut_where_it_does_not_end_by_itself(tmp_path, family):
    plain = loaded(family, saved(family, tmp_path / "plain"))
    tokens = generated(plain, prompts()[0])[0]
    last = next(k for k in range(2, NEW) if tokens[k] not in tokens[:k])  # where the reply is made to end
    ends = [plain.processor.tokenizer.eos_token_id, tokens[last]]
    system = loaded(family, saved(family, tmp_path / "ends", eos_token_id=ends))
    replies = {most: system.answer(prompts()[0], CLASSES, most) for most in (last, last + 1, NEW)}
    assert {most: reply.cut for most, reply in replies.items()} == {last: True, last + 1: False, NEW: False}
    assert len({reply.text for reply in replies.values()}) == 1
    both = system.answer_many([prompts()[0], [QUESTION]], CLASSES, last)
    assert both[0].cut
