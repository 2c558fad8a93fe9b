"""Systems: real classes through the path of hub models; scores are what a slow reference says."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.frame_stores import write_store

from emovlm.core.contracts.training import LABEL_COUNTS
from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore
from emovlm.models.base import Audio, as_frames
from emovlm.models.fingerprint import system_hash
from emovlm.models.loading import load_system
from emovlm.models.organism.build import build_model, build_processor, save
from emovlm.models.organism.pixels import frame_pixels
from emovlm.models.torch_setup import torch
from emovlm.models.vlm.vision_language_model import VisionLanguageModel
from emovlm.training.captions import vocabulary
from emovlm.training.classifier import train_classifier
from emovlm.training.features import ComputedFeatures, FeatureStore, encode_frames
from emovlm.training.language import pretrain_organism
from emovlm.training.loop import label_counts
from emovlm.training.lora import finetune_lora
from emovlm.training.tower import fit_tower

SIZE = 32
CLASSES = ["anger", "happiness", "surprise"]
QUESTION = "Which emotion?"
TOWER = {
    "architecture": "test_resnet",
    "channels": 96,
    "arguments": {},
    "epochs": 15,
    "batch": 32,
    "learning_rate": 3e-3,
}
LANGUAGE = {"hidden_size": 32, "layers": 2, "heads": 2, "epochs": 12, "batch": 16, "learning_rate": 3e-3}


@pytest.fixture
def model_folder(tmp_path):
    processor = build_processor(vocabulary(CLASSES, [QUESTION, "very sad"]), SIZE)
    save(build_model({"tower": TOWER, "language": LANGUAGE}, processor, 1), processor, tmp_path / "organism")
    return tmp_path / "organism"


@pytest.fixture
def frames():
    return as_frames(np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8), range(4))


def reference_score(system, parts, label):
    """Log-likelihood of a label by one full forward pass over prompt and label."""
    inputs = system._inputs(parts)
    tokens = system.processor.tokenizer(label, add_special_tokens=False, return_tensors="pt")["input_ids"]
    ids = torch.cat([inputs["input_ids"], tokens], 1)
    with torch.inference_mode():
        logits = system.model(input_ids=ids, pixel_values=inputs["pixel_values"]).logits[0].log_softmax(-1)
    n = tokens.shape[1]
    return float(logits[-n - 1 : -1].gather(1, tokens[0, :, None]).sum())


def test_label_scores_equal_a_full_pass_over_each_label(model_folder, frames):
    system = VisionLanguageModel(model_folder)
    labels = [*CLASSES, "very sad", "very very sad"]
    parts = [frames[0], "nothing changes .", frames[1], QUESTION]
    scores = system.answer(parts, labels, 3).scores
    assert scores == pytest.approx({c: reference_score(system, parts, c) for c in labels}, abs=2e-4)


def test_labels_are_scored_too_where_layers_keep_only_a_window_of_what_they_read(model_folder, frames, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "windows")
    config = json.loads((folder / "config.json").read_text())
    layers = config["text_config"]["num_hidden_layers"]
    config["text_config"] |= {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 0,
                              "layer_types": ["sliding_attention"] * layers}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    labels = [*CLASSES, "very sad", "very very sad"]
    system, parts = VisionLanguageModel(folder), [*frames, QUESTION]
    scores = system.answer(parts, labels, 3).scores
    assert scores == pytest.approx({c: reference_score(system, parts, c) for c in labels}, abs=2e-4)
    whole = VisionLanguageModel(model_folder).answer(parts, labels, 3).scores
    assert scores != pytest.approx(whole, abs=2e-4)  # the window matters


def test_the_free_reply_is_what_generate_says(model_folder, frames):
    system = VisionLanguageModel(model_folder)
    parts = [*frames, QUESTION]
    inputs = system._inputs(parts)
    said = system.model.generate(**inputs, max_new_tokens=5, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    expected = system.processor.tokenizer.decode(said, skip_special_tokens=True)
    assert system.say(parts, 5) == system.answer(parts, CLASSES, 5).text == expected


def test_sound_is_nothing_to_a_model_that_does_not_hear(model_folder, frames):
    system = VisionLanguageModel(model_folder)
    heard = Audio(np.ones(16_000, np.float32), 16_000)
    assert system.answer([*frames, heard, QUESTION], CLASSES, 1) == system.answer([*frames, QUESTION], CLASSES, 1)


def test_every_frame_costs_its_visual_tokens_and_their_order_reaches_the_model(model_folder, frames):
    system = VisionLanguageModel(model_folder)
    ordered = system.answer([*frames, QUESTION], CLASSES, 1)
    swapped = system.answer([frames[1], frames[0], *frames[2:], QUESTION], CLASSES, 1)
    assert ordered.tokens - system.answer([*frames[:3], QUESTION], CLASSES, 1).tokens == (SIZE // 32) ** 2
    assert ordered.scores != swapped.scores


def test_training_sees_the_pixels_that_the_saved_processor_makes(model_folder, frames):
    processor = VisionLanguageModel(model_folder).processor
    made = processor.image_processor([frame.pixels for frame in frames], return_tensors="pt")["pixel_values"]
    pixels = torch.from_numpy(np.stack([frame.pixels for frame in frames]))
    assert torch.allclose(made, frame_pixels(pixels), atol=1e-6)


def test_a_folder_without_a_model_is_named(tmp_path):
    row = {"system": "ghost", "kind": "vlm", "training": "pretrain"}
    with pytest.raises(StudyError, match="system ghost: cannot load the model"):
        load_system(row, tmp_path / "ghost")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Clips a model can learn in seconds: the class is the colour, its action unit the brightness."""
    draw = np.random.default_rng(1)
    pixels, truth, rows = {}, [], []
    for c in range(60):
        level = np.linspace(0.2, 1, 4)
        shade = (draw.integers(0, 60, (4, SIZE, SIZE, 3)) + 150 * level[:, None, None, None] * np.eye(3)[c % 3]).astype(
            np.uint8
        )
        clip = f"toy/{c:02d}"
        pixels[clip] = shade
        rows.append({"clip_id": clip, "label": CLASSES[c % 3]})
        for f in range(4):
            units = {f"au_AU{u}": float(level[f]) * (c % 3 == k) for k, u in enumerate((4, 12, 5))}
            truth.append({"clip_id": clip, "frame_index": f, "timestamp_s": f / 4, **units})
    path = tmp_path_factory.mktemp("toy") / "0.safetensors"
    write_store(pixels, path)
    sample = pd.DataFrame(
        [{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 4, "role": "frame", "gap": 0}
         for c in pixels for f in range(4)]
    )  # fmt: skip
    return FrameStore([path]), pd.DataFrame(truth), sample, pd.DataFrame(rows)


