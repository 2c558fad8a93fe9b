"""What a study takes, and what it lacks, is said before anything is spent."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tests.study_tables import with_cells
from tests.tiny_models.cache import keep
from tests.tiny_models.classifiers import save_classifier
from tests.tiny_models.models import MODELS, save_tiny

from emovlm.models.flops import Gpu, vision_flops
from emovlm.models.remote.permission import code_pin
from emovlm.models.vlm.families import FAMILIES
from emovlm.planning.cost import costs, disk, evaluated, frame_bytes, frames_of_a_clip, read_sizes
from emovlm.planning.doctor import MISSING, OK, WARNING, examine
from emovlm.planning.terminal import show_costs, show_findings
from emovlm.study.load import load_study, read_config

GPU = Gpu("a card", flops=100e12, bandwidth=1e12, start_s=10)
TOWERS = ("visual", "vision_tower", "video_tower", "vision_model")
VISUAL = {
    "qwen2.5-vl": 8,
    "qwen2.5-omni": 8,
    "qwen3-vl": 8,
    "video-llava": 17,
    "llava-next-video": 4,
    "internvl": 4,
    "smolvlm": 4,
    "llava-onevision": 4,
}  # visual tokens of a frame of 112 pixels, by the tiny models' sizes
CONFIG = ["config/paper.yaml"]


@pytest.fixture(scope="module")
def study():
    return load_study(read_config(".", CONFIG))


@pytest.fixture(scope="module")
def table(study):
    return costs(study, GPU)


def printed(show, *arguments):
    console = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: SIM115
    show(*arguments, console)
    return console.export_text()


def test_every_condition_of_a_system_from_outside_has_its_cost(study, table):
    outside = {c for c, row in study.conditions.items() if row.dataset.kind in ("mafw", "dfew")}
    assert set(table.loc[table["stage"] == "answer", "what"]) == outside
    trained = {name for name, row in study.systems.items() if (row.base and row.base.weights) or row.training == "dfer"}
    assert set(table.loc[table["stage"] == "train", "system"]) == trained


def test_test_sets_are_as_large_as_their_rows_say(study):
    assert [evaluated(study.datasets[name]) for name in ("mafw", "dfew", "synface")] == [495, 700, 495]


def test_more_frames_cost_more_tokens_up_to_the_familys_limit(study, table):
    frames, sizes = frames_of_a_clip(study, 3.7), read_sizes(study)
    assert frames["fps25"] == 92 and frames["keyframes"] == frames["gaps"] == 4
    read = table.set_index("what")["read"]
    more = 495 * (92 - 4) * 144 / 2  # tokens: frames of 224 pixels are enlarged to 336, and two of them are one step
    assert read["qwen2-5-vl-mafw-fps25"] - read["qwen2-5-vl-mafw-fps1"] == pytest.approx(more)
    assert read["qwen3-vl-mafw-fps25"] - read["qwen3-vl-mafw-fps1"] == pytest.approx(more)  # to 384, tokens of 32
    assert sizes["video-llava"].most_frames == 15
    assert read["video-llava-mafw-fps25"] == read["video-llava-mafw-fps10"]


def test_the_tokens_of_a_frame_follow_the_pixels_that_the_row_asks_for(nothing_here):
    def tokens(system, **cells):
        return read_sizes(changed(nothing_here, systems={system: cells}))[system].tokens

    assert tokens("qwen2-5-vl") == 144 / 2 and tokens("qwen2-5-vl", min_pixels="") == 64 / 2
    assert tokens("qwen3-vl") == 144 / 2 and tokens("qwen3-vl", min_pixels="") == 49 / 2
    assert tokens("qwen2-5-omni", min_pixels="200704") == 256 / 2  # 448 x 448
    assert tokens("qwen2-5-omni", min_pixels="", pixels="112") == 16 / 2
    assert tokens("video-llava") == 257 and tokens("internvl3") == 256


def test_a_model_of_each_fold_is_trained_and_loaded(study, table):
    row = table.set_index(["stage", "system"]).loc[("train", "mae-dfer-natural-mafw")]
    assert row["jobs"] == 5 * study.config.replicates
    single = table[(table["what"] == "qwen2-5-vl-mafw-fps5")].iloc[0]
    folded = table[(table["what"] == "qwen2-5-vl-natural-mafw-fps5")].iloc[0]
    assert folded["seconds"] > single["seconds"] + 4 * GPU.start_s


def test_what_is_served_costs_tokens_and_no_hours(table):
    served = table[table["system"] == "gemini-2-5-flash"]
    assert served["hours"].sum() == 0 and served["read"].sum() > 1e6 and served["written"].sum() > 0


def test_the_frames_of_both_real_datasets_fit_on_a_disk(study):
    coded = {name: frame_bytes(study.datasets[name], study.datasets[name].encoding) for name in ("mafw", "dfew")}
    assert sum(coded.values()) < 40 * 2**30 < 270e9 < sum(frame_bytes(study.datasets[name], "raw") for name in coded)
    assert disk(study)["frames of mafw, as h264"] == coded["mafw"]


def test_the_cost_is_printed_by_system_and_by_condition(study, table):
    text = printed(show_costs, table, disk(study), GPU, ["system"])
    assert "a card: 100 TFLOP/s" in text and "internvl3" in text and "weights of qwen3-vl" in text
    assert "frames of mafw, as h264" in text and "frames of dfew-faces, as webp" in text and "without loss" in text
    by_condition = printed(show_costs, table, disk(study), GPU, ["system", "dataset", "stage", "what"])
    assert "qwen2-5-vl-mafw-msce" in by_condition


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    """Neither a cache nor fetched weights."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def changed(folder, keys=(), **tables):
    """The paper's study with cells of its tables changed, by row and column, and with other config keys."""
    config = read_config(".", CONFIG) | dict(keys)
    for table, cells in tables.items():
        config["tables"][table] = f"config/paper/{table}.tsv"
        paper = with_cells(config, folder, table, cells)["tables"][table]
        config["tables"][table] = [f"config/{table}.tsv", paper]
    return load_study(config)


