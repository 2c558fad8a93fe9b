"""docs/reference/benchmarks.md is what the committed figures say, and every benchmark is listed."""

from benchmarks.catalogue import BENCHMARKS, EARLIER, FIGURES, ROOT
from benchmarks.page import PAGE, page, read_figures


def test_the_committed_page_is_made_of_the_committed_figures():
    message = "run: PYTHONPATH=src:. python -m benchmarks.page"
    assert PAGE.read_text(encoding="utf-8") == page(read_figures(FIGURES)), message


def test_every_script_that_writes_figures_is_in_the_catalogue():
    files = {path.stem: path.read_text() for path in (ROOT / "benchmarks").glob("*.py")}
    listed = {name for name, benchmark in BENCHMARKS.items() if benchmark.need is not EARLIER}
    assert {name for name, text in files.items() if f'Figures("{name}"' in text} == listed


def test_all_figures_of_a_file_are_of_its_benchmark():
    assert [name for name, figures in read_figures(FIGURES).items() if figures["benchmark"] != name] == []
