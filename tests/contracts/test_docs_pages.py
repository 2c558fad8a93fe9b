"""The pages: lines of at most 100 characters, links that lead somewhere, and tutorials that tests run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
GENERATED = {"benchmarks.md"}  # by benchmarks.page, whose notes are one line each
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MENTION = re.compile(r"\bdocs/(?:tutorials|how-to|reference|explanation)/[\w/-]+\.md")
# The file of tests that types the commands of a tutorial.
TESTS = {
    "evaluating": "unit/test_evaluate_tutorial.py",
    "your-own-study": "workflow/test_own_study.py",
    "changing-one-thing": "workflow/test_tutorials.py",
    "auditing": "workflow/test_tutorials.py",
    "counting-words": "unit/test_docs_counting.py",
    "running-on-slurm": "cluster/test_tutorial.py",
}


def prose(text: str) -> list[str]:
    """The lines of a page outside of code, generated blocks and tables."""
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)
    text = re.sub(r"<!-- ([\w ]+): begin -->.*?<!-- \1: end -->", "", text, flags=re.S)
    return [line for line in text.splitlines() if not line.startswith("|")]


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_lines_are_short_but_for_tables_and_links(page):
    lines = [] if page.name in GENERATED else prose(page.read_text(encoding="utf-8"))
    assert [line for line in lines if len(line) > 100 and "](" not in line] == []


def test_links_of_the_readme_lead_to_files():
    """Sphinx checks those between the pages of the site."""
    links = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert links and [x for x in links if not x.startswith("http") and not (ROOT / x).exists()] == []


def test_every_page_that_code_and_messages_name_is_there():
    folders = ("src", "tests", "workflow", "benchmarks", "config", "envs", "profiles", "paper")
    files = [ROOT / "Makefile", *(path for name in folders for path in (ROOT / name).rglob("*") if path.is_file())]
    named = {
        (path.relative_to(ROOT), page)
        for path in files
        if path.suffix in {"", ".py", ".smk", ".yaml", ".tsv", ".typ", ".sh"}
        for page in MENTION.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert [f"{path}: {page}" for path, page in sorted(named) if not (ROOT / page).is_file()] == []


def test_a_test_types_the_commands_of_every_tutorial():
    assert {page.stem for page in (DOCS / "tutorials").glob("*.md")} - {"index"} == set(TESTS)
    for tutorial, test in TESTS.items():
        assert re.search(rf"\b{tutorial}\b", (ROOT / "tests" / test).read_text(encoding="utf-8")), tutorial


def test_commands_that_no_test_types_are_marked_as_plain_text():
    """A block of ``bash`` is typed by a test: those of the tutorials, and of adding-a-dataset.md."""
    pages = {page.name for page in PAGES if "```bash" in page.read_text(encoding="utf-8")}
    assert pages - {f"{tutorial}.md" for tutorial in TESTS} == {"adding-a-dataset.md"}
