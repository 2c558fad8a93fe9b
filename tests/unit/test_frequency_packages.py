"""Texts of packages: fetched with pip from a folder that the test fills, checked, read and written as a corpus."""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zipfile

import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.frequency import packages
from emovlm.frequency.packages import fetch_corpus, read_documents, read_members
from emovlm.synface.face.wheel import FILE_NAME, REQUIREMENT, fetch_wheel

METADATA = "Metadata-Version: 2.1\nName: texts\nVersion: 1.0\n"
PAIRS = '1\t我害怕。\t9\tI am afraid.\n1\t我害怕。\t8\tI fear it.\n2\t"恐懼"\t7\tFear.\n'


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes packages from, instead of an index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    return folder


WHEEL = "texts-1.0-py3-none-any.whl"


def put_wheel(folder, **files):
    """A wheel of the package `texts`, and its SHA-256."""
    path = folder / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"texts/{name.replace('__', '.')}", content)
        archive.writestr("texts-1.0.dist-info/METADATA", METADATA)
        archive.writestr("texts-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("texts-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def corpus(path):
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_wheels_sentence_pairs_become_two_corpora_in_which_each_sentence_stands_once(index, tmp_path):
    sha256 = put_wheel(index, pairs__tsv="\ufeff" + PAIRS, other__tsv="no\tpart\tof\tit\n")
    out = tmp_path / "zh.jsonl"
    assert fetch_corpus("texts==1.0", sha256, "texts/pairs.tsv", "tsv:2", out) == 2
    assert corpus(out) == ["我害怕。", '"恐懼"']
    fetch_corpus("texts==1.0", sha256, "texts/pairs.tsv", "tsv:4", tmp_path / "en.jsonl")
    assert corpus(tmp_path / "en.jsonl") == ["I am afraid.", "I fear it.", "Fear."]
    first = out.read_bytes()
    fetch_corpus("texts==1.0", sha256, "texts/pairs.tsv", "tsv:2", out)
    assert out.read_bytes() == first
    assert pd.read_json(out, lines=True)["text"].tolist() == ["我害怕。", '"恐懼"']


def test_compressed_members_are_unpacked_and_read_in_the_order_of_their_names(tmp_path):
    verses = 'id,text\n1,"He said, ""Fear not."""\n'
    put_wheel(tmp_path, b__csv__gz=gzip.compress(verses.encode()), a__csv="0,In the beginning\r\n")
    assert read_documents(tmp_path / WHEEL, "*/*.csv* ", "csv:2") == [
        "In the beginning",
        "text",
        'He said, "Fear not."',
    ]


@pytest.mark.parametrize(
    "form, content, expected",
    [
        ("text", "one\n\ntwo\n", ["one\n\ntwo\n"]),
        ("lines", "one\r\n\r\ntwo", ["one", "two"]),
        ("json", '["one", "\\u6050\\u60e7"]', ["one", "恐惧"]),
        ("json:verses", '[{"verses": [["one", "two"], ["three"]]}]', ["one", "two", "three"]),
        ("json:a.b", '{"x": {"a": {"b": "one"}}, "y": {"a": {"b": "two"}}}', ["one", "two"]),
    ],
)
def test_each_form_of_text_gives_its_documents(tmp_path, form, content, expected):
    put_wheel(tmp_path, all__txt=content)
    assert read_documents(tmp_path / WHEEL, "texts/*.txt", form) == expected


@pytest.mark.parametrize(
    "form, content, message",
    [
        ("json", "[1]", r"member texts/all.txt: not of the form 'json' \(TypeError: a int where a text should be"),
        ("json", "[", "not of the form 'json' .JSONDecodeError"),
        ("json", '["\\ud83d"]', "not of the form 'json' .UnicodeEncodeError"),
        ("json:a", '[{"b": "one"}]', "not of the form 'json:a' .KeyError"),
        ("tsv:3", "one\ttwo\n", "not of the form 'tsv:3' .IndexError"),
        ("tsv:0", "one\n", "not of the form 'tsv:0' .ValueError: columns are counted from 1"),
        ("csv:x", "one\n", "not of the form 'csv:x' .ValueError"),
        ("text", b"\xff\xfe", "all.txt: not UTF-8 .byte 0."),
        ("lines", " \n\n", "texts/.*txt hold no document"),
        ("pdf", "one", "column text, 'pdf': unknown form of text in a package 'pdf'; known are text, lines"),
    ],
)
def test_a_member_that_is_not_of_its_form_is_an_error_that_names_it(tmp_path, form, content, message):
    put_wheel(tmp_path, all__txt=content)
    with pytest.raises(StudyError, match=message):
        read_documents(tmp_path / WHEEL, "texts/*.txt", form)


def test_another_file_of_the_same_version_is_refused(index, tmp_path):
    put_wheel(index, all__txt="one")
    with pytest.raises(StudyError, match=r"texts==1\.0: the index has a file with the SHA-256 [0-9a-f]{64}, not 0000"):
        fetch_corpus("texts==1.0", "0" * 64, "*", "text", tmp_path / "out.jsonl")
    (index / WHEEL).rename(index / FILE_NAME)
    with pytest.raises(StudyError, match=f"{REQUIREMENT}: the index has a file with the SHA-256"):
        fetch_wheel(tmp_path / "rig.whl")


def test_the_code_of_a_source_archive_never_runs(index, tmp_path):
    path = index / "texts-1.0.tar.gz"
    setup = f"open({str(tmp_path / 'ran')!r}, 'w')\n".encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("texts-1.0/setup.py")
        member.size = len(setup)
        archive.addfile(member, io.BytesIO(setup))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(StudyError, match=r"pip could not download texts==1\.0"):
        fetch_corpus("texts==1.0", sha256, "*", "text", tmp_path / "out.jsonl")
    assert not (tmp_path / "ran").exists()


def test_without_an_index_it_says_what_to_do(index, tmp_path):
    with pytest.raises(StudyError, match=r"pip could not download texts==1\.0 .*PIP_INDEX_URL.*PIP_FIND_LINKS"):
        fetch_corpus("texts==1.0", "0" * 64, "*", "text", tmp_path / "out.jsonl")


def test_a_pattern_without_a_member_is_an_error_that_lists_the_largest(tmp_path):
    put_wheel(tmp_path, poems__json="[]" * 500, names__json="[]")
    with pytest.raises(StudyError, match=r"no member matches 'texts/\*\.txt'; the largest are texts/poems\.json, "):
        read_documents(tmp_path / WHEEL, "texts/*.json texts/*.txt", "json")


def test_members_that_are_too_large_are_refused_and_odd_paths_are_only_names(tmp_path, monkeypatch):
    path = tmp_path / "odd.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../up.txt", "/etc/down.txt"):
            archive.writestr(name, "text")
    assert dict(read_members(path, ["*p.txt", "/etc/*"])) == {"../up.txt": b"text", "/etc/down.txt": b"text"}
    assert sorted(os.listdir(tmp_path)) == ["odd.whl"]
    monkeypatch.setattr(packages, "LARGEST", 6)
    with pytest.raises(StudyError, match="hold more than 6 bytes"):
        list(read_members(path, ["*p.txt", "/etc/*"]))
    bomb = tmp_path / "bomb.whl"
    with zipfile.ZipFile(bomb, "w") as archive:
        archive.writestr("zeros.txt.gz", gzip.compress(bytes(1000)))
    with pytest.raises(StudyError, match="hold more than 6 bytes"):
        list(read_members(bomb, ["*"]))


def test_a_damaged_wheel_is_an_error(tmp_path):
    path = tmp_path / "texts.whl"
    path.write_bytes(b"PK\x03\x04 no archive at all " * 100)
    with pytest.raises(StudyError, match=r"texts\.whl: not a readable wheel"):
        list(read_members(path, ["*"]))
