"""What ``emovlm new`` writes, and what it says of input that it cannot use; then it writes nothing."""

from pathlib import Path

import pytest
from tests.tiny_models.classifiers import save_classifier
from tests.unit.evaluated import ROOT, command, make_clips

from emovlm.core.errors import StudyError
from emovlm.planning.new_study import new_study
from emovlm.study.load import load_study, read_config

FITTING = ["angry", "happy", "sad"]


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Clips in a folder a class, and two models that know their classes by other words."""
    folder = tmp_path_factory.mktemp("given")
    make_clips(folder / "My Clips", ("Angry", "happiness", "sad"), n=1)
    for name in ("vit", "convnext"):
        save_classifier(name, folder / name, FITTING)
    return folder


def study_of(folder):
    return load_study(read_config(".", [str(folder / "config.yaml")]))


def test_rows_are_models_by_samplers_and_pairs_of_each(given, tmp_path):
    models, frames = [str(given / name) for name in ("vit", "convnext")], ["fps2.5", "fps5-shuffled"]
    new_study(tmp_path / "Study A", given / "My Clips", models, frames, labels=["sad", "happiness", "Angry", "fear"],
              missing_labels="allow")  # fmt: skip
    study = study_of(tmp_path / "Study A")
    assert study.config.study == "study-a"
    assert list(study.conditions) == [f"{m}-{f}" for m in ("vit", "convnext") for f in ("fps2-5", "fps5-shuffled")]
    assert study.frame_samplers["fps2-5"].rate == 2.5 and study.frame_samplers["fps5-shuffled"].base.name == "fps5"
    families = [row.family for row in study.comparisons.values()]
    assert families == ["models", "models", "frames", "frames"]
    assert {(row.metric, row.test, row.clips) for row in study.comparisons.values()} == {
        ("macro_f1", "difference", "all")
    }
    (dataset,) = study.datasets.values()
    assert dataset.words == {"sad": "sad", "happiness": "happiness", "Angry": "angry", "fear": "fear"}
    assert (dataset.name, dataset.pictures, dataset.licence) == ("my-clips", "private", "not stated")
    assert Path(dataset.folder) == given / "My Clips"
    assert study.systems["vit"].folder == given / "vit" and study.systems["vit"].missing_labels == "allow"
    assert "happy=happiness" in study.systems["vit"].label_map


def test_one_model_and_one_sampler_leave_nothing_to_compare(given, tmp_path):
    written = new_study(tmp_path / "one", given / "My Clips", [str(given / "vit")])
    study = study_of(tmp_path / "one")
    assert list(study.conditions) == ["vit-fps5"] and not study.comparisons
    assert tmp_path / "one/comparisons.tsv" not in written and all(path.is_file() for path in written)


def test_every_key_has_a_comment(given, tmp_path):
    new_study(tmp_path / "one", given / "My Clips", [str(given / "vit")])
    lines = (tmp_path / "one/config.yaml").read_text().splitlines()
    assert [line for line in lines if line.startswith("  ") and "#" not in line] == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data": "nowhere"}, "nowhere: no such folder of clips"),
        ({"data": "src"}, r"src: no clips found \(\.mp4, .*a folder a class"),
        ({"labels": ["sad", "happiness"]}, r"clips have the label 'Angry', which is not among the labels given"),
        ({"labels": ["sad", "happiness", "Angry", "fear"]}, r"its labels do not fit .* no label stands for fear"),
        ({"models": ["nowhere"]}, r"nowhere: no such model\. Give a folder, organisation/name@commit"),
        ({"models": ["src"]}, r"src: no config\.json, so no model is there"),
        ({"models": []}, r"no model: name at least one \(--model\)"),
        ({"models": ["vit", "vit"]}, r"--model: two are called 'vit'; rename one of them"),
        ({"frames": ["often"]}, r"unknown frame sampler 'often'; there are fps5"),
    ],
)
def test_bad_input_is_said_in_a_sentence_and_nothing_is_written(given, tmp_path, changed, said):
    asked = {"data": given / "My Clips", "models": ["vit"], **changed}
    asked["models"] = [str(given / m) if (given / m).is_dir() else m for m in asked["models"]]
    with pytest.raises(StudyError, match=said):
        new_study(tmp_path / "mine", **asked)
    assert not (tmp_path / "mine").exists()


def test_a_folder_that_exists_is_not_touched(given, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/config.yaml").write_text("mine")
    with pytest.raises(StudyError, match=r"mine: the folder exists already and is not overwritten"):
        new_study(tmp_path / "mine", given / "My Clips", [str(given / "vit")])
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["config.yaml"]


def test_it_runs_in_the_clone_alone(given, tmp_path):
    done = command("new", "mine", "--data", given / "My Clips", "--model", given / "vit", cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: no Snakefile here: run emovlm new in the folder of the clone")
    assert list(tmp_path.iterdir()) == []
