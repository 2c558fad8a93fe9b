"""The example of docs/how-to/adding-a-system.md, put where the page says, passes the tests that it names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def blocks():
    """The Python blocks of the page's section on a new family, in order."""
    page = (ROOT / "docs/how-to/adding-a-system.md").read_text(encoding="utf-8")
    section = page.partition("## A new family")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.S)


def insert(path, before, text):
    """Put a text behind the first place of another."""
    whole = path.read_text(encoding="utf-8")
    assert whole.count(before) == 1, f"{path.name}: {before!r}"
    path.write_text(whole.replace(before, before + text), encoding="utf-8")


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the package and its tests with the example in it."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("src", "tests", "config", "workflow"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    family, model, prompts, tokens = blocks()
    insert(folder / "src/emovlm/models/vlm/families.py", "for _family in (\n", f"{family.strip()},\n")
    made = folder / "tests/tiny_models/models.py"
    made.write_text(made.read_text(encoding="utf-8").replace("MODELS: dict", f"{model}\n\nMODELS: dict"))
    insert(made, "MODELS: dict[str, Callable[[], Made]] = {\n", '    "qwen2-vl": qwen2_vl,\n')
    insert(folder / "tests/unit/test_models_families.py", "PROMPTS = {\n", prompts)
    insert(folder / "tests/unit/test_models_families.py", "    expected = {\n", tokens)
    return folder


def run_tests(folder, *chosen):
    """Run tests of the new family in the copy."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *chosen]
    path = os.pathsep.join(map(str, (folder / "src", folder)))
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_documented_family_passes_every_test_of_a_new_family(copied):
    page = (ROOT / "docs/how-to/adding-a-system.md").read_text(encoding="utf-8")
    patterns, name = re.search(r"`pytest (tests.*) -k (.*)`", page).groups()
    files = [str(path) for each in patterns.split() for path in sorted(copied.glob(each))]
    code, said = run_tests(copied, *files, "-k", f"{name} or of_families_that_exist or every_family_is")
    assert code == 0, said
    assert int(re.search(r"(\d+) passed", said)[1]) > 20 and "skipped" not in said


def test_a_family_whose_question_would_stand_within_its_frames_is_caught(copied, tmp_path):
    """The same family without ``behind``: of 8 frames of 56 pixels the last would be behind the question."""
    shutil.copytree(copied, tmp_path / "without")
    families = tmp_path / "without/src/emovlm/models/vlm/families.py"
    entry = families.read_text(encoding="utf-8")
    assert entry.count("behind=True") == 2  # Qwen2.5-VL's, and this one's
    families.write_text(entry.replace("behind=True", "behind=False", 1), encoding="utf-8")
    code, said = run_tests(
        tmp_path / "without", "tests/unit/test_models_families.py", "-k", "published_rule and qwen2-vl"
    )
    assert code == 1 and "1 failed" in said, said
