"""A raw dataset folder becomes a manifest; whatever is wrong in it is named by file and line."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest
from tests.scripts import run_script

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table
from emovlm.datasets.manifest import make_manifest, permute_labels

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ["anger", "fear", "neutral"]
WORDS = {name: name for name in CLASSES}
ROW = {"dataset": "toy", "kind": "synface", "words": WORDS}
MAFW = {"dataset": "mafw", "kind": "mafw", "words": WORDS}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A SynFace folder of five clips; the file of the last one is missing."""
    folder = tmp_path / "raw"
    (folder / "clips").mkdir(parents=True)
    (folder / "annotations").mkdir()
    for name in ("00001", "00002", "00003", "00004"):
        (folder / "clips" / f"{name}.mp4").write_bytes(b"a clip")
    (folder / "annotations/train.txt").write_text("00001.mp4 anger\n00002.mp4 fear\n\n00003.mp4 anger\n")
    (folder / "annotations/test.txt").write_text("00004.mp4 neutral\r\n00005.mp4 fear")
    people = "".join(f"0000{k},p{k % 2}\n" for k in range(1, 6))
    (folder / "annotations/identities.csv").write_text("name,identity\n" + people)
    return folder


def test_the_manifest_has_each_listed_clip_even_if_its_file_is_missing(folder: Path) -> None:
    manifest = MANIFEST.conform(make_manifest(ROW, folder), "manifest").to_pandas()
    assert manifest.to_numpy().tolist() == [
        ["toy/00001", "clips/00001.mp4", "anger", "train", 0, "p1"],
        ["toy/00002", "clips/00002.mp4", "fear", "train", 0, "p0"],
        ["toy/00003", "clips/00003.mp4", "anger", "train", 0, "p1"],
        ["toy/00004", "clips/00004.mp4", "neutral", "test", 0, "p0"],
        ["toy/00005", "clips/00005.mp4", "fear", "test", 0, "p1"],
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("00009.mp4", "is not of the form '00025.mp4 anger'"),
        ("00009.mp4 anger 3", "is not of the form"),
        ("00009.mp4 an\0ger", "is not of the form"),
        ("00009.mp4 rage", "unknown class 'rage'; the classes are anger, fear, neutral"),
        ("00009.mp4 Anger", "unknown class 'Anger'"),
        ("00001.mp4 fear", "clip 00001 is listed already in .*train.txt, line 1"),
        ("00009.avi fear", "identities.csv has no identity of clip 00009"),
        ("./00001.mp4 fear", "clip 00001 is listed already in .*train.txt, line 1"),
        ("../../secret.mp4 fear", "'../../secret.mp4' is not inside the dataset's folder"),
        ("../clips/00009.mp4 fear", "'../clips/00009.mp4' is not inside the dataset's folder"),
        ("/etc/passwd fear", "'/etc/passwd' is not inside the dataset's folder"),
        ("link.mp4 fear", "'clips/link.mp4' is not inside the dataset's folder"),
        ("linked/00009.mp4 fear", "'clips/linked/00009.mp4' is not inside the dataset's folder"),
        ("00009.mp4 fear", "identities.csv has no identity of clip 00009"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_line(folder: Path, line: str, message: str) -> None:
    (folder.parent / "secret.mp4").write_bytes(b"not of this dataset")
    (folder / "clips/link.mp4").symlink_to(folder.parent / "secret.mp4")
    (folder / "clips/linked").symlink_to(folder.parent)
    with open(folder / "annotations/train.txt", "a") as handle:
        handle.write(f"{line}\n")
    with pytest.raises(StudyError, match=rf"train\.txt, line 5: .*{message}"):
        make_manifest(ROW, folder)


def test_a_link_that_stays_in_the_folder_is_fine(folder: Path) -> None:
    (folder / "clips/00005.mp4").symlink_to("00004.mp4")
    assert len(make_manifest(ROW, folder)) == 5


def test_a_clip_in_two_lists_is_an_error_that_names_both(folder: Path) -> None:
    (folder / "annotations/pretrain.txt").write_text("00004.mp4 neutral\n")
    with pytest.raises(StudyError, match=r"test\.txt, line 1: clip 00004 .* in .*pretrain\.txt, line 1"):
        make_manifest(ROW, folder)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_annotation_file_is_an_error(folder: Path, text: str) -> None:
    (folder / "annotations/train.txt").write_text(text)
    with pytest.raises(StudyError, match=r"train\.txt: the annotation file is empty"):
        make_manifest(ROW, folder)


def test_an_annotation_file_that_is_no_text_is_an_error(folder: Path) -> None:
    (folder / "annotations/train.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match=r"train\.txt: not a readable UTF-8 text file"):
        make_manifest(ROW, folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"identities\.csv: no such file"),
        ("", r"identities\.csv, line 1: no column name, identity"),
        ("name,person\n00001,p1\n", r"identities\.csv, line 1: no column identity"),
        ("name,identity\n00001,\n", r"identities\.csv, line 2: column identity is empty"),
        ("name,identity\n00001,p1,p2\n", r"identities\.csv, line 2: more cells than columns"),
        ("name,identity\n00001,p1\n00001,p2\n", r"identities\.csv, line 3: clip 00001 has an identity already"),
    ],
)
def test_a_wrong_table_of_identities_is_named_by_file_and_line(folder: Path, text: str | None, message: str) -> None:
    file = folder / "annotations/identities.csv"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(StudyError, match=message):
        make_manifest(ROW, folder)


def test_a_missing_folder_missing_lists_and_an_unknown_kind_are_errors(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"row toy: the folder .*absent does not exist"):
        make_manifest(ROW, tmp_path / "absent")
    with pytest.raises(StudyError, match=r"none of pretrain\.txt, train\.txt, validation\.txt, test\.txt is there"):
        make_manifest(ROW, tmp_path)
    with pytest.raises(
        StudyError, match=r"row toy: unknown kind of dataset 'movie'; known are synface, mafw, dfew, folder"
    ):
        make_manifest({**ROW, "kind": "movie"}, folder)


@pytest.fixture
def mafw(tmp_path: Path) -> Path:
    """Five folds over ten clips, two tested in each; clip 00010 is only ever trained on."""
    folder = tmp_path / "mafw"
    (folder / "data/clips").mkdir(parents=True)
    for fold in range(1, 6):
        lists = folder / f"Train & Test Set/single/no_caption/set_{fold}"
        lists.mkdir(parents=True)
        tested = {2 * fold - 2, 2 * fold - 1}
        lines = {k: f"{k:05d}.mp4 {CLASSES[k % 3]}\n" for k in range(11)}
        (lists / "test.txt").write_text("".join(lines[k] for k in lines if k in tested))
        (lists / "train.txt").write_text("".join(lines[k] for k in lines if k not in tested))
    return folder


def test_mafw_clips_get_the_fold_that_tests_them(mafw: Path) -> None:
    manifest = MANIFEST.conform(make_manifest(MAFW, mafw), "m").to_pandas()
    assert manifest["fold"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0]
    assert manifest["split"].tolist() == ["test"] * 10 + ["train"]
    assert manifest["path"][0] == "data/clips/00000.mp4" and manifest["identity"][3] == "mafw/00003"


@pytest.mark.parametrize(
    ("fold", "file", "line", "message"),
    [
        (3, "test", "00000.mp4 anger", r"set_3.train\.txt, line 1: clip 00000 is also in the fold's test set"),
        (2, "train", "00002.mp4 neutral", r"set_2.train\.txt, line 10: clip 00002 is also in the fold's test set"),
        (2, "test", "00099.mp4 rage", r"set_2.test\.txt, line 3: unknown class 'rage'"),
    ],
)
def test_mafw_folds_that_leak_are_errors(mafw: Path, fold: int, file: str, line: str, message: str) -> None:
    with open(mafw / f"Train & Test Set/single/no_caption/set_{fold}/{file}.txt", "a") as handle:
        handle.write(f"{line}\n")
    with pytest.raises(StudyError, match=message):
        make_manifest(MAFW, mafw)


def test_a_mafw_clip_tested_twice_or_labelled_twice_is_an_error(mafw: Path) -> None:
    lists = mafw / "Train & Test Set/single/no_caption"
    train, test = (lists / "set_4" / f"{name}.txt" for name in ("train", "test"))
    whole = train.read_text()
    train.write_text(whole.replace("00000.mp4 anger\n", ""))
    with open(test, "a") as handle:
        handle.write("00000.mp4 anger\n")
    with pytest.raises(StudyError, match=r"set_4.test\.txt, line 3: clip 00000 is tested already in .*set_1"):
        make_manifest(MAFW, mafw)
    test.write_text(test.read_text().replace("00000.mp4 anger\n", ""))
    train.write_text(whole.replace("00000.mp4 anger", "00000.mp4 fear"))
    with pytest.raises(StudyError, match="clip 00000 is fear here and anger in"):
        make_manifest(MAFW, mafw)


def run_on(folder: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return run_script(
        "make_manifest",
        outputs={"manifest": tmp_path / "toy.parquet", "counts": tmp_path / "toy.counts.csv"},
        params={**ROW, "folder": folder, "permuted_labels": [], "seed": None},
    )


def test_the_script_writes_the_manifest(folder: Path, tmp_path: Path) -> None:
    assert run_on(folder, tmp_path).returncode == 0
    expected = MANIFEST.conform(make_manifest(ROW, folder), "m").to_pandas()
    pd.testing.assert_frame_equal(read_table(tmp_path / "toy.parquet", MANIFEST), expected, check_dtype=False)


def test_the_script_says_what_is_wrong_in_one_line_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "annotations/test.txt").write_text("00004.mp4 joy\n")
    done = run_on(folder, tmp_path)
    assert done.returncode == 1 and not (tmp_path / "toy.parquet").exists()
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: ") and "test.txt, line 1" in done.stderr


def test_permuted_labels_keep_their_numbers_and_leave_other_splits_alone():
    names = [f"d/{i:03d}" for i in range(60)]
    manifest = pd.DataFrame(
        {"clip_id": names, "split": ["train", "test"] * 30, "label": ["anger", "fear", "fear"] * 20}
    )
    dealt = permute_labels(manifest, ["train"], seed=1)
    train, test = (dealt["split"] == split for split in ("train", "test"))
    assert dealt[test].equals(manifest[test])
    assert sorted(dealt[train]["label"]) == sorted(manifest[train]["label"])
    assert 0.2 < (dealt[train]["label"] == manifest[train]["label"]).mean() < 0.8
    assert permute_labels(manifest, [], seed=1).equals(manifest)
