"""The calibration of the tests over classes, runs and systems: it runs, and says what the tests can attain."""

import re

import pytest
from benchmarks.correlation_calibration import MARKERS, cases, report, written
from scipy import stats
from tests.unit.figures_tables import ROOT


@pytest.fixture(scope="module")
def tables():
    return report(40)


def test_all_tests_have_a_row_with_a_rate(tables):
    rows = [line.split("|") for line in tables.splitlines() if line.startswith("|")]
    for case in cases():
        row = next(row for row in rows if row[1].strip() == case.test and row[2].strip() == case.data)
        assert 0 <= float(row[5].strip(" %")) <= 25
    assert "| 0.2 |" in tables and "40 trials a row" in tables


def test_the_level_that_a_test_can_attain_is_its_greatest_p_up_to_five_percent():
    attainable = {(case.test, case.data): case.attainable for case in cases()}
    assert attainable[("sign test", "10 systems")] == pytest.approx(stats.binomtest(1, 10).pvalue)
    assert attainable[("contrast, permuting runs (one-sided)", "3 against 3 runs")] == 0.05
    assert attainable[("Kendall, exact", "7 classes, no ties")] == pytest.approx(
        stats.kendalltau(range(7), [0, 2, 1, 3, 4, 6, 5], method="exact").pvalue, abs=0.03
    )


def test_tables_go_between_their_markers_and_nothing_else_changes():
    begin, end = MARKERS
    once = written(f"before\n{begin}\nold\n{end}\nafter", "| new |")
    assert once == f"before\n{begin}\n| new |\n{end}\nafter" and written(once, "| new |") == once
    with pytest.raises(ValueError, match="needs one line <!-- correlation calibration: begin -->"):
        written("no markers", "| new |")


def test_the_documentation_has_the_table_of_every_test():
    text = (ROOT / "docs/explanation/statistics.md").read_text(encoding="utf-8")
    found = text.split(MARKERS[0])[1].split(MARKERS[1])[0]
    assert [case for case in cases() if f"| {case.test} | {case.data} |" not in found] == []
    assert not re.search(r"\| no \|", found), "a test finds too much"
