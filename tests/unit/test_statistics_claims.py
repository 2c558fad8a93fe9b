"""Verdicts follow the rules of claims.yaml: for, against, or undecided, and never more than the evidence gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.study_tables import plain_rows, with_margins

from emovlm.core.contracts.statistics import CLAIMS, EVIDENCE
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.statistics.claim_kinds import data_needed, standing_of
from emovlm.statistics.claims import NEITHER, Results
from emovlm.statistics.effect_words import MINUS, events_in_words
from emovlm.statistics.verdicts import judge

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"confidence": 0.95}
WORDS = {
    "statement": "Recall follows words.", "kind": "exposure", "margin": 0.05, "subject": "freq", "intervention": "unif",
    "permuted": "perm", "control": "vision", "language": "en",
    "evidence": [{"slope": "within", "expect": "greater"}, {"slope": "across", "expect": "greater", "margin": 0.02}],
}  # fmt: skip
NO_RUNS = (np.nan, np.nan, np.nan)


def comparisons(runs=NO_RUNS, clips="all", margin=0.02, minus=(None, None), **rows):
    """name=(test, difference, low, high, p) of conditions a and b; ``runs``: low, high and p over runs."""
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["test", "difference", "low", "high", "p"])
    table = table.assign(
        metric="macro_f1", a="a", b="b", minus_a=minus[0], minus_b=minus[1], clips=clips, runs_low=runs[0],
        runs_high=runs[1], p_runs=runs[2], margin=margin, p_holm=1.0, n=330,
    )  # fmt: skip
    return table.rename_axis("comparison").reset_index()


def slopes(within=(0.1, 0.07, 0.13, 0.001), across=(0.05, 0.01, 0.09, 0.02), runs=NO_RUNS):
    """SLOPES of two slopes, each (estimate, low, high, p); ``runs``: low, high and p over runs of both."""
    table = pd.DataFrame([within, across], columns=["estimate", "low", "high", "p"])
    return table.assign(
        slope=["within", "across"], kind=["within", "across"], conditions=["freq unif perm", "freq"],
        minus=[None, "vision"], runs_low=runs[0], runs_high=runs[1], p_runs=runs[2], margin=0.05, n=990,
    )  # fmt: skip


def event_coverage(measured, n, sampler="fps1"):
    return pd.DataFrame({"sampler": sampler, "measured": [measured, measured], "n": [n // 2, n // 2]})


def metrics(names, kappa=0.3, clips="all"):
    return pd.DataFrame({"condition": list(names), "clips": clips, "metric": "kappa", "low": kappa})


def verdict(claim, found=None, words=None, seen=None, kappa=None):
    empty = pd.DataFrame(columns=["comparison", "slope", "sampler", "n", "measured"])
    tables = {
        "metrics": metrics(["a", "b", "freq", "unif", "perm", "vision"]) if kappa is None else kappa,
        "comparisons": empty if found is None else found,
        "slopes": empty if words is None else words,
        "event_coverage": empty if seen is None else seen,
    }
    stated = {"alpha": 0.05, "claims": {"X": {"statement": "It is so.", **claim}}}
    verdicts, evidence = judge(stated, Results(tables, SETTINGS))
    decisive = evidence[evidence["decisive"]]
    assert len(verdicts) == len(decisive) == 1
    assert decisive.iloc[0][["standing", "effect", "p", "n"]].tolist() == pytest.approx(
        verdicts.iloc[0][["verdict", "effect", "p", "n"]].tolist(), nan_ok=True
    )
    return verdicts.iloc[0]


@pytest.mark.parametrize(
    ("expect", "low", "high", "p", "standing"),
    [
        ("greater", 0.01, 0.08, 0.01, "supported"),
        ("greater", -0.01, 0.08, 0.20, "undecided"),
        ("greater", 0.01, 0.08, 0.05, "supported"),
        ("greater", 0.01, 0.08, 0.06, "undecided"),
        ("greater", -0.08, 0.01, 0.20, "not supported"),
        ("greater", 0.001, 0.015, 0.01, "not supported"),
        ("less", -0.08, -0.01, 0.01, "supported"),
        ("less", -0.01, 0.08, 0.20, "not supported"),
        ("less", -0.08, 0.01, 0.20, "undecided"),
        ("equal", -0.01, 0.01, 0.01, "supported"),
        ("equal", -0.03, 0.01, 0.06, "undecided"),
        ("equal", 0.03, 0.08, 1.00, "not supported"),
        ("equal", -0.08, -0.03, 1.00, "not supported"),
        ("greater", float("nan"), float("nan"), 0.01, "undecided"),
    ],
)
def test_what_a_difference_says_of_an_expectation(expect, low, high, p, standing):
    assert standing_of(expect, low, high, p, margin=0.02, alpha=0.05) == standing


RISE_AND_FALL = {
    "kind": "comparisons", "margin": 0.02,
    "evidence": [{"comparison": "rise", "expect": "greater"}, {"comparison": "fall", "expect": "less"}],
}  # fmt: skip


def test_all_evidence_must_hold_and_the_weakest_is_shown():
    row = verdict(RISE_AND_FALL, comparisons(rise=("difference", 0.05, 0.02, 0.08, 0.01),
                                             fall=("difference", -0.04, -0.07, -0.01, 0.03)))  # fmt: skip
    assert row["verdict"] == "supported"
    assert (row["effect"], row["p"], row["margin"], row["n"]) == (-0.04, 0.03, 0.02, 330)


def test_one_open_question_leaves_a_claim_undecided():
    row = verdict(RISE_AND_FALL, comparisons(rise=("difference", 0.05, 0.02, 0.08, 0.01),
                                             fall=("difference", -0.01, -0.04, 0.02, 0.4)))  # fmt: skip
    assert row["verdict"] == "undecided" and row["effect"] == -0.01


def test_one_refuted_part_refutes_a_claim():
    row = verdict(RISE_AND_FALL, comparisons(rise=("difference", 0.05, 0.02, 0.08, 0.01),
                                             fall=("difference", 0.04, 0.01, 0.07, 0.01)))  # fmt: skip
    assert row["verdict"] == "not supported" and row["effect"] == 0.04
    assert row["test"] == "rise greater: supported; fall less: not supported (figures: fall less)"


RISE = {"kind": "comparisons", "margin": 0.02, "evidence": [{"comparison": "rise", "expect": "greater"}]}


def test_with_several_runs_the_interval_over_runs_and_people_decides():
    rise = {"rise": ("difference", 0.05, 0.02, 0.08, 0.01)}
    row = verdict(RISE, comparisons((0.01, 0.09, 0.02), **rise))
    assert row["verdict"] == "supported" and row[["low", "high", "p"]].tolist() == [0.01, 0.09, 0.02]
    assert verdict(RISE, comparisons((-0.01, 0.11, 0.08), **rise))["verdict"] == "undecided"
    assert verdict(RISE, comparisons((-0.01, 0.019, 0.08), **rise))["verdict"] == "not supported"


def test_equality_with_several_runs_is_that_over_runs_and_people():
    claim = {"kind": "comparisons", "margin": 0.02, "evidence": [{"comparison": "same", "expect": "equal"}]}
    same = {"same": ("equivalence", 0.0, -0.01, 0.01, 0.01)}
    assert verdict(claim, comparisons((-0.015, 0.015, 0.03), **same))["verdict"] == "supported"
    assert verdict(claim, comparisons((-0.03, 0.03, 0.11), **same))["verdict"] == "undecided"
    assert verdict(claim, comparisons((0.021, 0.05, 0.9), **same))["verdict"] == "not supported"


def test_no_correction_is_made_where_all_evidence_must_hold():
    found = comparisons(rise=("difference", 0.05, 0.02, 0.08, 0.04))
    assert found.iloc[0]["p_holm"] == 1 and verdict(RISE, found)["verdict"] == "supported"


def test_evidence_may_have_a_margin_of_its_own():
    found = comparisons(rise=("difference", 0.02, 0.01, 0.03, 0.001))
    assert verdict(RISE, found)["verdict"] == "supported"
    own = {**RISE, "evidence": [{**RISE["evidence"][0], "margin": 0.04}]}
    row = verdict(own, found)
    assert (row["verdict"], row["margin"]) == ("not supported", 0.04)


def test_equality_within_another_margin_than_was_tested_is_an_error():
    claim = {"kind": "comparisons", "margin": 0.03, "evidence": [{"comparison": "same", "expect": "equal"}]}
    with pytest.raises(StudyError, match=r"same was tested within 0\.02, not within 0\.03"):
        verdict(claim, comparisons(same=("equivalence", 0.0, -0.01, 0.01, 0.01)))


def test_of_a_difference_of_differences_each_difference_needs_a_condition_that_recognises():
    found = comparisons(minus=("c", "d"), rise=("difference", 0.05, 0.02, 0.08, 0.01))
    for names, expected in (("abcd", "supported"), ("ad", "supported"), ("ab", "undecided"), ("cd", "undecided")):
        assert verdict(RISE, found, kappa=metrics(names))["verdict"] == expected


@pytest.mark.parametrize("expect", ["greater", "less", "equal"])
@pytest.mark.parametrize("sign", [1, -1])
def test_systems_at_chance_decide_nothing(expect, sign):
    test = "equivalence" if expect == "equal" else "difference"
    claim = {"kind": "comparisons", "margin": 0.02, "evidence": [{"comparison": "c", "expect": expect}]}
    found = comparisons(c=(test, sign * 0.05, *sorted([sign * 0.04, sign * 0.08]), 0.01), clips="order")
    assert verdict(claim, found, kappa=metrics("ab", clips="order"))["verdict"] != "undecided"
    assert verdict(claim, found, kappa=metrics("a", clips="order"))["verdict"] != "undecided"
    for kappa in (metrics("ab", 0.0, "order"), metrics("ab"), metrics("c", clips="order")):
        row = verdict(claim, found, kappa=kappa)
        assert row["verdict"] == "undecided" and row["test"].startswith(f"c {expect} (at chance): undecided")


def test_words_are_supported_by_all_slopes_together():
    row = verdict(WORDS, words=slopes())
    assert row["verdict"] == "supported"
    assert row["test"].startswith("within greater: supported; across greater: supported")
    assert row[["margin", "effect"]].tolist() == [0.02, 0.05]


def test_one_slope_too_small_to_matter_refutes_words():
    assert verdict(WORDS, words=slopes(within=(0.02, 0.01, 0.03, 0.001)))["verdict"] == "not supported"
    assert verdict(WORDS, words=slopes(across=(0.02, -0.02, 0.06, 0.3)))["verdict"] == "undecided"


def test_slopes_of_several_runs_are_judged_over_runs():
    assert verdict(WORDS, words=slopes(runs=(0.03, 0.12, 0.001)))["verdict"] == "supported"
    assert verdict(WORDS, words=slopes(runs=(-0.01, 0.12, 0.1)))["verdict"] == "undecided"


@pytest.mark.parametrize("variant", ["freq", "unif", "perm", "vision"])
def test_slopes_with_a_system_at_chance_decide_nothing(variant):
    row = verdict(WORDS, words=slopes(), kappa=metrics({"freq", "unif", "perm", "vision"} - {variant}))
    assert row["verdict"] == "undecided" and "(at chance)" in row["test"]


def test_effects_are_told_in_words():
    row = verdict(WORDS, words=slopes(within=(0.12, 0.08, 0.16, 0.2)))
    said = "a class's recall rises by 12.0 points per tenfold exposure (95% interval +8.0 to +16.0)"
    assert row["verdict"] == "undecided" and row["says"] == said
    falls = comparisons((-0.034, -0.0051, 0.01), clips="order", rise=("difference", -0.024, -0.03, -0.01, 0.01))
    said = f"Macro-F1 on order clips falls by 2.4 points from b to a (95% interval {MINUS}3.4 to {MINUS}0.5)"
    assert verdict(RISE, falls, kappa=metrics("ab", clips="order"))["says"] == said
    both = comparisons(minus=("c", "d"), rise=("difference", 0.05, 0.02, 0.08, 0.01)).assign(metric="entropy")
    said = "the change of Entropy (bits) from b to a, less that from d to c, is +0.050 bits (95% interval +0.020 to "
    said += "+0.080)"
    assert verdict(RISE, both, kappa=metrics("abcd"))["says"] == said
    row = verdict({"kind": "event_coverage", "margin": 0.5, "sampler": "fps1"}, seen=event_coverage(0.3, 100))
    assert row["says"].startswith("30% of the events have a frame inside (95% interval 22 to 40%")
    assert events_in_words(0.3, 0.23, 0.38, 0.9) == "30% of the events have a frame inside (90% interval 23 to 38%)"


@pytest.mark.parametrize(
    ("expect", "effect"),
    [("greater", 0.017), ("greater", 0.002), ("less", -0.012), ("less", 0.004), ("equal", 0.005), ("equal", -0.031)],
)
def test_as_much_data_as_it_says_decides_and_a_little_less_does_not(expect, effect):
    margin, half = 0.02, 0.03
    needed = data_needed(expect, effect, effect - half, effect + half, margin)
    for factor, decides in ((needed * 1.02, True), (needed * 0.98, False)):
        low, high = (effect + sign * half / np.sqrt(factor) for sign in (-1, 1))
        p = 0.01 if expect != "equal" or (-margin < low and high < margin) else 0.2  # as an equivalence test would
        assert (standing_of(expect, low, high, p, margin, 0.05) != NEITHER) == decides


def test_undecided_evidence_says_what_it_takes():
    rise = comparisons((-0.01, 0.05, 0.2), rise=("difference", 0.02, 0, 0.04, 0.1))
    says = verdict(RISE, rise, kappa=metrics("ab"))["says"]
    assert "; effects outside it are excluded; about 2.2 times as many people and runs would decide" in says
    assert data_needed("greater", 0.02, 0.01, 0.03, 0.02) is None  # only the test is undecided
    assert data_needed("equal", 0.02, 0.01, 0.03, 0.02) is None  # no amount of data would do


def test_a_slope_that_was_not_planned_is_named():
    with pytest.raises(StudyError, match=r"claim X: no slope 'within' in slopes.tsv"):
        verdict(WORDS)


@pytest.mark.parametrize(
    ("share", "n", "expected"),
    [(0.3, 100, "supported"), (0.45, 20, "undecided"), (0.8, 100, "not supported")],
)
def test_most_events_missed_is_supported_by_a_share_clearly_below_half(share, n, expected):
    row = verdict({"kind": "event_coverage", "margin": 0.5, "sampler": "fps1"}, seen=event_coverage(share, n))
    assert row["verdict"] == expected and row["n"] == n and row["low"] < share < row["high"]


def test_without_events_nothing_is_decided():
    assert verdict({"kind": "event_coverage", "margin": 0.5, "sampler": "fps1"})["verdict"] == "undecided"


def test_the_projects_claims_refer_to_planned_comparisons_with_the_test_they_need(tmp_path):
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
    planned = plain_rows(ROOT / "config/comparisons.tsv")
    found = pd.DataFrame(with_margins(planned, claims)).assign(
        difference=0.0, low=-0.1, high=0.1, p=1.0, runs_low=np.nan, n=330, minus_a=None
    )
    sloped = pd.DataFrame(plain_rows(ROOT / "config/slopes.tsv")).assign(
        estimate=0.0, low=-0.1, high=0.1, p=1.0, runs_low=np.nan, n=330
    )
    tables = {"metrics": metrics(set(found["a"])), "comparisons": found.assign(clips="all"), "slopes": sloped}
    table, evidence = judge(claims, Results({**tables, "event_coverage": event_coverage(0.5, 20)}, SETTINGS))
    assert table["claim"].tolist() == ["L1", "L2", "T1", "T2", "T3", "T4"]
    assert set(table["verdict"]) == {"undecided"}
    for claim, stated in claims["claims"].items():
        for item in stated.get("evidence", []):
            key = "comparison" if "comparison" in item else "slope"
            rows = planned if key == "comparison" else sloped.to_dict("records")
            assert next(row for row in rows if row[key] == item[key])["claim"] == claim
    write_table(table, tmp_path / "claims.csv", CLAIMS)
    write_table(evidence, tmp_path / "evidence.csv", EVIDENCE)
    pieces = read_table(tmp_path / "evidence.csv", EVIDENCE).groupby("claim")["evidence"].agg(list)
    assert pieces["L1"] == [item["slope"] for item in claims["claims"]["L1"]["evidence"]]
    assert pieces["T3"] == ["fps1"]
    assert pieces["T1"] == ["fps5-vs-fps1", "fps25-vs-fps5"]


def test_evidence_that_was_not_planned_is_named():
    with pytest.raises(StudyError, match=r"claim X: no comparison 'rise' in comparisons.tsv"):
        verdict(RISE_AND_FALL)


def test_equality_is_not_read_from_a_test_of_difference():
    claim = {"kind": "comparisons", "margin": 0.02, "evidence": [{"comparison": "same", "expect": "equal"}]}
    with pytest.raises(StudyError, match=r"needs the test equivalence, but comparisons.tsv says difference"):
        verdict(claim, comparisons(same=("difference", 0.0, -0.01, 0.01, 0.9)))


def test_an_unknown_kind_of_claim_is_named():
    with pytest.raises(StudyError, match="claim X: unknown kind of claim 'wish'"):
        verdict({"kind": "wish", "margin": 1})
