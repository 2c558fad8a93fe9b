"""Official checkpoints are read safely and strictly; MAE-DFER and HiCMAE answer by views and learn from draws."""

import itertools
import json
import math
import os
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest
from tests.frame_stores import write_store
from tests.tiny_models.dfer import TINY, write_random_checkpoint

from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore
from emovlm.models.base import Audio, Frame, as_frames
from emovlm.models.dfer.dfer_classifier import DferClassifier, frame_step, resized, view_starts
from emovlm.models.dfer.official_weights import (
    OFFICIAL_CLASSES,
    build_network,
    load_finetuned,
    load_network,
    load_pretrained,
    save_network,
)
from emovlm.models.dfer.spectrogram import MEAN, SPREAD, heard_with, log_mel
from emovlm.models.fingerprint import system_hash
from emovlm.models.hub import take_checkpoint
from emovlm.models.loading import load_system
from emovlm.models.torch_setup import torch
from emovlm.training.dfer_finetuning import _crop, parameter_groups, train_dfer

CLASSES = ["happiness", "sadness", "surprise"]
NETWORKS = list(TINY)


def checkpoint(folder, network, seed=1, pretrained=False, classes=3):
    path = folder / f"{network}-{seed}.pth"
    write_random_checkpoint(path, network, classes, seed, pretrained, TINY[network])
    return path


def save_finetuned(path, network, folder):
    """Load an official fine-tuned checkpoint and save it as the study saves what it trains."""
    model = build_network(network, len(CLASSES), TINY[network])
    load_finetuned(model, path)
    save_network(model, CLASSES, folder)


def system(folder, network, seed=1):
    save_finetuned(checkpoint(folder, network, seed), network, folder / network)
    return load_system({"system": network, "kind": "vision", "family": network}, folder / network)


def clip(n, size=16, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    return as_frames(pixels, np.arange(n) / 5)


def noise(seconds, seed=0):
    samples = np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds))
    return Audio(samples.astype(np.float32), 16_000)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_finetuned_checkpoint_is_loaded_and_saved_without_loss(tmp_path, network):
    path = checkpoint(tmp_path, network)
    found = torch.load(path, weights_only=False)
    assert isinstance(found["args"], Namespace)
    save_finetuned(path, network, tmp_path / "saved")
    model, classes = load_network(tmp_path / "saved")
    assert classes == CLASSES
    weights = model.state_dict()
    assert weights.keys() == found["model"].keys()
    assert all(torch.equal(weights[name], value) for name, value in found["model"].items())
    assert sorted(p.name for p in (tmp_path / "saved").iterdir()) == ["config.json", "model.safetensors"]
    assert json.loads((tmp_path / "saved/config.json").read_text())["network"] == network
    assert system_hash(tmp_path / "saved")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["mafw", "dfew"])
def test_a_released_checkpoint_answers_in_the_order_of_its_datasets_labels(tmp_path, network, kind):
    classes = OFFICIAL_CLASSES[kind]
    take_checkpoint(checkpoint(tmp_path, network, classes=len(classes)), tmp_path / "fetched")
    fetched = {"network": network, "kind": kind, "dimensions": TINY[network]}
    (tmp_path / "fetched/fetched.json").write_text(json.dumps(fetched))
    _, known = load_network(tmp_path / "fetched")
    assert known == classes
    released = load_system(
        {"system": "x", "kind": "vision", "training": "none", "family": network}, tmp_path / "fetched"
    )
    assert set(released.answer(clip(4), sorted(classes)).scores) == set(classes)
    fetched["kind"] = "mafw" if kind == "dfew" else "dfew"
    (tmp_path / "fetched/fetched.json").write_text(json.dumps(fetched))
    with pytest.raises(StudyError, match=r"of another shape: .*head"):
        load_network(tmp_path / "fetched")


