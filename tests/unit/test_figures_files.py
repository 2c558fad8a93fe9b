"""Figures as the workflow draws them: from files, by name, to the same bytes each time."""

import os
import subprocess
import sys

import pytest
from tests.scripts import run_script
from tests.unit.figures_tables import ROOT, study, write_study

from emovlm.core.errors import StudyError
from emovlm.figures.registry import draw, figures
from emovlm.figures.tables import load


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("tables"))


def script(figure, params, tables, folder):
    """Run draw_figure.py; return its error and the two files' bytes."""
    files = {kind: folder / f"f.{kind}" for kind in ("pdf", "png")}
    error = run_script(
        "draw_figure", wildcards={"figure": figure}, inputs={"tables": tables}, outputs=files, params=params
    ).stderr
    return error, [(folder / f"f.{kind}").read_bytes() if not error else b"" for kind in ("pdf", "png")]


def enrichment(paths):
    return {name: paths[name] for name in ("comparisons", "conditions", "paper_msce")}


def test_the_same_tables_give_the_same_bytes_and_another_result_gives_others(paths, tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    changed = study()["comparisons"].assign(difference=lambda table: table["difference"] + 0.001)
    other = write_study(tmp_path, comparisons=changed)
    error, first = script("enrichment", {"study": "embedded"}, enrichment(paths), folders[0])
    assert error == ""
    assert script("enrichment", {"study": "embedded"}, enrichment(paths), folders[1])[1] == first
    third = script("enrichment", {"study": "embedded"}, enrichment(other), folders[2])[1]
    assert third[0] != first[0] and third[1] != first[1]
    assert b"CreationDate" not in first[0] and b"Matplotlib" not in first[0] + first[1]


@pytest.mark.parametrize(
    ("name", "params", "change", "message"),
    [
        ("pie", {}, {}, "unknown figure 'pie'; known are"),
        ("enrichment", {"study": "x"}, {"comparisons": None}, "figure enrichment: missing table comparisons; it takes"),
        (
            "enrichment",
            {"study": "x"},
            {"event_coverage": "event_coverage.csv"},
            "figure enrichment: unknown table event_coverage; it takes",
        ),
        ("enrichment", {}, {}, "figure enrichment: missing params key study; it takes study"),
        ("enrichment", {"study": "x", "hue": 1}, {}, "figure enrichment: unknown params key hue"),
        ("enrichment", {"study": "x"}, {"comparisons": "none.csv"}, "none.csv: no such table"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(paths, name, params, change, message):
    tables = {key: path for key, path in {**enrichment(paths), **change}.items() if path}
    with pytest.raises(StudyError, match=message):
        draw(name, tables, params)


def test_the_script_reports_an_error_in_one_line(paths, tmp_path):
    assert script("pie", {}, enrichment(paths), tmp_path)[0].count("\n") == 1


def test_a_published_table_without_a_column_is_an_error(tmp_path):
    (tmp_path / "paper_msce.csv").write_text("system,dataset,context\nQwen,MAFW,msce\n", encoding="utf-8")
    with pytest.raises(StudyError, match="not a paper_msce table; missing columns: macro_f1"):
        load("paper_msce", tmp_path / "paper_msce.csv")


def test_every_figure_says_what_it_shows():
    for figure in figures().values():
        assert figure.title and len(figure.caption) > 40 and len(figure.alt) > 40, figure.name
    assert len({figure.caption for figure in figures().values()}) == len(figures())


def test_figures_are_listed_without_loading_a_plotting_package():
    program = (
        "import sys; from emovlm.figures.registry import figures; figures();"
        " print({'matplotlib', 'seaborn', 'torch'} & {*sys.modules})"
    )
    environment = {**os.environ, "PYTHONPATH": "src"}
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True).stdout == "set()\n"
