"""The style checks: hooks run what `make lint` runs, the prose linter finds what it should, versions agree."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LINTER = ROOT / ".venv/prose/lint.sh"
GOOD = "# Page\n\nThe audit reports edited files.\n"


def tools_of_make() -> list[str]:
    """What `make lint` calls, each without the files that it is given."""
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)[1]
    return [tool(line) for line in recipe.splitlines()]


def tool(command: str) -> str:
    """The command with its options, without `make`'s own, names of files, and `ruff`'s list of exclusions."""
    words = command.replace("--force-exclude", "").split()
    if "lint-prose" in words:
        assert "QUIET=--quiet" in words
        return "lint-prose"
    return " ".join(word for word in words if word not in (".", "Snakefile", "workflow"))


def test_the_hooks_run_the_same_tools_as_make_lint():
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local", "the tools have the versions of requirements.txt"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert [tool(hook["entry"]) for hook in repository["hooks"]] == tools_of_make()
    assert len(tools_of_make()) > 3


def lint(page: Path, text: str, *options: str) -> tuple[int, str]:
    assert LINTER.exists(), "the prose linter is missing; `make test` installs it (tests/prose)"
    page.write_text(text)
    run = subprocess.run([LINTER, *options, page], capture_output=True, text=True, cwd=ROOT)
    return run.returncode, run.stdout + run.stderr


def test_a_plain_page_passes(tmp_path):
    assert lint(tmp_path / "page.md", GOOD) == (0, "")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("The audit " + "also " * 34 + "runs.\n", "very-long-sentence"),
        ("Three things are mended.\n", "private-word"),
        ("| a |\n|---|\n| balance mends it |\n", "private-word"),
        ("word " * 21 + "\n", "MD013"),
        ("[link](#nowhere)\n", "MD051"),
    ],
)
def test_what_a_reader_stumbles_over_is_an_error(tmp_path, text, rule):
    code, report = lint(tmp_path / "page.md", f"{GOOD}\n{text}", "--quiet")
    assert code == 1 and rule in report


def test_advice_fails_nothing(tmp_path):
    text = f"{GOOD}\nThe audit " + "also\n" * 24 + "runs.\n"
    code, report = lint(tmp_path / "page.md", text)
    assert code == 0 and "long-sentence" in report
    assert lint(tmp_path / "page.md", text, "--quiet") == (0, "")


def test_a_long_link_or_row_of_a_table_is_no_long_line(tmp_path):
    long = f"[link](https://example.org/{'x' * 120})\n\n| {'long ' * 30}|\n|---|\n| x |\n"
    assert lint(tmp_path / "page.md", f"{GOOD}\n{long}", "--quiet") == (0, "")


def test_versions_agree():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest, date = re.search(r"^## (\d+\.\d+\.\d+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.M).groups()
    assert citation["version"] == newest == version
    assert citation["date-released"] == date


def test_issue_forms_have_what_a_form_needs():
    forms = [path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"]
    assert len(forms) > 2
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert form["name"] and form["description"], path.name
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert all(field["attributes"]["label"] for field in fields), path.name
        assert len({field["id"] for field in fields}) == len(fields), path.name
        assert any(field.get("validations", {}).get("required") for field in fields), path.name