@pytest.mark.parametrize("network", NETWORKS)
def test_a_pretrained_checkpoint_gives_the_encoder_and_leaves_the_head(tmp_path, network):
    path = checkpoint(tmp_path, network, pretrained=True)
    saved = torch.load(path, weights_only=False)["model"]
    model = build_network(network, 3, TINY[network])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    load_pretrained(model, path)
    prefix = "encoder." if network == "mae-dfer" else ""
    for name, value in model.state_dict().items():
        if name.startswith(model.new):
            assert torch.equal(value, before[name]), name
        else:
            assert torch.equal(value, saved[prefix + name]), name
    with pytest.raises(StudyError, match="a fine-tuned checkpoint where a pretrained one is asked for"):
        load_pretrained(model, checkpoint(tmp_path, network, seed=2))


def changed(path, change):
    saved = torch.load(path, weights_only=False)
    change(saved)
    torch.save(saved, path)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.pop("head.bias"), "1 missing: head.bias"),
        (lambda m: m.update(cls_token=torch.zeros(1)), "1 unknown: cls_token"),
        (lambda m: m.update({"head.bias": torch.zeros(7)}), r"1 of another shape: head.bias is \[7\], not \[3\]"),
        (
            lambda m: [m.pop(name) for name in list(m) if name.startswith("blocks.1.")],
            r"32 missing: blocks\.1\.first_attn\.kv\.weight, .*, \.\.\.",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, said):
    path = changed(checkpoint(tmp_path, "mae-dfer"), lambda saved: change(saved["model"]))
    with pytest.raises(StudyError, match=said):
        load_finetuned(build_network("mae-dfer", 3, TINY["mae-dfer"]), path)


def test_what_a_pretrained_checkpoint_has_beside_encoder_and_decoder_is_an_error(tmp_path):
    path = checkpoint(tmp_path, "mae-dfer", pretrained=True)
    changed(path, lambda saved: saved["model"].update({"encoder.pos_embed": torch.zeros(1)}))
    with pytest.raises(StudyError, match="1 unknown: pos_embed"):
        load_pretrained(build_network("mae-dfer", 3, TINY["mae-dfer"]), path)