@pytest.fixture(scope="module")
def organism(world, tmp_path_factory):
    """Tower and language part trained on the toy world, saved like any system."""
    store, truth, _, labels = world
    models = tmp_path_factory.mktemp("models")
    log = fit_tower(store, truth, {"tower": TOWER, "seed": 3, "image_size": SIZE}, models / "tower")
    captions = pd.DataFrame(
        [{"clip_id": r.clip_id, "frames": [f], "prompt": f" <image> {QUESTION} answer :", "answer": r.label}
         for r in labels.itertuples() if int(r.clip_id[-2:]) < 45 for f in range(4)]
    )  # fmt: skip
    params = {"tower": TOWER, "language": LANGUAGE, "classes": CLASSES, "image_size": SIZE, "seed": 3}
    encode_frames(models / "tower", store, models / "features.safetensors")
    features = FeatureStore([models / "features.safetensors"])
    pretrain_organism(models / "tower", captions, features, [QUESTION], params, models / "toy")
    return models, log


def test_stored_features_are_those_of_the_tower_in_the_model(organism, world):
    models, _ = organism
    store, *_ = world
    stored = FeatureStore([models / "features.safetensors"])
    model = VisionLanguageModel(models / "toy").model.model
    wanted = pd.DataFrame({"clip_id": store.clip_ids()[:3], "frames": [[0, 2], [3, 1], [1]]})
    computed = ComputedFeatures(model.vision_tower, store, wanted)
    for clip, shown in zip(wanted["clip_id"], wanted["frames"], strict=True):
        pixels = frame_pixels(torch.from_numpy(store.frames(clip, shown)))
        with torch.inference_mode():
            seen = model.get_image_features(pixels).pooler_output
            mine = [model.multi_modal_projector(each.of(clip, shown)) for each in (stored, computed)]
        assert all(torch.allclose(one, torch.stack(list(seen)), atol=1e-5) for one in mine)
    with pytest.raises(StudyError, match="has frames 0 to 3, but no frame 4"):
        stored.of(store.clip_ids()[0], [4])


