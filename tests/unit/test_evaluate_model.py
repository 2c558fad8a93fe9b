"""The model to evaluate: a folder, a commit of the hub, a row of a table."""

import json
import re
import subprocess
import sys

import pytest
from tests.tiny_models.cache import keep
from tests.tiny_models.classifiers import save_classifier
from tests.tiny_models.models import save_tiny
from tests.unit.evaluated import LABELS, command, environment, make_clips

from emovlm.core.errors import StudyError
from emovlm.models.fingerprint import fingerprint_of
from emovlm.standalone.evaluate import evaluate
from emovlm.standalone.given_model import find_model

COMMIT = "a" * 40
SYSTEMS = (
    "system\tkind\ttraining\tbase\tsampler\tdataset\tfamily\tweights\trevision\tframes\ton_overflow\tmin_pixels\n"
    f"tiny\tvlm\tnone\t\t\t\tqwen2.5-vl\ttest/tiny\t{COMMIT}\t3\tfewer_frames\t3136\n"
    "tuned\tvlm\tlora\ttiny\tnatural\tsynface\t\t\t\t\t\t\n"
    "far\tapi\tnone\t\t\t\tgemini\tgemini-9\t\t\t\t\n"
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    for name in ("qwen", "files"):
        save_tiny("qwen2.5-vl", place / name)
    save_classifier("vit", place / "vit", labels=("Angry", "joyful", "sad"))
    return place


def test_a_folder_is_known_by_its_configuration(folders):
    found = find_model(folders / "qwen", LABELS, dtype="float32", batch=None)
    assert found.row == {
        "system": "qwen",
        "kind": "vlm",
        "training": "none",
        "family": "qwen2.5-vl",
        "dtype": "float32",
    }
    assert found.name == str(folders / "qwen")


def test_a_classifiers_labels_are_matched_by_the_words_of_the_lexicon(folders):
    row = find_model(folders / "vit", ["angry", "bored"]).row
    assert row["family"] == "image-classification"
    assert {"anger", "angry"} <= set(row["label_words"]["angry"]) and row["label_words"]["bored"] == ["bored"]
    assert find_model(folders / "vit", LABELS, label_map="joyful=happy").row["label_map"] == {"joyful": "happy"}


def test_a_folder_of_a_model_with_other_folders_in_it_has_a_fingerprint(folders):
    found = find_model(folders / "qwen", LABELS)
    before = fingerprint_of(found.row, found.folder)
    (folders / "qwen/onnx").mkdir()
    assert fingerprint_of(found.row, found.folder) == before


ASK = """
import json, sys
from emovlm.core.errors import StudyError
from emovlm.standalone.given_model import find_model
for model in sys.argv[1:]:
    try:
        found = find_model(model, ["angry", "sad"])
        print(json.dumps({"name": found.name, "row": found.row, "folder": str(found.folder)}))
    except StudyError as error:
        print(f"error: {error}")
"""


@pytest.fixture
def ask(tmp_path, folders):
    """Find models in a process of its own, with a cache of the hub and without a network."""
    keep(tmp_path / "hf", "test/tiny", COMMIT, folders / "files")
    (tmp_path / "systems.tsv").write_text(SYSTEMS)

    def run(*models):
        done = subprocess.run(
            [sys.executable, "-c", ASK, *models],
            cwd=tmp_path, env=environment(HF_HOME=str(tmp_path / "hf")), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip().splitlines()

    return run


def test_a_commit_of_the_hub_is_fetched_once_and_then_found_without_the_cache(ask, tmp_path):
    (found,) = map(json.loads, ask(f"test/tiny@{COMMIT}"))
    assert found["name"] == f"test/tiny@{COMMIT}" and found["row"]["system"] == "tiny"
    assert found["row"]["family"] == "qwen2.5-vl"
    assert (
        json.loads((tmp_path / "hf/emovlm" / f"test--tiny@{COMMIT}" / "fetched.json").read_text())["revision"] == COMMIT
    )
    for link in (tmp_path / "hf/hub").rglob("config.json"):
        link.unlink()
    again, of_row = map(json.loads, ask(f"test/tiny@{COMMIT}", "systems.tsv:tiny"))
    assert again == found
    assert of_row["name"] == found["name"] and of_row["row"]["frames"] == 3  # with the settings of its row
    assert (of_row["row"]["min_pixels"], of_row["row"]["on_overflow"]) == (3136, "fewer_frames")


CANNOT = [
    (
        f"test/other@{COMMIT}",
        "test/other at commit aaaaaaa.* cannot be fetched .* has this machine a network or a cache",
    ),
    ("test/tiny", "no such folder; of a model on the hub name the commit, test/tiny@COMMIT"),
    ("test/tiny@main", "name the commit"),
    ("no/such/folder", "no such model. Give a folder"),
    ("systems.tsv:none", "no system 'none'; it has tiny, tuned, far"),
    ("systems.tsv:tuned", "a study trains this system; give the folder of the trained model"),
    ("systems.tsv:far", "an API model can only be evaluated in a study"),
    ("nowhere.tsv:tiny", "no such table"),
]


def test_a_model_that_cannot_be_had_is_an_error_that_says_what_to_give(ask):
    said = ask(*(model for model, _ in CANNOT))
    for line, (_, wanted) in zip(said, CANNOT, strict=True):
        assert re.search(f"^error: .*{wanted}", line), line


def test_an_unknown_architecture_stops_before_the_folder_is_made(tmp_path):
    clips = make_clips(tmp_path / "clips", n=1, frames=4)
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert/config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    done = command("evaluate", "bert", clips, "--out", "out", cwd=tmp_path)
    assert done.returncode == 1 and "error: bert: BertModel (model type bert) is not a model" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


def test_labels_that_a_classifier_lacks_stop_before_anything_is_decoded(folders, tmp_path):
    clips = make_clips(tmp_path / "clips", n=1, frames=4)
    with pytest.raises(StudyError, match=r"no label stands for happy.*model: Angry, joyful, sad.*: angry, happy, sad"):
        evaluate(folders / "vit", clips, out=tmp_path / "out")
    assert not (tmp_path / "out/frames").exists()
    found = evaluate(folders / "vit", clips, out=tmp_path / "out", label_map="joyful=happy", resamples=10)
    assert set(found.answers["status"]) == {"ok"}


def test_a_model_that_is_no_model_is_an_error(tmp_path):
    with pytest.raises(StudyError, match=r"no config\.json, so no model is there"):
        find_model(tmp_path, LABELS)
