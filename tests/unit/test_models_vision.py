"""What the vision tower makes of frames is computed once, and is the same whether it was kept or not."""

import numpy as np
import pytest
from tests.tiny_models.models import MODELS
from transformers import BatchFeature

from emovlm.core.errors import StudyError
from emovlm.models.base import Frame
from emovlm.models.loading import load_system
from emovlm.models.torch_setup import torch
from emovlm.models.vlm.batches import Limits, Sorter, padded_length
from emovlm.models.vlm.encoding import Encoded
from emovlm.models.vlm.reading import Batch, Reader
from emovlm.models.vlm.vision import GROUP, MEMORY, Memory

CLASSES = ["anger", "sadness", "helplessness", "no"]
QUESTION = "Which emotion does the person show?"
COMPUTED = {"internvl": 10, "llava-next-video": 8, "llava-onevision": 8, "video-llava": 10, "smolvlm": 10}
"""Frames that the tower computes for the conditions below. Of three families a frame alone is prepared in another way
than one of a video; of Qwen's, a video is computed in steps of two frames."""
STEPS = 12
each_family = pytest.mark.parametrize("family", MODELS)


def load(folders, family, **row):
    return load_system({"system": "t", "kind": "vlm", "training": "none", "family": family, **row}, folders(family))


def frames(n, seed=0):
    draw = np.random.default_rng(seed)
    return [Frame(draw.integers(0, 256, (56, 56, 3), dtype=np.uint8), i / 5) for i in range(n)]


def conditions(shown):
    """Eight frames of a clip as conditions show them: all, half of them, shuffled, reversed, with texts between."""
    texts = [part for frame in shown[::4] for part in (frame, "brows rise.")]
    return [[*order, QUESTION] for order in (shown, shown[::2], shown[4:] + shown[:4], shown[::-1], texts)]


@each_family
def test_each_frame_is_computed_once_and_answers_are_the_same_without_memory(folders, family, monkeypatch):
    prompts = conditions(frames(8))
    system = load(folders, family)
    found = [system.answer(parts, CLASSES, 2) for parts in prompts]
    assert system.vision.computed == COMPUTED.get(family, STEPS) < system.vision.shown
    monkeypatch.setenv(MEMORY, "0")
    forgetful = load(folders, family)
    assert [forgetful.answer(parts, CLASSES, 2) for parts in prompts] == found
    assert forgetful.vision.computed > system.vision.computed
    assert forgetful.vision.memory.size == 0


@each_family
def test_features_are_those_of_the_models_own_forward_pass(folders, family):
    """It takes the pixels. Of later conditions, some frames were seen before."""
    system = load(folders, family)
    for parts in conditions(frames(8)):
        inputs = system._inputs(parts)
        with torch.inference_mode():
            expected = system.reader.forward(inputs).logits[0, -1]
        [(_, _, seen)] = system._in_batches([parts], 1, lambda batch: [system.reader.read(batch).logits[0]])
        assert torch.allclose(seen, expected.float(), atol=1e-4)


def test_memory_is_bounded_and_what_is_large_is_not_kept():
    memory = Memory(100)
    for i in range(50):
        memory.add(str(i), (torch.zeros(5), torch.zeros(1)))  # 24 bytes
        assert memory.size == 24 * min(i + 1, 4)
    kept = [key for key in map(str, range(50)) if memory.get(key) is not None]
    assert len(kept) == 4
    memory.add("large", (torch.zeros(26),))
    assert memory.get("large") is None
    assert [key for key in map(str, range(50)) if memory.get(key) is not None] == kept


def test_going_through_all_again_finds_what_fits_of_it():
    """The longest unused would go just before it is asked for."""
    memory, found = Memory(50 * 4), 0
    for _ in range(10):
        for i in range(100):
            if memory.get(str(i)) is None:
                memory.add(str(i), (torch.zeros(1),))
            else:
                found += 1
    assert found > 150


def test_the_size_of_the_memory_must_be_a_number(folders, monkeypatch):
    monkeypatch.setenv(MEMORY, "much")
    with pytest.raises(StudyError, match=f"{MEMORY}: 'much' is no whole number of MiB"):
        load(folders, "internvl")


def test_the_tower_always_gets_groups_of_one_size(folders):
    system, given = load(folders, "internvl"), []
    tower = system.model.model.vision_tower
    hook = tower.register_forward_pre_hook(lambda _, args, named: given.append(len(named["pixel_values"])),
                                           with_kwargs=True)  # fmt: skip
    system.answer_many([[*frames(9), QUESTION], [*frames(9, seed=1), QUESTION], [frames(1)[0], QUESTION]], CLASSES, 1)
    hook.remove()
    assert set(given) == {GROUP}


def test_padded_lengths_are_few_and_longer_by_an_eighth_at_most():
    lengths = [padded_length(n) for n in range(1, 40_000)]
    assert all(n < length <= n + max(8, n / 8 + 1) for n, length in enumerate(lengths, start=1))
    assert len(set(lengths)) < 100


def test_batches_are_due_where_they_are_full_or_too_many_wait():
    limits = Limits(prompts=2, tokens=1000)
    sorter = Sorter(limits)

    def prompt(tokens):
        return Encoded(BatchFeature({"input_ids": torch.zeros(1, tokens)}), {}, BatchFeature)

    assert list(sorter.add(0, prompt(10))) == []
    assert list(sorter.add(1, prompt(100))) == []
    assert [(n, list(p)) for n, p in sorter.add(2, prompt(11))] == [(16, [0, 2])]
    assert [(n, list(p)) for n, p in sorter.add(3, prompt(2000))] == [(2048 + 128 - 128, [3])]  # longer than allowed
    due = [batch for i in range(4, 24) for batch in sorter.add(i, prompt(40 * i))]
    assert due and sum(len(p) for _, p in due) + sum(len(p) for _, p in sorter.rest()) == 21


def test_where_memory_is_too_small_batches_are_halved_and_stay_so(folders, monkeypatch, capsys):
    system = load(folders, "internvl", batch=8)
    prompts = [[*frames(2, seed), QUESTION] for seed in range(8)]
    expected = load(folders, "internvl", batch=2).answer_many(prompts, CLASSES, 2)
    read, given = Reader.read, []

    def short_of_memory(self, batch: Batch):
        given.append(len(batch.inputs["input_ids"]))
        if given[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return read(self, batch)

    monkeypatch.setattr(Reader, "read", short_of_memory)
    assert system.answer_many(prompts, CLASSES, 2) == expected
    assert given == [8, 4, 2, 2, 2, 2]
    assert system.answer_many(prompts, CLASSES, 2) == expected
    assert given[6:] == [2, 2, 2, 2]
    assert "memory is too small for 8 prompts" in capsys.readouterr().err
    monkeypatch.setattr(Reader, "read", lambda self, batch: (_ for _ in ()).throw(torch.OutOfMemoryError("no")))
    with pytest.raises(torch.OutOfMemoryError):
        system.answer_many(prompts, CLASSES, 2)


def test_prompts_may_be_made_ahead_of_the_model(folders):
    prompts = [[*frames(1 + i % 3, i), QUESTION] for i in range(12)]
    system = load(folders, "internvl", batch=2)
    expected = system.answer_many(prompts, CLASSES, 2)
    system.ahead = 3
    assert system.answer_many(prompts, CLASSES, 2) == expected
