"""Classifiers of the hub, tiny and with random weights: their scores are those of transformers' own calls."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.frame_stores import write_store
from tests.tiny_models.cache import keep
from tests.tiny_models.classifiers import FRAMES, IMAGE_CLASSIFIERS, LABELS, VIDEO_CLASSIFIERS, save_classifier
from tests.unit.hub_classifiers import CLASSES, OF_CLASS, frames, row_of

from emovlm.core.answer_store import AnswerStore
from emovlm.core.errors import StudyError
from emovlm.core.files import write_json
from emovlm.evaluation.answering import answer_clips
from emovlm.frames.store import FrameStore
from emovlm.models.base import Frame
from emovlm.models.fingerprint import fingerprint_of
from emovlm.models.hub import fetch_weights
from emovlm.models.hub_classifier.hub_classifier import FRAMES_AT_ONCE, MISSING_NATS
from emovlm.models.loading import load_from_folder, load_system

from emovlm.models.torch_setup import torch  # isort: skip
import transformers
from safetensors.torch import load_file, save_file

each_image_classifier = pytest.mark.parametrize("architecture", IMAGE_CLASSIFIERS)
each_video_classifier = pytest.mark.parametrize("architecture", VIDEO_CLASSIFIERS)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    made = {}

    def folder(architecture, labels=LABELS):
        if (architecture, labels) not in made:
            made[architecture, labels] = tmp_path_factory.mktemp("tiny") / architecture
            save_classifier(architecture, made[architecture, labels], labels)
        return made[architecture, labels]

    return folder


@pytest.fixture
def load(folders):
    return lambda architecture, labels=LABELS, **columns: load_system(
        row_of(architecture, **columns), folders(architecture, labels)
    )


def by_pipeline(folder, shown, function="softmax"):
    """What transformers' own pipeline says of each frame: float64 [frames, labels], labels in the order LABELS."""
    pipe = transformers.pipeline("image-classification", model=str(folder), device="cpu")
    said = [pipe(Image.fromarray(frame.pixels), top_k=99, function_to_apply=function) for frame in shown]
    return np.array([[{entry["label"]: entry["score"] for entry in one}[label] for label in LABELS] for one in said])


def softmax(values):
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


POOLED = {
    "mean_probability": lambda folder, shown: by_pipeline(folder, shown).mean(0),
    "mean_logit": lambda folder, shown: softmax(by_pipeline(folder, shown, "none").mean(0)),
    "max_probability": lambda folder, shown: (
        by_pipeline(folder, shown).max(0) / by_pipeline(folder, shown).max(0).sum()
    ),
}


@each_image_classifier
@pytest.mark.parametrize("pooling", POOLED)
def test_a_clips_probabilities_are_those_of_the_pipeline_for_each_frame_pooled_by_the_rule(
    folders, load, architecture, pooling
):
    shown = frames(5)
    system = load(architecture, pooling=pooling)
    expected = POOLED[pooling](folders(architecture), shown)
    assert expected.std() > 0.01 and by_pipeline(folders(architecture), shown).std(0).max() > 0.01
    assert system.log_probabilities(shown).exp().numpy() == pytest.approx(expected, abs=1e-5)
    reply = system.answer([*shown, "Which emotion?"], CLASSES)
    logs = dict(zip(LABELS, np.log(expected), strict=True))
    assert reply.scores == pytest.approx({name: logs[label] for name, label in OF_CLASS.items()}, abs=2e-4)
    assert (reply.text, reply.tokens, reply.frames) == ("", 0, 5)


@each_image_classifier
def test_the_mean_probability_is_the_default(load, architecture):
    shown = frames(3)
    default, named = load(architecture), load(architecture, pooling="mean_probability")
    assert torch.equal(default.log_probabilities(shown), named.log_probabilities(shown))
    assert not torch.equal(
        default.log_probabilities(shown), load(architecture, pooling="mean_logit").log_probabilities(shown)
    )


@each_image_classifier
def test_frames_are_read_in_parts_of_a_clip_as_if_at_once(folders, load, architecture):
    shown = frames(FRAMES_AT_ONCE + 3, height=24, width=24)
    expected = by_pipeline(folders(architecture), shown).mean(0)
    assert load(architecture).log_probabilities(shown).exp().numpy() == pytest.approx(expected, abs=1e-5)


@each_image_classifier
def test_of_too_many_frames_the_evenly_spaced_are_read(load, architecture):
    shown = frames(9)
    limited = load(architecture, frames=3).answer(shown, CLASSES)
    assert limited == load(architecture).answer([shown[0], shown[4], shown[8]], CLASSES)
    assert limited.frames == 3


