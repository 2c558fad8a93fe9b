"""The simulation of the statistics' own errors runs, knows its truth and writes where it is told."""

import numpy as np
import pytest
from benchmarks import drawn_studies as drawn
from benchmarks.statistics_calibration import (
    BEGIN,
    COVERED,
    END,
    cell,
    event_coverage,
    mcnemar_of,
    put,
    report,
    simulate,
)

SMALL = 12


@pytest.mark.parametrize("design", [drawn.MAFW, drawn.DFEW], ids=lambda d: d.name)
def test_drawn_answers_have_the_chances_that_are_expected(design):
    tables, given, label = zip(
        *(drawn.draw(design, np.random.default_rng(k), shift=-1.0) for k in range(40)), strict=True
    )
    for side, shift in ((0, 0.0), (1, -1.0)):
        mean = sum(table[side].sum(axis=(0, 1)) for table in tables) / (40 * design.clips)
        assert mean == pytest.approx(drawn.population(design, shift), abs=0.006)
    assert drawn.population(design).sum() == pytest.approx(1)
    right = np.mean([(one[0][0] == truth).mean() for one, truth in zip(given, label, strict=True)])
    assert right == pytest.approx(design.metric(drawn.population(design), "accuracy"), abs=0.02)


def test_a_shift_lowers_the_metric_by_what_was_asked():
    shift = drawn.shift_for(drawn.MAFW, "macro_f1", 0.05)
    lower, base = (drawn.MAFW.metric(drawn.population(drawn.MAFW, s), "macro_f1") for s in (shift, 0.0))
    assert base - lower == pytest.approx(0.05)


def test_a_calibrated_system_has_no_error_in_the_end():
    errors = [drawn.calibration_error(drawn.MAFW, np.random.default_rng(0), sharp, 10) for sharp in (1.0, 1.5)]
    assert errors[0] == pytest.approx(0, abs=1e-9) and errors[1] > 0.05


def test_mid_p_counts_half_of_what_was_seen():
    """One against six: exact 16 / 128, and 7 / 128 less."""
    a, b = np.array([1, 0, 0, 0, 0, 0, 0], bool), np.array([0, 1, 1, 1, 1, 1, 1], bool)
    assert list(mcnemar_of(a, b).values()) == pytest.approx([16 / 128, 9 / 128])


def test_the_level_of_the_hit_test_is_the_sum_of_its_chances():
    """Of five events only none hit has p <= 0.05: 1 / 32."""
    assert event_coverage(5)[0][1] == pytest.approx(1 / 32)


def test_shares_outside_the_target_are_bold():
    assert [cell(share, COVERED) for share in (0.93, 0.951, 0.97, 0.971)] == ["93.0", "95.1", "97.0", "**97.1**"]


def test_a_few_trials_give_every_row_and_go_between_the_marks(tmp_path):
    found = simulate(SMALL, 60)
    for rejected, covered, errors in found["single"]:
        assert {len(values) for kind in (rejected, covered, errors) for values in kind.values()} == {SMALL}
    text = report(found, 60)
    for row in ("sign-flip, macro_f1", "McNemar, mid-p", "equivalence at its margin", "kappa", "difference of entropy",
                "F1 by class, worst class", "ece, calibrated", "Wilson's interval", "5 runs"):  # fmt: skip
        assert row in text, row
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}earlier tables\n{END}after\n", encoding="utf-8")
    put(text, page)
    put(text, page)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n") and written.endswith("after\n")
    assert "earlier tables" not in written and written.count(text) == 1
