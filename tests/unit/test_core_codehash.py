"""The code hash changes with what code does, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from emovlm.core import codehash
from emovlm.core.errors import StudyError

SCRIPT = '''"""A script."""
from emovlm.room.used import work


def main():
    """Do it."""
    return work(1)
'''
USED = '"""Used."""\nfrom emovlm.room import deep\n\n\ndef work(x):\n    return deep.shift(x)\n'
DEEP = "def shift(x):\n    return x + 1\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package on disk: script -> used -> deep; unused stands alone."""
    room = tmp_path / "emovlm" / "room"
    room.mkdir(parents=True)
    for path, text in {
        tmp_path / "emovlm" / "__init__.py": "",
        room / "__init__.py": "",
        room / "used.py": USED,
        room / "deep.py": DEEP,
        room / "unused.py": "X = 1\n",
        tmp_path / "script.py": SCRIPT,
    }.items():
        path.write_text(text)
    monkeypatch.setattr(codehash, "PACKAGE", tmp_path / "emovlm")
    return tmp_path


def hashed(package: Path) -> str:
    for cached in (codehash._remembered, codehash._code, codehash._imports, codehash._closure):
        cached.cache_clear()
    return codehash.code_hash(package / "script.py")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_comments_docstrings_formatting_and_touches_change_nothing(package):
    before = hashed(package)
    edit(package / "emovlm/room/deep.py", "return x + 1", "return (x +\n        1)  # a remark")
    edit(package / "emovlm/room/used.py", '"""Used."""', '"""Used, and better described."""')
    edit(package / "script.py", '"""Do it."""', '"""Do it well."""')
    (package / "script.py").touch()
    assert hashed(package) == before


@pytest.mark.parametrize("name", ["script.py", "emovlm/room/used.py", "emovlm/room/deep.py"])
def test_an_edit_of_the_script_or_of_any_module_it_reaches_changes_it(package, name):
    before = hashed(package)
    edit(package / name, "x" if "room" in name else "work(1)", "y" if "room" in name else "work(2)")
    assert hashed(package) != before


def test_an_edit_of_another_module_changes_nothing(package):
    before = hashed(package)
    (package / "emovlm/room/unused.py").write_text("X = 2\n")
    assert hashed(package) == before


def test_it_does_not_depend_on_where_the_project_lies(package, tmp_path, monkeypatch):
    before = hashed(package)
    moved = tmp_path / "elsewhere"
    shutil.copytree(package, moved, ignore=shutil.ignore_patterns("elsewhere"))
    monkeypatch.setattr(codehash, "PACKAGE", moved / "emovlm")
    assert hashed(moved) == before


def test_a_syntax_error_names_file_and_line(package):
    (package / "emovlm/room/deep.py").write_text("def shift(x):\n    return (\n")
    with pytest.raises(StudyError, match=r"deep\.py, line 2"):
        hashed(package)


def test_what_is_remembered_gives_the_same_hash_and_is_not_taken_for_other_content(package, monkeypatch):
    monkeypatch.chdir(package)
    before = hashed(package)
    (package / ".snakemake").mkdir()
    assert hashed(package) == before  # remembers
    lines = codehash.MEMORY.read_text().splitlines()
    assert len(lines) == 4  # the two empty __init__.py are one content
    codehash.MEMORY.write_text("\n".join([*lines, lines[0][:-9]]))  # cut off while it was written
    assert hashed(package) == before
    edit(package / "emovlm/room/deep.py", "x + 1", "x + 2")
    assert hashed(package) != before
    edit(package / "emovlm/room/deep.py", "x + 2", "x + 1")
    assert hashed(package) == before


def test_what_is_remembered_can_be_left_unread(package, monkeypatch):
    monkeypatch.chdir(package)
    (package / ".snakemake").mkdir()
    before = hashed(package)
    text = codehash.MEMORY.read_text()
    codehash.MEMORY.write_text(text.replace(text.split('"')[-2], "0" * 64))
    assert hashed(package) != before
    monkeypatch.setenv("EMOVLM_CODE_MEMORY", "off")
    assert hashed(package) == before
