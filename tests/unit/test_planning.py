"""What a study takes, and what it lacks, is said before anything is spent."""

import os
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from tests.study_tables import with_cells
from tests.tiny_models.cache import keep

from emovlm.core.errors import StudyError
from emovlm.models.flops import Gpu
from emovlm.models.remote.permission import code_pin
from emovlm.planning.cost import costs, disk, evaluated, frames_of_a_clip, read_sizes
from emovlm.planning.doctor import MISSING, OK, WARNING, examine
from emovlm.planning.terminal import show_costs, show_findings
from emovlm.study.load import load_study, read_config

GPU = Gpu("a card", flops=100e12, bandwidth=1e12, start_s=10)
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
    outside = {c for c, row in study.conditions.items() if row.dataset.name in ("mafw", "dfew")}
    assert set(table.loc[table["stage"] == "answer", "what"]) == outside
    trained = {name for name, row in study.systems.items() if (row.base and row.base.weights) or row.training == "dfer"}
    assert set(table.loc[table["stage"] == "train", "system"]) == trained


def test_test_sets_are_as_large_as_their_rows_say(study):
    assert [evaluated(study.datasets[name]) for name in ("mafw", "dfew", "synface")] == [495, 700, 495]


def test_more_frames_cost_more_tokens_up_to_the_familys_limit(study, table):
    frames, sizes = frames_of_a_clip(study, 3.7), read_sizes(study)
    assert frames["fps25"] == 92 and frames["keyframes"] == frames["gaps"] == 4
    read = table.set_index("what")["read"]
    assert read["qwen2-5-vl-mafw-fps25"] - read["qwen2-5-vl-mafw-fps1"] == pytest.approx(495 * 32 * (92 - 4), rel=0.1)
    assert sizes["video-llava"].most_frames == 15
    assert read["video-llava-mafw-fps25"] == read["video-llava-mafw-fps10"]


def test_a_model_of_each_fold_is_trained_and_loaded(study, table):
    row = table.set_index(["stage", "system"]).loc[("train", "mae-dfer-natural-mafw")]
    assert row["jobs"] == 5 * study.config.replicates
    single = table[(table["what"] == "qwen2-5-vl-mafw-fps5")].iloc[0]
    folded = table[(table["what"] == "qwen2-5-vl-natural-mafw-fps5")].iloc[0]
    assert folded["seconds"] > single["seconds"] + 4 * GPU.start_s


def test_what_is_served_costs_tokens_and_no_hours(table):
    served = table[table["system"] == "gemini-2-5-flash"]
    assert served["hours"].sum() == 0 and served["read"].sum() > 1e6 and served["written"].sum() > 0


def test_the_cost_is_printed_by_system_and_by_condition(study, table):
    text = printed(show_costs, table, disk(study), GPU, ["system"])
    assert "a card: 100 TFLOP/s" in text and "internvl3" in text and "weights of qwen3-vl" in text
    assert "frames of mafw" in text
    by_condition = printed(show_costs, table, disk(study), GPU, ["system", "dataset", "stage", "what"])
    assert "qwen2-5-vl-mafw-msce" in by_condition


def test_a_model_of_unknown_size_is_named(study, tmp_path):
    few = tmp_path / "models.csv"
    few.write_text("\n".join(Path("resources/models.csv").read_text().splitlines()[:2]) + "\n")
    with pytest.raises(StudyError, match=r"no row for Qwen/Qwen2.5-Omni-7B \(.*, row qwen2-5-omni, column weights\)"):
        read_sizes(study, few)


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


def changed(folder, **tables):
    """The paper's study with cells of its tables changed, by row and column."""
    config = read_config(".", CONFIG)
    for table, cells in tables.items():
        config["tables"][table] = f"config/paper/{table}.tsv"
        paper = with_cells(config, folder, table, cells)["tables"][table]
        config["tables"][table] = [f"config/{table}.tsv", paper]
    return config


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
    folder = {"kind": "folder", "folder": str(lists), "folds": "", "per_class": "", "licence": "mine"}
    own = changed(tmp_path, datasets={"mafw": folder}, systems={"mae-dfer": {"file": str(checkpoint)}})
    found = states(load_study(own), tmp_path)
    assert [found[name].state for name in ("gemini-2-5-flash", "qwen3-vl", "mae-dfer")] == [OK] * 3
    assert "a-key" not in str(found.values())
    assert found["mafw"].state == WARNING and "1 of 2 clips have no file, the first is 2.mp4" in found["mafw"].says


def test_the_doctor_sees_code_that_nobody_has_allowed(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "modeling.py").write_text("print('here')")
    config = changed(tmp_path, systems={"emotion-qwen": {"file": str(tmp_path / "config.json")}})

    def found(**more):
        return states(load_study({**config, **more}), tmp_path)["emotion-qwen"]

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
