"""The command ``emovlm count`` as a person runs it."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emovlm import cli

TEXT = "Fear of the dark.\nNo joy, no fear; joyful\n\n他们害怕黑夜。我很快乐\n"
LEXICON = """\
emotion\tlanguage\tterm\tform\tscript\trole
fear\ten\tfear\tnoun\t\tname
fear\ten\tfeared\tverb\t\tname
fear\tzh\t害怕\tverb\tsimplified\tname
happiness\ten\tjoy\tnoun\t\tname
happiness\ten\tcheer\tnoun\t\tsynonym
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "lexicon.tsv").write_text(LEXICON)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["emovlm", "count", *arguments])
    code = cli.main()
    out, err = capsys.readouterr()
    return code, out, err


def test_the_table_has_terms_and_the_sums_of_classes(folder, monkeypatch, capsys):
    code, out, err = run(monkeypatch, capsys, "a.txt", "--lexicon", "lexicon.tsv", "--words")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["fear", "fear", "2", "133,333.33", "2"] in rows  # of 15 words, of which 6 are Chinese
    assert ["feared", "0", "0.00", "0"] in rows and ["害怕", "1", "66,666.67", "1"] in rows
    assert ["all", "3", "200,000.00", "3"] in rows and ["happiness", "joy", "1", "66,666.67", "1"] in rows
    assert "15 words, 4 documents" in out and "cheer" not in out
    assert "1 file" in err and "MB/s" in err


def test_single_terms_need_no_lexicon(folder, monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "a.txt", "--term", "fear", "--term", "快乐", "--json")
    assert code == 0
    found = json.loads(out)
    assert [(row["term"], row["language"], row["count"]) for row in found["terms"]] == [
        ("fear", "en", 2),
        ("快乐", "zh", 1),
    ]
    assert found["words"] is None and found["terms"][0]["per_million"] is None


def test_details_are_printed_as_csv(folder, monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "a.txt", "--lexicon", "lexicon.tsv", "--details", "--csv")
    assert code == 0
    rows = {row["term"]: row for row in csv.DictReader(io.StringIO(out))}
    assert (
        rows["fear"]["count"] == "2" and rows["fear"]["negated_before"] == "1" and rows["joy"]["negated_before"] == "1"
    )


def test_tables_are_written_and_the_same_command_counts_nothing_again(folder, monkeypatch, capsys):
    command = ("a.txt", "--lexicon", "lexicon.tsv", "--out", "out", "--contexts", "2")
    assert run(monkeypatch, capsys, *command)[0] == 0
    written = {path.name: path.read_bytes() for path in (folder / "out").glob("*.*")}
    assert set(written) == {"terms.csv", "classes.csv", "joint.csv", "contexts.csv", "files.csv", "counts.json"}
    joint = list(csv.DictReader(io.StringIO(written["joint.csv"].decode())))
    assert joint == [{"emotion": "fear", "other": "happiness", "documents": "1"}]
    contexts = list(csv.DictReader(io.StringIO(written["contexts.csv"].decode())))
    assert {row["term"] for row in contexts} == {"fear", "joy", "害怕"} and all(
        row["file"] == "a.txt" for row in contexts
    )
    kept = {path: path.stat().st_mtime_ns for path in (folder / "out/store").iterdir()}
    assert run(monkeypatch, capsys, *command)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "out/store").iterdir()} == kept
    assert {path.name: path.read_bytes() for path in (folder / "out").glob("*.*")} == written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("*.jsonl",), "*.jsonl: no file matches the pattern"),
        (("none.txt",), "none.txt: no such file"),
        ((".",), ".: a folder; name files, for example './*.txt'"),
        (("a.txt", "--workers", "0"), "--workers is 0; it is at least 1"),
        (("a.txt", "--contexts", "2"), "--contexts needs a folder for them (--out)"),
        (("a.txt", "--lexicon", "lexicon.tsv", "--term", "joy"), "give a lexicon or single terms, not both"),
        (("a.txt", "--lexicon", "no.tsv"), "no.tsv: no such table"),
        (("a.txt", "--form", "docx"), "form 'docx' is not known"),
        (("a.txt", "--out", "lexicon.tsv"), "lexicon.tsv: a file; name a folder"),
        (("a.txt", "--out", "."), "holds other files (a.txt for example) and nothing is overwritten"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder, monkeypatch, capsys, arguments, said):
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert code == 1 and out == ""
    assert err.startswith("error: ") and said in err and len(err.strip().splitlines()) == 1


def test_what_was_left_out_is_shown(folder, monkeypatch, capsys):
    (folder / "b.jsonl").write_text('{"text":"fear"}\n{"text":null}\n')
    for printed in ([], ["--csv"], ["--json"]):
        code, _, err = run(monkeypatch, capsys, "*.jsonl", "--term", "fear", *printed)
        assert code == 0 and "1 document: null text" in err


def test_tables_of_an_earlier_count_do_not_stay(folder, monkeypatch, capsys):
    run(monkeypatch, capsys, "a.txt", "--term", "fear", "--term", "joy", "--contexts", "2", "--out", "counts")
    assert {"contexts.csv", "joint.csv"} <= {path.name for path in Path("counts").iterdir()}
    run(monkeypatch, capsys, "a.txt", "--term", "fear", "--out", "counts")
    assert not {"contexts.csv", "joint.csv"} & {path.name for path in Path("counts").iterdir()}


def test_a_term_that_the_segmenter_never_makes_a_word_is_named_and_one_word_in_two_scripts_counts_once(
    folder, monkeypatch, capsys
):
    (folder / "zh.txt").write_text("他面无表情,很恐懼。\n")
    code, out, err = run(
        monkeypatch, capsys, "zh.txt", "--term", "面无表情", "--term", "恐懼", "--term", "恐惧", "--csv"
    )
    assert code == 0 and "never a word for the segmenter, so that 0 says nothing: 面无表情" in err
    rows = [line.split(",") for line in out.splitlines()[1:]]
    assert [(row[2], row[4]) for row in rows] == [("面无表情", "0"), ("恐懼", "1")]


def test_pipes_and_binary_files_are_refused(folder, monkeypatch, capsys):
    os.mkfifo(folder / "pipe")
    (folder / "program").write_bytes(b"\x7fELF\0\0\1fear\n")
    for file, said in (("pipe", "a pipe or device"), ("program", "holds NUL bytes")):
        code, _, err = run(monkeypatch, capsys, file, "--term", "fear")
        assert code == 1 and said in err
    assert run(monkeypatch, capsys, "program", "--term", "fear", "--form", "text")[0] == 0


def test_the_command_runs_in_processes_of_its_own(folder):
    (folder / "big.txt").write_text("fear and joy\n" * 1000)
    done = subprocess.run(
        [sys.executable, "-m", "emovlm.cli", "count", "*.txt", "--term", "fear", "--workers", "2", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["terms"][0]["count"] == 1002
    assert "2 files" in done.stderr
