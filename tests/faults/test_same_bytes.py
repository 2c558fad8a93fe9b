"""The same numbers whatever the machine's settings: cores, shards, hash seed, locale, time zone, umask, file order."""

import os
from pathlib import Path

import pytest

from emovlm.core.hashing import sha256_file
from tests.project import RESULTS, Project

pytestmark = pytest.mark.whole_study
SETTINGS = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "tr_TR.UTF-8", "COLUMNS": "40"}
SHUFFLED = '''"""Folders list their files in an order that no disk has; Python reads this file when it starts."""
import os
import random

listdir, scandir = os.listdir, os.scandir


class Entries:
    def __init__(self, entries):
        self.rest = iter(random.Random(len(entries)).sample(entries, len(entries)))

    def __iter__(self):
        return self.rest

    def __next__(self):
        return next(self.rest)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass


os.listdir = lambda *folder: list(Entries(listdir(*folder)))
os.scandir = lambda *folder: Entries(list(scandir(*folder)))
'''


def numbers(project: Project) -> dict[str, str]:
    """Hash of each table, and of all values, by path."""
    root = project.path / RESULTS
    return {
        str(p.relative_to(root)): sha256_file(p) for p in (*sorted(root.glob("tables/*.csv")), root / "values.json")
    }


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every Python lists folders in a shuffled order."""
    (tmp_path / "order").mkdir()
    (tmp_path / "order/sitecustomize.py").write_text(SHUFFLED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "order"), prepend=os.pathsep)


def test_settings_of_the_machine_change_no_number(project, tmp_path, monkeypatch, order):
    other = Project(tmp_path / "emovlm")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    before = os.umask(0o077)
    try:
        other.run("--cores", "1")
    finally:
        os.umask(before)
    assert numbers(other) == numbers(project)


def test_shards_change_no_number(project, tmp_path):
    other = Project(tmp_path / "emovlm")
    for corpus in ("faces", "synface"):
        other.edit("config/quick/datasets.tsv", f"<results>/raw/{corpus}\t1\t", f"<results>/raw/{corpus}\t3\t")
    other.run("--cores", "2")
    assert len(list((other.path / RESULTS / "frames/synface").glob("*.safetensors"))) == 3
    assert numbers(other) == numbers(project)
