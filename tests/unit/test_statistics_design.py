"""The design finds planted effects of the stated size, and its benchmark runs and knows its truth."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.design_power import FULL, MARKERS, PIECES, SLOPES, SWAPPED, Piece, needed, report
from statsmodels.stats.power import TTestPower
from tests.unit.figures_tables import ROOT

from emovlm.core.hashing import rng
from emovlm.statistics.claim_kinds import standing_of
from emovlm.statistics.claims import FOR

MARGIN = 0.05  # of the claim about words, in recall per tenfold exposure
PLANTED = 3.4  # logits per tenfold exposure: about 0.5 of recall
STUDIES = 25


def standings(slope, effect, runs):
    """What evidence of a slope is worth in each simulated study."""
    design, found = replace(slope, effect=effect), []
    for study in range(STUDIES):
        row = design.fit(rng("planted", slope.name, effect, study), runs, 200)
        figures = [row[key] for key in (("runs_low", "runs_high", "p_runs") if runs > 1 else ("low", "high", "p"))]
        found.append(standing_of("greater", *figures, MARGIN, 0.05))
    return found


@pytest.mark.parametrize("slope", SLOPES[:4], ids=lambda slope: slope.name)
def test_a_planted_slope_is_found_in_four_of_five_studies(slope):
    assert np.mean([each == FOR for each in standings(slope, PLANTED, FULL)]) >= 0.8


@pytest.mark.parametrize("slope", SLOPES, ids=lambda slope: slope.name)
def test_a_slope_that_is_not_there_is_hardly_ever_found(slope):
    assert np.mean([each == FOR for each in standings(slope, 0.0, FULL)]) <= 0.1


@pytest.mark.parametrize("slope", SLOPES, ids=lambda slope: slope.name)
def test_the_true_slope_is_the_mean_of_many_studies(slope):
    design = replace(slope, effect=PLANTED)
    found = [design.fit(rng("truth", slope.name, k), 8, 20)["estimate"] for k in range(40)]
    assert np.mean(found) == pytest.approx(design.truth(), abs=4 * np.std(found) / np.sqrt(40))
    assert design.truth() > 0.15


@pytest.mark.parametrize("name", ["L2 rare recall, collapsed organism", "T1 rise from 1 to 5 frames/s"])
def test_planted_differences_of_the_size_that_pilots_showed_are_found_in_four_of_five_studies(name):
    piece = next(each for each in PIECES if each.name == name)
    assert np.mean(needed(piece, FULL, 100, 200) <= piece.effect) >= 0.8


def test_what_is_needed_of_runs_that_alone_vary_is_the_power_of_a_t_test():

    piece = Piece("runs alone", 0.0, 0.02, 0.0)
    shift = TTestPower().solve_power(nobs=6, alpha=0.05, power=0.8)
    assert np.quantile(needed(piece, 6, 2000, 2), 0.8) == pytest.approx(0.02 * shift, rel=0.05)


def test_swapped_words_keep_their_total_and_all_move():
    assert sorted(SWAPPED[0]) == sorted(SWAPPED[1]) and (SWAPPED[0] != SWAPPED[1]).all()


def test_a_few_trials_give_every_row_and_the_docs_have_them():
    text = report(3, 40)
    whole = (ROOT / "docs/explanation/statistics.md").read_text(encoding="utf-8")
    page = whole.split(MARKERS[0])[1].split(MARKERS[1])[0]
    for name in (*(slope.name for slope in SLOPES), *(piece.name for piece in PIECES)):
        assert f"| {name} |" in text and f"| {name} |" in page, name