def accuracy(system, world, clips, shown=slice(None)):
    store, _, _, labels = world
    right = []
    for row in labels.iloc[clips].itertuples():
        frames = as_frames(store.frames(row.clip_id, range(4)), range(4))
        reply = system.answer([*frames[shown], QUESTION], CLASSES, 2)
        right.append(max(reply.scores, key=reply.scores.get) == row.label)
    return np.mean(right)


def test_the_organism_learns_and_is_loaded_as_it_was_saved(organism, world):
    models, log = organism
    assert log["metric"].dropna().iloc[-1] > 0.5
    system = load_system({"system": "toy", "kind": "vlm", "training": "pretrain"}, models / "toy")
    assert accuracy(system, world, slice(45, 60), slice(3, 4)) > 0.8


def test_an_adapter_changes_answers_and_leaves_its_base_alone(organism, world, tmp_path):
    models, _ = organism
    store, _, sample, labels = world
    base = system_hash(models / "toy")
    turned = labels.assign(label=[CLASSES[(CLASSES.index(c) + 1) % 3] for c in labels["label"]])
    schedule = pd.DataFrame({"draw": range(480), "clip_id": [labels["clip_id"][i % 45] for i in range(480)]})
    params = {"rank": 8, "batch": 16, "learning_rate": 1e-2, "seed": 3}
    finetune_lora(models / "toy", schedule, sample, turned, store, QUESTION, params, models / "turned")
    row = {"system": "turned", "kind": "vlm", "training": "lora"}
    system = load_system(row, models / "turned", models / "toy")
    assert accuracy(system, (store, None, sample, turned), slice(45, 60)) > 0.8
    assert system_hash(models / "toy", None) == base
    assert system_hash(models / "turned", models / "toy") != base


def test_the_organism_is_not_taught_prompts_longer_than_its_context(organism, world, tmp_path):
    models, _ = organism
    store, _, sample, labels = world
    shutil.copytree(models / "toy", tmp_path / "short")
    config = json.loads((tmp_path / "short/config.json").read_text())
    config["text_config"]["max_position_embeddings"] = (
        8  # four frames, two words of the question, "answer : fear <end>"
    )
    (tmp_path / "short/config.json").write_text(json.dumps(config))
    schedule = pd.DataFrame({"draw": range(20), "clip_id": labels["clip_id"][:20]})
    params = {"rank": 8, "batch": 4, "learning_rate": 1e-2, "seed": 3}
    with pytest.raises(
        StudyError, match=r"clip toy/.*: prompt and answer take 11 tokens, and the model's context is 8"
    ):
        finetune_lora(tmp_path / "short", schedule, sample, labels, store, QUESTION, params, tmp_path / "tuned")


def test_a_system_is_another_one_when_its_chat_template_changes(model_folder):
    before = system_hash(model_folder)
    template = model_folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("answer", "reply"))
    assert system_hash(model_folder) != before


def test_the_video_classifier_learns_from_a_schedule(organism, world, tmp_path):
    models, _ = organism
    store, _, sample, labels = world
    params = {"frames": 4, "hidden_size": 32, "layers": 2, "heads": 2, "dropout": 0.1, "batch": 16, "seed": 3,
              "learning_rate": 3e-3, "classes": CLASSES}  # fmt: skip
    schedule = pd.DataFrame({"draw": range(960), "clip_id": [labels["clip_id"][i % 45] for i in range(960)]})
    train_classifier(models / "tower", schedule, sample, labels, store, params, models / "classifier")
    row = {"system": "classifier", "kind": "vision", "training": "classifier"}
    system = load_system(row, models / "classifier", models / "tower")
    assert accuracy(system, world, slice(45, 60)) > 0.8
    frames = as_frames(store.frames("toy/50", range(4)), range(4))
    ordered = system.answer(frames, CLASSES)
    assert sum(np.exp(list(ordered.scores.values()))) == pytest.approx(1, abs=1e-3)
    assert system.answer(frames[::-1], CLASSES).scores != ordered.scores


def test_label_counts_are_how_often_each_emotion_was_named():
    counts = LABEL_COUNTS.conform(label_counts(pd.Series(["fear", None, "anger", "fear"])), "labels").to_pandas()
    assert counts.to_numpy().tolist() == [["anger", 1], ["fear", 2]]
