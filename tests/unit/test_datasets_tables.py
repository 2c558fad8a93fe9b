"""Tables of annotations as people's programs write them: read where nothing is ambiguous, else named by their line."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from tests.clips.ffmpeg import plain

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.errors import StudyError
from emovlm.datasets.manifest import make_manifest
from emovlm.frames.shard import decode_shard
from emovlm.standalone.given_data import read_data

WORDS = {"anger": "anger", "fear": "fear"}
TWO = [("clips/001.mp4", "anger"), ("clips/002.mp4", "fear")]
ROWS = "clips/001.mp4,anger\nclips/002.mp4,fear\n"
PLAIN = f"path,label\n{ROWS}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own/clips").mkdir(parents=True)
    for name in ("001", "002"):
        (tmp_path / f"own/clips/{name}.mp4").touch()
    return tmp_path / "own"


def read(folder: Path, table: str | bytes) -> pd.DataFrame:
    (folder / "annotations.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    manifest = make_manifest({"dataset": "d", "kind": "folder", "words": WORDS}, folder)
    return MANIFEST.conform(manifest, "manifest").to_pandas()


READ = {
    "plain": PLAIN,
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "lines of Windows": PLAIN.replace("\n", "\r\n"),
    "lines of an old Mac": PLAIN.replace("\n", "\r"),
    "no last end of line": PLAIN.rstrip(),
    "quotes": '"path","label"\n"clips/001.mp4","anger"\n"clips/002.mp4","fear"\n',
    "blank lines": PLAIN.replace("\n", "\n\n"),
    "a blank line first": "\n" + PLAIN,
    "a line of spaces": PLAIN + "   \n",
    "empty rows of a spreadsheet": PLAIN + ",\n,\n",
    "form feed": PLAIN + "\x0c",
    "semicolons": PLAIN.replace(",", ";"),
    "semicolons, mark and lines of Windows": b"\xef\xbb\xbf" + PLAIN.replace(",", ";").replace("\n", "\r\n").encode(),
    "tabs": PLAIN.replace(",", "\t"),
    "separator told": f"sep=,\n{PLAIN}",
    "other separator told": "sep=;\r\n" + PLAIN.replace(",", ";"),
    "separator told after a mark": b"\xef\xbb\xbfsep=\t\n" + PLAIN.replace(",", "\t").encode(),
    "header in another case": PLAIN.replace("path,label", "Path,LABEL"),
    "spaces in the header": PLAIN.replace("path,label", " path , label "),
    "spaces around cells": "path, label\n clips/001.mp4 , anger \nclips/002.mp4,\tfear\n",
    "no-break space": "path,label\nclips/001.mp4,anger\u00a0\nclips/002.mp4,fear\n",
    "labels in another case": "path,label\nclips/001.mp4,ANGER\nclips/002.mp4,Fear\n",
    "pandas' index": ",path,label\n0,clips/001.mp4,anger\n1,clips/002.mp4,fear\n",
    "pandas' index, written again": ",Unnamed: 0,path,label\n0,7,clips/001.mp4,anger\n1,3,clips/002.mp4,fear\n",
    "a separator at the end": "path,label,\nclips/001.mp4,anger,\nclips/002.mp4,fear,\n",
    "a separator at the end of rows": "path,label\nclips/001.mp4,anger,,\nclips/002.mp4,fear,\n",
    "columns the other way": "label,path\nanger,clips/001.mp4\nfear,clips/002.mp4\n",
    "an end of line within quotes": 'path,label\nclips/001.mp4,"anger\n"\nclips/002.mp4,fear\n',
    "slashes of Windows": PLAIN.replace("/", "\\"),
    "needless dots and slashes": "path,label\n./clips//001.mp4,anger\nclips/./002.mp4,fear\n",
}


@pytest.mark.parametrize("kind", READ)
def test_a_table_is_read_as_its_program_meant_it(folder: Path, kind: str) -> None:
    manifest = read(folder, READ[kind])
    assert list(zip(manifest["path"], manifest["label"], strict=True)) == TWO
    assert manifest["clip_id"].tolist() == ["d/clips/001", "d/clips/002"] and set(manifest["split"]) == {"test"}


@pytest.mark.parametrize("kind", ["semicolons", "separator told", "header in another case", "pandas' index"])
def test_an_evaluation_reads_the_same_tables(folder: Path, kind: str) -> None:
    (folder / "annotations.csv").write_text(READ[kind])
    assert read_data(folder).classes == ["anger", "fear"]


def test_splits_folds_and_people_may_be_written_in_other_ways(folder: Path) -> None:
    rows = [("VAL", "", "7"), ("valid", "", "007"), ("Dev", "0", "nan"), ("Test", "1.0", "Doe\nJ."),
            ("TRAIN", "2.00", "  x "), ("", "", ""), (" pretrain ", "", "Doe, J.")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["split", "fold", "identity"])
    table = table.assign(path=[f"{k}.mp4" for k in range(len(rows))], label="fear")
    found = read(folder, table.to_csv(index=False))
    assert found["split"].tolist() == [*["validation"] * 3, "test", "train", "test", "pretrain"]
    assert found["fold"].tolist() == [0, 0, 0, 1, 2, 0, 0]
    assert found["identity"].tolist() == ["7", "007", "nan", "Doe\nJ.", "x", "d/5", "Doe, J."]


TOLD = {
    "no header": (ROWS, "line 1: no column path, label; needed are path, label"),
    "a remark first": (f"# made by hand\n{PLAIN}", "line 1: no column path, label"),
    "only a header": ("path,label\n", "the table has no clips"),
    "nothing": ("", "line 1: no column path, label"),
    "unknown separator": (PLAIN.replace(",", "|"), "line 1: no column path, label"),
    "wrong separator told": (f"sep=;\n{PLAIN}", "line 2: no column path, label"),
    "unknown column": ("path,label,gender\nclips/001.mp4,anger,f\n", "line 1: unknown column 'gender'; known are path"),
    "unknown column after sep": ("sep=;\npath;label;x\na;fear;1\n", "line 2: unknown column 'x'"),
    "column twice": ("path,label,Label\nclips/001.mp4,anger,fear\n", "line 1: two columns are called label"),
    "nameless column": (",path,label\nf,clips/001.mp4,anger\n", "line 2: 'f' is in a column without a name"),
    "unknown label": ("path,label\nclips/001.mp4,joy\n", "line 2: unknown class 'joy'; the classes are anger, fear"),
    "label that is none": ("path,label\nclips/001.mp4,nan\n", "line 2: unknown class 'nan'"),
    "number for a label": ("path,label\nclips/001.mp4,0\n", "line 2: unknown class '0'"),
    "no label": ("path,label\nclips/001.mp4,\n", "line 2: column label is empty"),
    "label of spaces": ("path,label\nclips/001.mp4, \n", "line 2: column label is empty"),
    "NUL": ("path,label\nclips/001.mp4,anger\0\n", "line 2: unknown class"),
    "NUL in a path": ("path,label\nclips/0\x0001.mp4,anger\n", "line 2: .* is no path"),
    "too many cells": ("path,label\nclips/001.mp4,anger,extra\n", "line 2: more cells than columns"),
    "too few cells": ("path,label\nclips/001.mp4\n", "line 2: column label is empty"),
    "row twice": (f"{PLAIN}clips/001.mp4,anger\n", "line 4: clip clips/001 is listed already in .*line 2"),
    "two labels": (f"{PLAIN}clips/001.mp4,fear\n", "line 4: clip clips/001 is listed already in .*line 2"),
    "one file, two spellings": (f"{PLAIN}./clips\\001.mp4,fear\n", "line 4: clip clips/001 is listed already"),
    "quote not closed": ('path,label\n"clips/001.mp4,anger\nclips/002.mp4,fear\n', "line 2: its quotation marks"),
    "quote not closed, long": (
        'path,label\n"clips/001.mp4,anger\n' + 8000 * "clips/002.mp4,fear\n",
        "line 2: its quot",
    ),
    "unknown split": ("path,label,split\nclips/001.mp4,anger,tested\n", "line 2: unknown split 'tested'; known are"),
    "fold of two": ("path,label,fold\nclips/001.mp4,anger,1.5\n", "line 2: fold '1.5' is not a whole number"),
    "UTF-16": (PLAIN.encode("utf-16"), "not a readable UTF-8 text file"),
    "Latin-1": ("path,label\nclips/café.mp4,fear\n".encode("latin-1"), "not a readable UTF-8 text file"),
    "GBK": ("path,label\n愤怒/001.mp4,anger\n".encode("gbk"), "not a readable UTF-8 text file"),
}


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_wrong_with_a_table_is_told_with_its_line(folder: Path, kind: str) -> None:
    table, message = TOLD[kind]
    with pytest.raises(StudyError, match=rf"annotations\.csv.*{message}"):
        read(folder, table)


def test_the_line_that_is_named_is_where_the_row_begins(folder: Path) -> None:
    with pytest.raises(StudyError, match="line 6: unknown class 'joy'"):
        read(folder, 'path,label\n\n"clips/001.mp4","anger\n"\n\nclips/002.mp4,joy\n')


NAMES = {
    "plain": "a.mp4", "space": "my clip 1.mp4", "apostrophe": "it's.mp4", "quote": 'say "hi".mp4', "comma": "a,b.mp4",
    "semicolon": "a;b.mp4", "hash": "a#b.mp4", "dash first": "-start.mp4", "percent": "img%03d.mp4",
    "braces": "{wildcard}.mp4", "dollar": "$(HOME) $HOME.mp4", "stars": "a*b?[1].mp4", "colon": "a:b.mp4",
    "protocol": "concat:x.mp4", "tilde": "~a.mp4", "long": "x" * 240 + ".mp4", "Chinese": "愤怒/片段一.mp4",
    "composed": "caf\u00e9.mp4", "decomposed": "cafe\u0301.mp4", "emoji": "\U0001f600.mp4",
    "joined emoji": "\U0001f469\u200d\U0001f4bb.mp4", "Persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.mp4",
    "wide space": "片段\u3000一.mp4", "no-break space": "a\u00a0b.mp4", "next line": "a\u0085b.mp4",
    "line separator": "a\u2028b.mp4", "end of line": "a\nb.mp4", "tab": "a\tb.mp4", "backslash": "a\\b.mp4",
    "no suffix": "clip7", "two dots": "s1.take2.mp4", "dot first": ".hidden.mp4", "dot last": "clip.",
    "space last": "clip.mp4 ",
}  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("clip") / "clip.mp4", numbers=range(6))


def status(folder: Path, place: Path, *rows: tuple[str, str]) -> list[str]:
    """Which of a table's clips are decoded."""
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(folder / "annotations.csv", index=False)
    manifest = make_manifest({"dataset": "d", "kind": "folder", "words": WORDS}, folder)
    clips, _ = decode_shard(manifest, folder, 0, 1, place / "0.safetensors", 32, 30)
    return clips["status"].tolist()