def test_weights_may_stand_under_module_or_alone(tmp_path):
    for form in (lambda saved: {"module": saved["model"]}, lambda saved: saved["model"]):
        path = checkpoint(tmp_path, "mae-dfer")
        torch.save(form(torch.load(path, weights_only=False)), path)
        load_finetuned(build_network("mae-dfer", 3, TINY["mae-dfer"]), path)


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path):
    path = checkpoint(tmp_path, "mae-dfer")
    changed(path, lambda saved: setattr(saved["args"], "model", Hostile(tmp_path / "harm")))
    model = build_network("mae-dfer", 3, TINY["mae-dfer"])
    with pytest.raises(StudyError, match="holds objects other than weights and plain values"):
        load_finetuned(model, path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("text", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_or_missing_checkpoint_is_said_to_be_so(tmp_path, text):
    model = build_network("mae-dfer", 3, TINY["mae-dfer"])
    with pytest.raises(StudyError, match="no such checkpoint"):
        load_finetuned(model, tmp_path / "none.pth")
    (tmp_path / "some.pth").write_bytes(text)
    with pytest.raises(StudyError, match="damaged"):
        load_finetuned(model, tmp_path / "some.pth")
    torch.save({"model": [1, 2]}, tmp_path / "some.pth")
    with pytest.raises(StudyError, match="no weights under 'model' or 'module'"):
        load_finetuned(model, tmp_path / "some.pth")


def test_a_folder_without_a_network_and_unknown_dimensions_are_errors_for_people(tmp_path):
    with pytest.raises(StudyError, match="no saved MAE-DFER or HiCMAE"):
        load_network(tmp_path)
    with pytest.raises(StudyError, match="mae-dfer has no dimension width"):
        build_network("mae-dfer", 3, {"width": 3})
    with pytest.raises(StudyError, match="unknown network 'resnet'; known: mae-dfer, hicmae"):
        build_network("resnet", 3)


def test_the_official_labels_are_classes_of_both_datasets():
    assert len(OFFICIAL_CLASSES["mafw"]) == 11
    assert set(OFFICIAL_CLASSES["dfew"]) < set(OFFICIAL_CLASSES["mafw"])


@pytest.mark.parametrize("network", NETWORKS)
def test_scores_are_log_probabilities_in_the_order_of_the_labels(tmp_path, network):
    tested = system(tmp_path, network)
    reply = tested.answer([*clip(4), "Which emotion?"], CLASSES)
    assert (reply.text, reply.tokens) == ("", 0)
    assert sum(map(math.exp, reply.scores.values())) == pytest.approx(1, abs=1e-3)
    inputs = tested._inputs(clip(4))
    with torch.inference_mode():
        logits = tested.model(*inputs)[0]
    assert list(reply.scores.values()) == pytest.approx(logits.log_softmax(-1).tolist(), abs=1e-4)
    swapped = tested.answer(clip(4), CLASSES[::-1]).scores
    assert swapped == reply.scores and list(swapped) == CLASSES[::-1]
    with pytest.raises(StudyError, match="knows happiness, sadness, surprise, not anger"):
        tested.answer(clip(4), ["anger"])


@pytest.mark.parametrize("network", NETWORKS)
def test_the_order_of_frames_reaches_the_network(tmp_path, network):
    tested, frames = system(tmp_path, network), clip(4)
    assert tested.answer(frames, CLASSES).scores != tested.answer(frames[::-1], CLASSES).scores


def test_a_clip_has_a_view_of_its_first_and_one_of_its_last_frames():
    assert [view_starts(n, 16) for n in (1, 16, 17, 40)] == [[0], [0], [0, 1], [0, 24]]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_clip_is_answered_by_the_mean_probability_of_its_views(tmp_path, network):
    tested, frames, sound = system(tmp_path, network), clip(7), noise(2)
    whole = tested.answer([*frames, sound], CLASSES).scores
    views = [tested.answer([*part, sound], CLASSES).scores for part in (frames[:4], frames[3:])]
    for label in CLASSES:
        mean = np.mean([math.exp(view[label]) for view in views])
        assert math.exp(whole[label]) == pytest.approx(mean, abs=2e-4)
    middle = [*frames[:4], Frame(frames[0].pixels, 0.8), *frames[4:]]
    assert len(tested._inputs(middle)[0]) == 2


def test_a_short_clip_goes_on_with_its_last_frame(tmp_path):
    tested, frames = system(tmp_path, "mae-dfer"), clip(2)
    assert tested.answer(frames, CLASSES) == tested.answer([*frames, frames[1], frames[1]], CLASSES)


def test_frames_of_another_size_are_made_square_at_the_size_of_the_network(tmp_path):
    grey = np.full((2, 40, 30, 3), 77, np.uint8)
    assert np.array_equal(resized(grey, 16), np.full((2, 16, 16, 3), 77))
    tested = system(tmp_path, "mae-dfer")
    [inputs] = tested._inputs(as_frames(grey, range(2)))
    assert inputs.shape == (1, 3, 4, 16, 16)
    assert inputs[0, :, 0, 0, 0].tolist() == pytest.approx(
        [(77 / 255 - m) / d for m, d in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
    )


def test_hicmae_hears_and_mae_dfer_does_not(tmp_path):
    for network in NETWORKS:
        tested, frames = system(tmp_path, network), clip(4)
        scores = [tested.answer([*frames, *heard], CLASSES).scores for heard in ([], [noise(1)], [noise(1, seed=1)])]
        assert len({tuple(s.values()) for s in scores}) == (3 if network == "hicmae" else 1)


def test_a_crop_is_one_for_all_frames_and_has_the_size_of_the_network():
    still = torch.arange(20 * 30 * 3).reshape(20, 30, 3).remainder(256).to(torch.uint8).expand(4, -1, -1, -1)
    for seed in range(20):
        cropped = _crop(still, 16, 0.08, np.random.default_rng(seed))
        assert cropped.shape == (4, 16, 16, 3)
        assert all(torch.equal(cropped[0], frame) for frame in cropped)
    whole = {_crop(still[:, :, :20], 20, 1, np.random.default_rng(seed)).numpy().tobytes() for seed in range(20)}
    kept = still[:, :, :20].float()
    assert whole == {kept.numpy().tobytes(), kept.flip(2).contiguous().numpy().tobytes()}


def test_a_view_hears_the_sound_of_its_frames_in_whatever_order_they_are():
    sound = noise(4)
    times = np.array([1.0, 1.2, 1.4])
    piece = heard_with(sound, times, 0.2)
    assert np.array_equal(piece, sound.samples[16_000:25_600])
    assert np.array_equal(piece, heard_with(sound, times[::-1], 0.2))
    assert len(heard_with(sound, np.array([3.5, 3.9]), 0.4)) == 8_000, "the sound ends"


def official_piece(samples, indices, frames, step=4):
    """What the official loader cuts for the frames of a view: by their places among all frames of the clip."""
    first, last = indices[0], min(indices[-1] + step, frames - 1)
    return samples[int(first / (frames - 1.0) * len(samples)) : int(last / (frames - 1.0) * len(samples))]


@pytest.mark.parametrize("frames", [40, 66, 67, 100, 131, 640])
@pytest.mark.parametrize("seconds", [2.3, 3.9871, 25.6])
@pytest.mark.parametrize("fps", [25, 29.97])
def test_a_view_hears_what_the_official_loader_cuts_for_it(frames, seconds, fps):
    samples = noise(seconds).samples
    sound = Audio(samples, 16_000, (frames - 1) / fps)
    times = (np.arange(0, frames, 4) / fps).round(6)
    for start in view_starts(len(times), 16):
        view = np.arange(start, min(start + 16, len(times)))
        heard = heard_with(sound, times[view], frame_step(times))
        assert np.array_equal(heard, official_piece(samples, view * 4, frames))


def test_a_single_frame_hears_all_and_a_clip_without_sound_hears_silence():
    sound = noise(4)
    assert heard_with(sound, np.array([2.0]), 0.0) is sound.samples
    for nothing in (None, Audio(sound.samples[:1000], 16_000)):
        assert not heard_with(nothing, np.array([0.0, 1.0]), 1.0).any()
    with pytest.raises(StudyError, match="44100 samples a second; decode the clip's sound at 16000"):
        heard_with(Audio(sound.samples, 44_100), np.array([0.0]), 0.0)


def slow_log_mel(samples, bands):
    """Kaldi's filter bank, one window, frequency and band at a time."""
    samples = samples.astype(float) - samples.mean()
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * i / 399) for i in range(400)]
    wave = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(512)) / 512)
    mels = np.linspace(1127 * math.log(1 + 20 / 700), 1127 * math.log(1 + 8000 / 700), bands + 2)
    rows = []
    for start in range(0, len(samples) - 399, 160):
        window = samples[start : start + 400] - samples[start : start + 400].mean()
        emphasised = [window[0] * 0.03, *(b - 0.97 * a for a, b in itertools.pairwise(window))]
        power = abs(wave @ np.pad(np.array(emphasised) * hann, (0, 112))) ** 2
        row = []
        for low, centre, high in zip(mels, mels[1:], mels[2:], strict=False):
            energy = 0.0
            for i, p in enumerate(power):
                mel = 1127 * math.log(1 + i * 16_000 / 512 / 700)
                energy += p * max(0.0, min((mel - low) / (centre - low), (high - mel) / (high - centre)))
            row.append(math.log(max(energy, np.finfo(np.float32).eps)))
        rows.append(row)
    return np.array(rows)