def by_model(folder, shown):
    """What the documented calls of a video classifier give: its processor on the frames, the model once."""
    kind = transformers.AutoVideoProcessor if "timesformer" in folder.name else transformers.AutoImageProcessor
    model = transformers.AutoModelForVideoClassification.from_pretrained(folder).eval()
    inputs = kind.from_pretrained(folder)(list(np.stack([frame.pixels for frame in shown])), return_tensors="pt")
    with torch.no_grad():
        return model(**inputs).logits[0].softmax(-1).numpy()


@each_video_classifier
def test_a_video_classifier_reads_its_number_of_frames_spread_evenly_or_repeated(folders, load, architecture):
    system, wanted = load(architecture), FRAMES if architecture == "videomae" else 2 * FRAMES
    assert system.frames == wanted
    plenty = frames(2 * wanted - 1)
    for given, read in ((plenty, plenty[::2]), (plenty[:wanted], plenty[:wanted])):
        expected = by_model(folders(architecture), read)
        assert expected.std() > 0.01
        assert system.log_probabilities(system.shown(given)).exp().numpy() == pytest.approx(expected, abs=1e-5)
    few = plenty[: wanted // 2]
    repeated = [frame for frame in few for _ in range(2)]
    reply = system.answer(few, CLASSES)
    expected = dict(zip(LABELS, np.log(by_model(folders(architecture), repeated)), strict=True))
    assert reply.scores == pytest.approx({name: expected[label] for name, label in OF_CLASS.items()}, abs=2e-4)
    assert reply.frames == wanted


@each_video_classifier
def test_the_order_of_frames_reaches_a_video_classifier(load, architecture):
    shown = frames(8)
    system = load(architecture)
    assert system.answer(shown, CLASSES).scores != system.answer(shown[::-1], CLASSES).scores


@pytest.mark.parametrize("architecture", [*IMAGE_CLASSIFIERS, *VIDEO_CLASSIFIERS])
@pytest.mark.parametrize(
    "change",
    [{"image_mean": [0.1, 0.1, 0.1]}, {"image_std": [0.7, 0.7, 0.7]}, {"resample": 0}, {"rescale_factor": 1 / 128}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_saved_with_the_processor_is_obeyed(folders, load, tmp_path, architecture, change):
    copy = tmp_path / architecture
    save_classifier(architecture, copy)
    (file,) = copy.glob("*preprocessor_config.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    shown = frames(FRAMES)
    system = load_system(row_of(architecture), copy)
    found = system.log_probabilities(system.shown(shown)).exp().numpy()
    if architecture in IMAGE_CLASSIFIERS:
        expected = by_pipeline(copy, shown).mean(0)
    else:
        expected = by_model(copy, system.shown(shown))
    assert found == pytest.approx(expected, abs=1e-5)
    before = load(architecture)
    assert found != pytest.approx(before.log_probabilities(before.shown(shown)).exp().numpy(), abs=1e-4)


def test_size_and_crop_are_the_processors(load):
    """By hand from the documentation: ConvNeXt's processor resizes the shorter side to 40 / 0.7 and cuts out 40."""
    frame = frames(1, height=80, width=110)[0]
    inputs = load("convnext").inputs_of([frame])["pixel_values"]
    small = Image.fromarray(frame.pixels).resize(
        (int(int(40 / 0.7) * 110 / 80), int(40 / 0.7)), Image.Resampling.BICUBIC
    )
    left, top = (round((side - 40) / 2) for side in small.size)
    cut = np.asarray(small)[top : top + 40, left : left + 40] / 255
    expected = ((cut - [0.4, 0.5, 0.3]) / [0.4, 0.5, 0.3]).transpose(2, 0, 1)
    assert inputs.shape == (1, 3, 40, 40)
    assert np.abs(inputs[0].numpy() - expected).mean() < 0.01


@pytest.mark.parametrize("architecture", ["vit", "videomae"])
def test_the_order_of_the_labels_is_the_checkpoints(folders, load, architecture):
    """The same weights with names in another order: each score goes with its name."""
    shown = frames(FRAMES)
    first = load(architecture).answer(shown, CLASSES).scores
    turned = load(architecture, labels=LABELS[::-1]).answer(shown, CLASSES).scores
    swap = dict(zip(LABELS, LABELS[::-1], strict=True))
    of_label = {label: name for name, label in OF_CLASS.items()}
    assert turned == {name: first[of_label[swap[label]]] for name, label in OF_CLASS.items()}
    assert len(set(first.values())) == len(CLASSES)


def test_labels_that_no_class_asks_for_are_left_out_and_the_rest_is_not_scaled(load):
    shown = frames(3)
    every = load("vit").answer(shown, CLASSES).scores
    assert load("vit").answer(shown, CLASSES[:3]).scores == {name: every[name] for name in CLASSES[:3]}
    assert sum(np.exp([*every.values()])) == pytest.approx(1, abs=1e-3)


def test_labels_that_the_map_joins_add_up(load):
    shown = frames(3)
    every = load("vit").answer(shown, CLASSES).scores
    joined = load("vit", label_map="angry=anger;sad=anger;surprise=").answer(shown, ["anger", "happiness", "neutral"])
    assert joined.scores["anger"] == pytest.approx(np.log(np.exp(every["anger"]) + np.exp(every["sadness"])), abs=2e-4)


def test_a_class_that_is_allowed_to_be_missing_is_far_below_all_others(load):
    shown = frames(3)
    asked = [*CLASSES, "contempt", "helplessness"]
    with pytest.raises(StudyError, match="no label stands for contempt, helplessness"):
        load("vit").answer(shown, asked)
    scores = load("vit", missing_labels="allow").answer(shown, asked).scores
    every = load("vit").answer(shown, CLASSES).scores
    lowest = min(every.values()) - MISSING_NATS
    assert scores == {
        **every,
        "contempt": pytest.approx(lowest, abs=2e-4),
        "helplessness": pytest.approx(lowest, abs=2e-4),
    }
    assert list(scores) == asked
    assert str(load("vit", missing_labels="allow").match(asked)) == (
        "5 of 7 classes have a label; never predicted: contempt, helplessness"
    )


def test_labels_that_do_not_fit_are_named_with_the_system(load):
    with pytest.raises(
        StudyError, match=r"system tiny: its labels do not fit the classes.*Labels of the model: sad, Happy"
    ):
        load("vit", label_map="joy=happiness").answer(frames(1), CLASSES)


def test_a_clips_answer_does_not_depend_on_other_clips(load):
    one, other = frames(3, seed=1), frames(40, seed=2)
    system = load("convnext")
    before = system.answer(one, CLASSES)
    system.answer(other, CLASSES)
    assert system.answer(one, CLASSES) == before == load("convnext").answer(one, CLASSES)


@pytest.mark.parametrize("architecture", ["vit", "timesformer"])
def test_bfloat16_answers_as_float32_does_to_its_precision(load, architecture):
    shown = frames(3)
    exact, rough = (load(architecture, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert rough.model.dtype == torch.bfloat16
    assert rough.answer(shown, CLASSES).scores == pytest.approx(exact.answer(shown, CLASSES).scores, rel=0.1, abs=0.2)


def test_each_setting_of_the_row_changes_the_fingerprint(folders):
    rows = [
        row_of("vit"),
        row_of("vit", pooling="max_probability"),
        row_of("vit", label_map="sad=sadness"),
        row_of("vit", missing_labels="allow"),
        row_of("vit", frames=3),
        row_of("vit", dtype="bfloat16"),
    ]
    prints = [fingerprint_of(row, folders("vit")) for row in rows]
    assert all(a != b for a, b in itertools.combinations(prints, 2))
    assert fingerprint_of(row_of("vit"), folders("vit")) == prints[0]


def test_a_checkpoint_without_its_head_is_refused(tmp_path):
    save_classifier("vit", tmp_path / "torn")
    weights = load_file(tmp_path / "torn/model.safetensors")
    save_file({k: v for k, v in weights.items() if not k.startswith("classifier")}, tmp_path / "torn/model.safetensors")
    with pytest.raises(
        StudyError, match=r"torn: the files do not fit AutoModelForImageClassification; 2 of its weights"
    ):
        load_system(row_of("vit"), tmp_path / "torn")
    weights["classifier.bias"] = torch.zeros(7)
    save_file(weights, tmp_path / "torn/model.safetensors", {"format": "pt"})
    with pytest.raises(StudyError, match="1 of its weights are missing or of another shape, classifier"):
        load_system(row_of("vit"), tmp_path / "torn")
    (tmp_path / "torn/model.safetensors").write_bytes(b"torn")
    with pytest.raises(StudyError, match="safetensors are damaged"):
        load_system(row_of("vit"), tmp_path / "torn")


def test_a_checkpoint_without_a_processor_is_refused(tmp_path):
    save_classifier("videomae", tmp_path / "bare")
    (tmp_path / "bare/preprocessor_config.json").unlink()
    with pytest.raises(StudyError, match="bare: no image processor that transformers knows is saved"):
        load_system(row_of("videomae"), tmp_path / "bare")


def test_pickled_weights_are_not_loaded(tmp_path):
    save_classifier("vit", tmp_path / "old")
    torch.save(load_file(tmp_path / "old/model.safetensors"), tmp_path / "old/pytorch_model.bin")
    (tmp_path / "old/model.safetensors").unlink()
    with pytest.raises(StudyError, match="cannot load the model"):
        load_system(row_of("vit"), tmp_path / "old")


def test_an_unknown_pooling_is_named_with_the_known_ones(folders):
    with pytest.raises(StudyError, match="unknown pooling 'median'; known: mean_probability, mean_logit, max_"):
        load_from_folder(folders("vit"), pooling="median")


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression"])
def test_a_model_that_does_not_choose_one_label_is_refused(tmp_path, problem):
    save_classifier("vit", tmp_path / "many", problem_type=problem)
    with pytest.raises(StudyError, match=f"does not choose one of several labels .problem_type {problem}, 5 labels"):
        load_system(row_of("vit"), tmp_path / "many")


@pytest.mark.parametrize("architecture", [*IMAGE_CLASSIFIERS, *VIDEO_CLASSIFIERS])
def test_a_folder_alone_is_enough_to_load_a_classifier(folders, load, architecture):
    shown = frames(FRAMES)
    words = row_of(architecture)["label_words"]
    system = load_from_folder(folders(architecture), label_words=words)
    assert system.answer(shown, CLASSES) == load(architecture).answer(shown, CLASSES)


def test_a_classifier_from_the_hubs_cache_answers_about_the_clips_of_a_study(tmp_path, monkeypatch, folders):
    """As the workflow does it: fetched at its commit, loaded by its row, asked clip by clip; nothing is asked twice."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "home/hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    save_classifier("vit", tmp_path / "later", seed=1)
    for commit, folder in (("a" * 40, folders("vit")), ("b" * 40, tmp_path / "later")):
        keep(tmp_path / "home", "some/faces", commit, folder)
    files, commit = fetch_weights("some/faces", "a" * 40, tmp_path / "model")
    assert files == ["config.json", "model.safetensors", "preprocessor_config.json"] and commit == "a" * 40
    write_json(tmp_path / "model/fetched.json", {"weights": "some/faces", "revision": commit, "files": files})

    clips = {f"d/{i}": np.stack([frame.pixels for frame in frames(4, 32, 32, seed=i)]) for i in range(3)}
    write_store(clips, tmp_path / "0.safetensors")
    manifest = pd.DataFrame(
        {
            "clip_id": list(clips),
            "dataset": "d",
            "identity": list(clips),
            "flag": None,
            "label": "anger",
            "status": "ok",
            "reason": None,
        }
    )
    sample = pd.DataFrame([{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 5, "gap": f}
                           for c in clips for f in range(0, 4, 2)])  # fmt: skip
    row = row_of("vit", missing_labels="allow")
    params = {"context": "none", "decision": "likelihood", "max_new_tokens": 8, "replicate": 1}
    asked = [*CLASSES, "contempt"]

    def answers():
        store = AnswerStore(tmp_path / "answers.jsonl")
        system, fingerprint = load_system(row, tmp_path / "model"), fingerprint_of(row, tmp_path / "model")
        frames = FrameStore([tmp_path / "0.safetensors"])
        return answer_clips(
            system, fingerprint, manifest, sample, None, frames, store, asked, "?", params, "code"
        ), store.computed

    found, computed = answers()
    assert computed == 3 and set(found["n_frames"]) == {2} and set(found["status"]) == {"ok"}
    for clip, answer in zip(clips.values(), found.to_dict("records"), strict=True):
        expected = by_pipeline(folders("vit"), [Frame(pixels, 0) for pixels in clip[::2]]).mean(0)
        assert [answer[f"score_{name}"] for name in CLASSES] == pytest.approx(
            [np.log(expected[LABELS.index(OF_CLASS[name])]) for name in CLASSES], abs=2e-4
        )
        assert OF_CLASS[answer["prediction"]] == LABELS[expected.argmax()]
        assert np.isfinite(answer["score_contempt"])
    again, computed = answers()
    assert computed == 0 and again.equals(found)