def with_system(folder, row, **keys):
    """The study with a system that is not in the table of sizes, asked about MAFW at 5 frames a second."""
    name = row["system"]
    access = read_config(".", CONFIG)["api"]
    asked = {"system": name, "dataset": "mafw", "frames": "fps5"}
    keys |= {"api": {**access, name: access["gemini-2-5-flash"]}}
    return changed(folder, keys, systems={name: row}, conditions={"asked": asked})


NEW = {"kind": "vlm", "training": "none", "family": "qwen2.5-vl", "weights": "some/new", "revision": "a" * 40}
FACES = {**NEW, "system": "faces", "kind": "vision", "family": "image-classification"}


@pytest.mark.parametrize(
    "row", [{**NEW, "system": "new"}, {"system": "new", "kind": "api", "training": "none", "family": "openai",
                                       "weights": "new-1"}, {**FACES, "system": "new"}],
    ids=lambda row: row["kind"],
)  # fmt: skip
def test_a_model_of_unknown_size_is_a_gap_in_the_estimate_that_is_said(table, nothing_here, row):
    study = with_system(nothing_here, row)
    costed = costs(study, GPU)
    mine = costed[costed["system"] == "new"].iloc[0]
    assert mine["jobs"] == study.datasets["mafw"].n_shards
    assert np.isnan(mine["read"] if row["kind"] == "api" else mine["hours"])
    others = costed[costed["system"] != "new"]
    assert others.reset_index(drop=True).equals(table)
    needed = disk(study)
    assert {what for what, size in needed.items() if np.isnan(size)} == (
        set() if row["kind"] == "api" else {"weights of new"}
    )
    text = printed(show_costs, costed, needed, GPU, ["system"])
    assert "? and not in the sums: new, whose size is not known" in text
    assert f"{table['hours'].sum():,.1f}" in text and " nan" not in text
    (line,) = [line for line in text.splitlines() if "│ new" in line]
    assert "?" in line


def test_the_doctor_goes_on_without_the_size_of_a_model(nothing_here):
    found = states(with_system(nothing_here, {**NEW, "system": "new"}), nothing_here)
    assert "and the weights of new, whose size is not known" in found["disk"].says
    assert found["new"].state in (WARNING, MISSING)


def test_a_row_of_the_table_of_sizes_fills_the_gap(nothing_here):
    table = nothing_here / "models.csv"
    lines = Path("resources/models.csv").read_text().splitlines()
    table.write_text("\n".join([*lines, "some/new,1e9,100,2e9,10,100,50,20,1,a guess"]) + "\n")
    size = read_sizes(with_system(nothing_here, {**NEW, "system": "new", "frames": "7"}), table)["new"]
    assert (size.vision_parameters, size.parameters, size.tokens, size.most_frames) == (1e9, 2e9, 20, 7)


def fetch(row, save, folder):
    """The study with a model where its rule puts it."""
    results = folder / "results"
    model = results / "models" / row["system"] / "1"
    save(model)
    pinned = {"weights": row["weights"], "revision": row["revision"], "files": []}
    (model / "fetched.json").write_text(json.dumps(pinned))
    return with_system(folder, row, pathvars={"results": str(results)})