def test_the_spectrogram_is_kaldis_and_ends_with_zeros_before_it_is_normalised():
    samples = noise(0.06).samples + 0.2
    slow = slow_log_mel(samples, 23)
    found = log_mel(samples, 8, 23)
    assert found.shape == (8, 23) and len(slow) == 4
    assert found[:4] == pytest.approx((slow - MEAN) / (2 * SPREAD), abs=1e-4)
    assert found[4:] == pytest.approx(-MEAN / (2 * SPREAD))
    assert log_mel(noise(9).samples, 256, 128).shape == (256, 128)


def written(folder, sequences):
    """A store, manifest, sample and schedule of clips that brighten (happiness) or darken (sadness)."""
    clips, labels = {}, {}
    for i in range(sequences):
        ramp = np.linspace(40, 215, 6) if i % 2 else np.linspace(215, 40, 6)
        clips[f"d/{i}"] = np.broadcast_to(ramp[:, None, None, None], (6, 20, 20, 3)).astype(np.uint8)
        labels[f"d/{i}"] = CLASSES[0] if i % 2 else CLASSES[1]
    write_store(clips, folder / "store.safetensors")
    sample = pd.DataFrame([(c, p, p, p / 5) for c in clips for p in range(6)])
    sample.columns = ["clip_id", "position", "frame_index", "timestamp_s"]
    manifest = pd.DataFrame({"clip_id": list(labels), "label": list(labels.values())})
    schedule = pd.DataFrame({"draw": range(480), "clip_id": [list(clips)[i * 7 % sequences] for i in range(480)]})
    return FrameStore([folder / "store.safetensors"]), sample, manifest, schedule


