"""LoRA of a family of the paper, tiny: it learns, only in the language model, and a kill costs nothing."""

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file
from tests.frame_stores import write_store
from tests.tiny_models.models import MODELS, save_tiny
from tests.tiny_models.saved import saved

from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore
from emovlm.models.base import as_frames
from emovlm.models.loading import load_system
from emovlm.models.torch_setup import torch
from emovlm.models.vlm.inputs import reply_tokens
from emovlm.models.vlm.vision_language_model import VisionLanguageModel
from emovlm.training.lora import CHECKPOINT, answer_loss, finetune_lora

SIDE, CLASSES, QUESTION = 28, ["anger", "fear"], "Which emotion?"
ROW = {"system": "tuned", "kind": "vlm", "training": "lora", "family": "qwen2.5-vl", "dtype": "bfloat16"}
PARAMS = {"rank": 8, "batch": 8, "learning_rate": 1e-2, "seed": 1, "save_every": 5, "system": ROW}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "qwen"
    save_tiny("qwen2.5-vl", folder)
    return folder


class Store(FrameStore):
    """Frames of a disk that fails after so many clips were read."""

    left = 10**9

    def frames(self, clip_id, frame_indices):
        self.left -= 1
        if self.left < 0:
            raise OSError("the disk is gone")
        return super().frames(clip_id, frame_indices)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Clips of one to four frames whose class is how bright they are."""
    draw = np.random.default_rng(1)
    pixels, frames, labels = {}, [], []
    for c in range(32):
        n, clip = 1 + c % 4, f"toy/{c:02d}"
        shade = draw.integers(0, 60, (n, SIDE, SIDE, 3), dtype=np.uint8)
        shade += 180 * (c // 4 % 2)
        pixels[clip] = shade
        labels.append({"clip_id": clip, "label": CLASSES[c // 4 % 2]})
        frames += [{"clip_id": clip, "position": f, "frame_index": f, "timestamp_s": f / 5} for f in range(n)]
    path = tmp_path_factory.mktemp("toy") / "0.safetensors"
    write_store(pixels, path)
    order = np.concatenate([draw.permutation(24) for _ in range(10)])
    schedule = pd.DataFrame({"draw": range(240), "clip_id": [labels[i]["clip_id"] for i in order]})
    return path, schedule, pd.DataFrame(frames), pd.DataFrame(labels)


def tune(base, world, folder, reads=10**9, **params):
    path, schedule, sample, labels = world
    store = Store([path])
    store.left = reads
    return finetune_lora(base, schedule, sample, labels, store, QUESTION, {**PARAMS, **params}, folder)


@pytest.fixture(scope="module")
def tuned(base, world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    return folder, tune(base, world, folder)


def test_it_learns_from_the_answers_and_is_loaded_as_it_was_saved(base, world, tuned):
    folder, log = tuned
    assert log["step"].iloc[-1] == 30 and not (folder / CHECKPOINT).exists()
    system = load_system(ROW, folder, base)
    path, _, _, labels = world
    store = FrameStore([path])
    right = []
    for c, label in enumerate(labels["label"][24:], start=24):
        shown = as_frames(store.frames(f"toy/{c:02d}", range(1 + c % 4)), [f / 5 for f in range(1 + c % 4)])
        reply = system.answer([*shown, QUESTION], CLASSES, 4)
        right.append(max(reply.scores, key=reply.scores.get) == label)
        assert reply.text in CLASSES
    assert np.mean(right) > 0.8


def test_only_the_language_model_is_adapted(tuned):
    names = load_file(tuned[0] / "adapter_model.safetensors")
    assert len(names) == 2 * 2 * 7 and all(
        ".language_model.layers." in name for name in names
    )  # A and B, layers, kinds
    assert sorted(p.name for p in tuned[0].iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


@pytest.mark.parametrize("reads", [90, 150])
def test_a_killed_training_goes_on_to_the_same_bytes(base, world, tuned, tmp_path, reads):
    with pytest.raises(OSError, match="the disk is gone"):
        tune(base, world, tmp_path, reads)
    assert (tmp_path / CHECKPOINT).exists() and not (tmp_path / "adapter_model.safetensors").exists()
    log = tune(base, world, tmp_path, 240 - (reads // 40 * 40))  # what was learned is not read again
    assert log.equals(tuned[1])
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (tmp_path / name).read_bytes() == (tuned[0] / name).read_bytes()


def test_the_state_of_another_training_or_a_damaged_one_is_not_taken_up(base, world, tuned, tmp_path):
    with pytest.raises(OSError, match="the disk is gone"):
        tune(base, world, tmp_path, 90, learning_rate=1e-3)
    tune(base, world, tmp_path)
    name = "adapter_model.safetensors"
    assert (tmp_path / name).read_bytes() == (tuned[0] / name).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(b"torn")
    with pytest.raises(StudyError, match="the checkpoint of a training is damaged"):
        tune(base, world, tmp_path)


@pytest.mark.parametrize("family", MODELS)
def test_the_loss_is_that_of_the_answers_tokens_whatever_the_padding(tmp_path, family):
    """Against likelihoods, of every family: prompts of different lengths and kinds, answers of different lengths."""
    save_tiny(family, tmp_path)
    system = VisionLanguageModel(tmp_path, row={"system": family, "family": family})
    draw = np.random.default_rng(0)
    shown = as_frames(draw.integers(0, 256, (4, 56, 56, 3), dtype=np.uint8), np.arange(4) / 5)
    prompts = [[*shown, QUESTION], [shown[0], "A longer question. " + QUESTION], [*shown[:2], QUESTION]]
    labels = ["helplessness", "no", "anger"]
    tokens = [reply_tokens(system.processor, system.header, label) for label in labels]
    with torch.no_grad():
        loss = float(answer_loss(system, prompts, tokens))
    scores = [system.answer([*parts], [label], 1).scores[label] for parts, label in zip(prompts, labels, strict=True)]
    assert loss == pytest.approx(-sum(scores) / sum(map(len, tokens)), abs=1e-4)


def test_a_training_stops_before_its_first_step_where_a_prompt_is_longer_than_the_context(base, world, tmp_path):
    """Of clips of one to four frames; those of three and four are two steps of a video, the others one."""
    system = VisionLanguageModel(base, row=ROW)
    shown = as_frames(np.zeros((4, SIDE, SIDE, 3), np.uint8), np.arange(4) / 5)
    answer = max(len(reply_tokens(system.processor, system.header, c)) for c in CLASSES) + 1  # and its end
    tokens = system.encoded([*shown, QUESTION])["input_ids"].shape[1] + answer
    short = saved("qwen2.5-vl", tmp_path / "short", context=tokens - 1)
    says = (
        f"clip toy/.., 4 frames: prompt and answer take {tokens} tokens, and the model's context is {tokens - 1}; show"
    )
    with pytest.raises(StudyError, match=says):
        tune(short, world, tmp_path / "fails", reads=0)
    log = tune(short, world, tmp_path / "fewer", system={**ROW, "on_overflow": "fewer_frames"})
    assert log["step"].iloc[-1] == 30 and (tmp_path / "fewer/adapter_model.safetensors").exists()


def test_a_schedule_of_clips_without_frames_is_an_error(base, world, tmp_path):
    path, schedule, sample, labels = world
    with pytest.raises(StudyError, match="no clip of the training schedule has frames"):
        finetune_lora(base, schedule, sample.iloc[:0], labels, FrameStore([path]), QUESTION, PARAMS, tmp_path)