@pytest.mark.parametrize("family", VISUAL)
def test_the_size_of_a_language_model_is_its_checkpoints_own(nothing_here, family):
    row = {**NEW, "system": "new", "family": family, "pixels": "112"}
    study = fetch(row, lambda folder: save_tiny(family, folder), nothing_here)
    size = read_sizes(study)["new"]
    model = MODELS[family]()[0]
    model = getattr(model, "thinker", model)
    text = model.config.get_text_config()
    language = model.model.get_submodule("text_model" if family == "smolvlm" else "language_model")
    tower = next(getattr(model.model, name, None) or getattr(model, name, None) for name in TOWERS
                 if hasattr(model.model, name) or hasattr(model, name))  # fmt: skip
    head = model.lm_head.weight.numel()
    expected = sum(p.numel() for p in language.parameters()) - language.embed_tokens.weight.numel() + head
    projector = sum(p.numel() for name, p in model.named_parameters() if "projector" in name or "connector" in name)
    loose = sum(p.numel() for name, p in model.named_parameters() if name.endswith("image_newline"))
    assert size.parameters == expected + projector + loose
    assert size.vision_parameters == sum(p.numel() for p in tower.parameters())
    assert (size.layers, size.width, size.kv_width) == (text.num_hidden_layers, text.hidden_size, 16)
    assert VISUAL[family] < size.tokens < VISUAL[family] + 22  # and the words that some families write before a frame
    if FAMILIES[family].any_size:
        row = {**row, "min_pixels": str(4 * 112**2)}
        larger = read_sizes(fetch(row, lambda folder: save_tiny(family, folder), nothing_here))["new"]
        words = size.tokens - (112 // 28) ** 2 / 2 if "qwen2.5" in family else size.tokens - round(112 / 32) ** 2 / 2
        assert larger.tokens == pytest.approx(words + (224 / (28 if "qwen2.5" in family else 32)) ** 2 / 2)
        assert larger.patches > 3 * size.patches


def test_the_cost_of_a_classifier_is_by_the_operations_of_one_pass(nothing_here):
    study_with = fetch(FACES, lambda folder: save_classifier("vit", folder), nothing_here)
    size = read_sizes(study_with)["faces"]
    width, patches, hidden = 16, 17, 32
    layers = 2 * (4 * width**2 + 2 * width * hidden) * patches + 2 * 2 * patches**2 * width
    flops = 2 * (layers + 16 * 3 * 8**2 * width + 5 * width)  # and cutting into 16 patches of 8 pixels, and the head
    assert vision_flops(size, 1) == pytest.approx(flops, rel=1e-6)
    assert vision_flops(size, 7) == pytest.approx(7 * flops, rel=1e-6)
    costed = costs(study_with, GPU)
    mine = costed[costed["system"] == "faces"].iloc[0]
    assert mine["hours"] > 0 and mine["read"] == mine["written"] == 0


def test_a_video_classifier_costs_one_pass_over_its_frames(nothing_here):
    row = {**FACES, "family": "video-classification"}
    study = fetch(row, lambda folder: save_classifier("timesformer", folder), nothing_here)
    size = read_sizes(study)["faces"]
    assert size.most_frames == 8 and vision_flops(size, 100) == vision_flops(size, 8) > 1e6


def test_files_that_do_not_tell_a_size_leave_a_gap(nothing_here):
    def save(folder):
        save_tiny("internvl", folder)
        (folder / "model.safetensors").write_bytes(b"torn")

    study = fetch({**NEW, "system": "new", "family": "internvl"}, save, nothing_here)
    assert np.isnan(read_sizes(study)["new"].parameters)


def states(study, results):
    return {finding.about: finding for finding in examine(study, results)}


def test_the_doctor_names_everything_that_is_missing_and_how_to_get_it(study, tmp_path, monkeypatch):
    for name, value in {"HF_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path / "hub")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    found = states(study, tmp_path)
    assert found["mafw"].state == MISSING and "data/MAFW is not there" in found["mafw"].says
    assert "config/paper/datasets.tsv, line 2, row mafw, column folder" in found["mafw"].do
    assert found["gemini-2-5-flash"].state == MISSING and "GEMINI_API_KEY" in found["gemini-2-5-flash"].says
    assert found["mae-dfer"].state == MISSING and "pretrained.pth" in found["mae-dfer"].says
    assert found["qwen3-vl"].state in (WARNING, MISSING) and "not here" in found["qwen3-vl"].says
    assert found["packages"].state == OK
    text = printed(lambda console: show_findings(found.values(), console))
    assert "missing" in text and "→" in text


def test_the_doctor_sees_a_key_a_checkpoint_fetched_weights_and_a_dataset(study, tmp_path, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    row = study.systems["qwen3-vl"]
    fetched = tmp_path / "models/qwen3-vl/1/fetched.json"
    fetched.parent.mkdir(parents=True)
    fetched.write_text(f'{{"weights": "{row.weights}", "revision": "{row.revision}", "files": []}}')
    checkpoint = tmp_path / "pretrained.pth"
    checkpoint.write_bytes(b"weights")
    lists = tmp_path / "folder"
    lists.mkdir()
    shutil.copy("README.md", lists / "1.mp4")
    (lists / "annotations.csv").write_text("path,label\n1.mp4,anger\n2.mp4,fear\n")
    mafw = {"kind": "folder", "folder": str(lists), "folds": "", "per_class": "", "licence": "mine"}
    own = changed(tmp_path, datasets={"mafw": mafw}, systems={"mae-dfer": {"file": str(checkpoint)}})
    found = states(own, tmp_path)
    assert [found[name].state for name in ("gemini-2-5-flash", "qwen3-vl", "mae-dfer")] == [OK] * 3
    assert "a-key" not in str(found.values())
    assert found["mafw"].state == WARNING and "1 of 2 clips have no file, the first is 2.mp4" in found["mafw"].says


def test_the_doctor_says_that_released_networks_are_for_frames_of_faces(study, tmp_path):
    assert not {name for name in states(study, tmp_path) if " on " in name}
    whole = changed(tmp_path, datasets={"dfew-faces": {"form": "", "fit": "", "fps": ""}})
    found = states(whole, tmp_path)
    released = found["mae-dfer-released-dfew on dfew-faces"]
    assert released.state == WARNING and "not valid" in released.says and "fit stretch" in released.do
    assert "fine-tuned on other frames" in found["hicmae-natural-dfew on dfew-faces"].says
    assert "hicmae-released-mafw on mafw-faces" not in found


def test_the_doctor_sees_code_that_nobody_has_allowed(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "modeling.py").write_text("print('here')")
    cells = {"emotion-qwen": {"file": str(tmp_path / "config.json")}}

    def found(**keys):
        return states(changed(tmp_path, keys, systems=cells), tmp_path)["emotion-qwen"]

    refused = found()
    assert refused.state == MISSING and "nobody has allowed that" in refused.says
    pin = code_pin(tmp_path)
    assert f"allow_remote_code: {{emotion-qwen: {pin}}}" in refused.do and "whatever you can" in refused.do
    assert found(allow_remote_code={"emotion-qwen": "0" * 64}).state == MISSING
    assert found(allow_remote_code={"emotion-qwen": pin}).state == OK


def test_weights_are_looked_for_in_the_cache(tmp_path, monkeypatch):
    from emovlm.models import hub

    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    keep(tmp_path, "some/model", "a" * 40, model)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert hub.missing_from_cache("some/model", "a" * 40) == ["model.safetensors"]
    index = '{"weight_map": {"x": "model-00001-of-00002.safetensors", "y": "model-00002-of-00002.safetensors"}}'
    (model / "model.safetensors.index.json").write_text(index)
    (model / "model-00001-of-00002.safetensors").write_text("")
    keep(tmp_path, "some/model", "a" * 40, model)
    assert hub.missing_from_cache("some/model", "a" * 40) == ["model-00002-of-00002.safetensors"]
    assert hub.missing_from_cache("some/model", "b" * 40) == ["config.json", "model.safetensors"]


def test_the_doctor_says_whether_a_classifiers_labels_fit_the_classes(nothing_here):
    def found(**columns):
        row = {**FACES, **columns}
        fetched = fetch(row, lambda folder: save_classifier("vit", folder), nothing_here)
        return states(fetched, nothing_here / "results")["faces on mafw"]

    wrong = found()
    assert wrong.state == MISSING and "no label stands for disgust, fear, contempt" in wrong.says
    assert "Labels of the model: sad, Happy, surprise, angry, neutral" in wrong.says and "label_map" in wrong.do
    allowed = found(missing_labels="allow")
    assert allowed.state == OK and "5 of 11 classes have a label; never predicted: disgust" in allowed.says


def test_the_doctor_sees_a_classifier_in_the_cache_at_its_commit(nothing_here):
    save_classifier("vit", nothing_here / "model", ["anger", "happy"])
    keep(nothing_here, "some/new", "a" * 40, nothing_here / "model")
    here = states(with_system(nothing_here, FACES), nothing_here)
    assert here["faces"].state == OK and "in the cache" in here["faces"].says
    assert here["faces on mafw"].state == MISSING
    moved = states(with_system(nothing_here, {**FACES, "revision": "b" * 40}), nothing_here)
    assert moved["faces"].state != OK and "faces on mafw" not in moved