def test_every_name_that_is_legal_on_linux_names_its_file(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ordner {für} 'ä'"
    for name in NAMES.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, folder / name)
    assert status(folder, tmp_path, *((name, "fear") for name in NAMES.values())) == ["ok"] * len(NAMES)


@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("cafe\u0301.mp4", "caf\u00e9.mp4"),
        ("caf\u00e9.mp4", "cafe\u0301.mp4"),
        ("clips/a.mp4", "clips\\a.mp4"),
        ("clips/a.mp4", " clips/a.mp4\t"),
        ("clips/caf\u00e9.mp4", " clips\\cafe\u0301.mp4"),
    ],
)
def test_a_file_is_found_by_another_spelling_of_its_path(clip: Path, tmp_path: Path, file: str, written: str) -> None:
    (tmp_path / "d/clips").mkdir(parents=True)
    shutil.copy(clip, tmp_path / "d" / file)
    assert status(tmp_path / "d", tmp_path, (written, "fear")) == ["ok"]


def test_another_case_or_a_lost_zero_is_another_file_which_is_missing(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    shutil.copy(clip, tmp_path / "d/001.mp4")
    (tmp_path / "d/broken.mp4").symlink_to("nowhere.mp4")
    (tmp_path / "d/link.mp4").symlink_to("001.mp4")
    rows = [(name, "fear") for name in ("001.MP4", "1.mp4", "broken.mp4", "link.mp4")]
    assert status(tmp_path / "d", tmp_path, *rows) == ["failed", "failed", "failed", "ok"]
    (tmp_path / "whole").symlink_to("d")
    assert status(tmp_path / "whole", tmp_path, ("001.mp4", "fear")) == ["ok"]


@pytest.mark.parametrize("written", ["../clip.mp4", "/etc/passwd", "out.mp4", "away/clip.mp4", "..\\clip.mp4"])
def test_no_spelling_leads_out_of_the_folder(clip: Path, tmp_path: Path, written: str) -> None:
    (tmp_path / "d").mkdir()
    shutil.copy(clip, tmp_path / "clip.mp4")
    (tmp_path / "d/out.mp4").symlink_to(clip)
    (tmp_path / "d/away").symlink_to(clip.parent)
    with pytest.raises(StudyError, match="is not inside the dataset's folder"):
        status(tmp_path / "d", tmp_path, (written, "fear"))


def test_files_that_differ_in_their_suffix_alone_are_two_clips(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "d/a").mkdir(parents=True)
    for name in ("a.mp4", "a.avi", "b.mp4"):
        shutil.copy(clip, tmp_path / "d" / name)
    rows = [("a.mp4", "anger"), ("a.avi", "fear"), ("b.mp4", "fear"), ("a", "fear")]
    assert status(tmp_path / "d", tmp_path, *rows) == ["failed", "ok", "ok", "ok"]  # the folder has no images
    manifest = make_manifest({"dataset": "d", "kind": "folder", "words": WORDS}, tmp_path / "d")
    assert manifest["clip_id"].tolist() == ["d/a.mp4", "d/a.avi", "d/b", "d/a"]
    (tmp_path / "ids.txt").write_text("a.avi\nb.mp4\n")
    chosen = make_manifest({"dataset": "d", "kind": "folder", "words": WORDS}, tmp_path / "d", tmp_path / "ids.txt")
    assert chosen.query("split == 'test'")["clip_id"].tolist() == ["d/a.avi", "d/b"]