def params(network, **other):
    return {
        "network": network, "classes": CLASSES, "batch": 8, "learning_rate": 3e-3, "seed": 3, "crop": 0.5, "mixup": 0.0,
        "dimensions": TINY[network], **other,
    }  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_learns_what_only_the_order_of_frames_tells(tmp_path, network):
    store, sample, manifest, schedule = written(tmp_path, 4)
    start = checkpoint(tmp_path, network, pretrained=True)
    log = train_dfer(start, schedule, sample, manifest, store, params(network), tmp_path / "m", lambda clip: None)
    assert log["loss"].iloc[-1] < log["loss"].iloc[0]
    tested = DferClassifier(tmp_path / "m")
    for clip_id, label in zip(manifest["clip_id"], manifest["label"], strict=True):
        scores = tested.answer(as_frames(store.frames(clip_id, range(6)), np.arange(6) / 5), CLASSES).scores
        assert max(scores, key=scores.get) == label


@pytest.mark.parametrize("network", NETWORKS)
def test_training_again_gives_the_same_network(tmp_path, network):
    store, sample, manifest, schedule = written(tmp_path, 4)
    start = checkpoint(tmp_path, network, pretrained=True)
    settings = params(network, mixup=0.8, dimensions={**TINY[network], "drop_path": 0.2})
    sounds = {clip: noise(1.2, seed) for seed, clip in enumerate(manifest["clip_id"])}
    for name in ("a", "b"):
        train_dfer(start, schedule[:40], sample, manifest, store, settings, tmp_path / name, sounds.get)
        torch.rand(3)
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()
    train_dfer(start, schedule[:40], sample, manifest, store, {**settings, "seed": 4}, tmp_path / "b", sounds.get)
    assert (tmp_path / "a/model.safetensors").read_bytes() != (tmp_path / "b/model.safetensors").read_bytes()


def test_training_without_frames_or_without_sound_is_an_error(tmp_path):
    store, sample, manifest, schedule = written(tmp_path, 2)
    start = checkpoint(tmp_path, "hicmae", pretrained=True)
    with pytest.raises(StudyError, match="hicmae hears: give train_dfer the clips' sounds"):
        train_dfer(start, schedule, sample, manifest, store, params("hicmae"), tmp_path / "m")
    with pytest.raises(StudyError, match="no clip of the training schedule has frames"):
        train_dfer(start, schedule, sample[:0], manifest, store, params("hicmae"), tmp_path / "m", dict().get)


def test_rates_fall_layer_by_layer_and_only_matrices_decay():
    model = build_network("mae-dfer", 3, TINY["mae-dfer"])
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in parameter_groups(model, 1.0)
        for parameter in group["params"]
    }
    assert found.keys() == set(names.values())
    assert found["head.weight"] == (1.0, 0.05)
    assert found["lg_region_tokens"] == found["fc_norm.weight"] == (1.0, 0.0)
    assert found["blocks.1.mlp.fc1.weight"] == (0.75, 0.05)
    assert found["blocks.0.first_attn.q_bias"] == (0.75**2, 0.0)
    assert found["patch_embed.proj.weight"] == (0.75**3, 0.05)


def test_a_saved_network_is_the_one_that_was_trained(tmp_path):
    model = build_network("hicmae", 3, TINY["hicmae"])
    save_network(model, CLASSES, tmp_path)
    loaded, _ = load_network(tmp_path)
    assert loaded.shape == model.shape
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), loaded.parameters(), strict=True))
