"""Verdicts follow the rules of claims.yaml: for, against, or undecided, and never more than the evidence gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.study_tables import plain_rows

from emovlm.core.contracts.statistics import CLAIMS, EVIDENCE
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.lexicon.estimator import permuted_counts
from emovlm.statistics.claim_kinds import standing_of
from emovlm.statistics.claims import Results
from emovlm.statistics.lexical.contrasts import contrast_variants
from emovlm.statistics.lexical.correlation import correlate
from emovlm.statistics.lexical.profiles import measured_profiles
from emovlm.statistics.verdicts import judge

ROOT = Path(__file__).resolve().parents[2]
MAFW = pd.read_csv(ROOT / "resources/published/mafw_classes.csv")
EMOTIONS = [f"e{k:02}" for k in range(11)]
NOISE = [4, 9, 1, 7, 0, 10, 3, 8, 2, 6, 5]
WORDS = pd.DataFrame({
    "language": "en", "source": "books", "form": "family", "emotion": EMOTIONS, "count": np.arange(11.0),
    "listing": "complete",
})  # fmt: skip
DEALT = list(
    permuted_counts(dict(zip(EMOTIONS, WORDS["count"], strict=True)), 1).values()
)  # what the permuted variant follows
SETTINGS = {"confidence": 0.95, "lexicon": {"primary_source": "books", "primary_form": "family"}}
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
        a="a", b="b", minus_a=minus[0], minus_b=minus[1], clips=clips, runs_low=runs[0], runs_high=runs[1],
        p_runs=runs[2], margin=margin, p_holm=1.0, n=330,
    )  # fmt: skip
    return table.rename_axis("comparison").reset_index()


def slopes(within=(0.1, 0.07, 0.13, 0.001), across=(0.05, 0.01, 0.09, 0.02), runs=NO_RUNS):
    """SLOPES of two slopes, each (estimate, low, high, p); ``runs``: low, high and p over runs of both."""
    table = pd.DataFrame([within, across], columns=["estimate", "low", "high", "p"])
    return table.assign(
        slope=["within", "across"], conditions=["freq unif perm", "freq"], minus=[None, "vision"], runs_low=runs[0],
        runs_high=runs[1], p_runs=runs[2], margin=0.05, n=990,
    )  # fmt: skip


def event_coverage(measured, n, sampler="fps1"):
    return pd.DataFrame({"sampler": sampler, "measured": [measured, measured], "n": [n // 2, n // 2]})


def metrics(names, kappa=0.3, clips="all"):
    return pd.DataFrame({"condition": list(names), "clips": clips, "metric": "kappa", "low": kappa})


def verdict(claim, found=None, words=None, seen=None, kappa=None):
    empty = pd.DataFrame(columns=["comparison", "sampler", "n", "measured", "subject", "contrast"])
    words = {"correlations": empty, "contrasts": empty} if words is None else words
    tables = {
        "metrics": metrics(["a", "b", "freq", "unif", "perm", "vision"]) if kappa is None else kappa,
        "comparisons": empty if found is None else found,
        "event_coverage": empty if seen is None else seen,
        **words,
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


@pytest.mark.parametrize(
    ("expect", "sign", "runs", "standing"),
    [
        ("greater", 1, (0.01, 0.09), "supported"),
        ("greater", 1, (-0.01, 0.09), "undecided"),
        ("less", -1, (-0.09, -0.01), "supported"),
        ("less", -1, (-0.09, 0.0), "undecided"),
        ("greater", -1, (-0.09, 0.01), "not supported"),
    ],
)
def test_support_needs_every_run_on_the_expected_side(expect, sign, runs, standing):
    low, high = sorted([sign * 0.03, sign * 0.08])
    assert standing_of(expect, low, high, 0.01, 0.02, 0.05, runs) == standing


def test_equality_asks_nothing_of_single_runs():
    assert standing_of("equal", -0.01, 0.01, 0.01, 0.02, 0.05, (-0.03, 0.03)) == "supported"


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


def test_a_difference_that_one_run_does_not_show_supports_nothing():
    claim = {"kind": "comparisons", "margin": 0.02, "evidence": [{"comparison": "rise", "expect": "greater"}]}
    rise = {"rise": ("difference", 0.05, 0.02, 0.08, 0.01)}
    assert verdict(claim, comparisons((0.01, 0.09), **rise))["verdict"] == "supported"
    assert verdict(claim, comparisons((-0.01, 0.09), **rise))["verdict"] == "undecided"


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


@pytest.mark.parametrize("runs", [1, 3])
def test_words_are_supported_only_with_both_interventions_and_the_control(runs):
    row = verdict(LEXICAL, words=lexical(range(11), NOISE, NOISE, runs=runs))
    assert row["verdict"] == "supported" and row["n"] == 11
    assert row["test"].startswith(
        "rho of freq: supported; rho of freq minus rho of unif: supported; "
        "rho of perm minus rho of unif, permuted words: supported; rho of freq minus rho of vision: supported"
    )


def test_a_bare_correlation_proves_nothing_where_the_control_shows_it_too():
    row = verdict(LEXICAL, words=lexical(range(11), NOISE, range(11)))
    assert row["verdict"] == "undecided"
    assert "rho of freq: supported" in row["test"] and "minus rho of vision: undecided" in row["test"]


@pytest.mark.parametrize("runs", [1, 3])
def test_a_correlation_that_uniform_captions_leave_as_it_is_refutes_words(runs):
    row = verdict(LEXICAL, words=lexical(range(11), range(11), NOISE, runs=runs))
    assert row["verdict"] == "not supported" and row["effect"] == 0


def test_captions_with_permuted_words_that_change_nothing_refute_words():
    row = verdict(LEXICAL, words=lexical(range(11), NOISE, NOISE, perm=NOISE))
    assert row["verdict"] == "not supported"
    assert "rho of perm minus rho of unif, permuted words: not supported" in row["test"]


def test_a_correlation_that_uniform_captions_weaken_a_little_leaves_words_undecided():
    weaker = [0, 2, 1, 3, 4, 5, 7, 6, 8, 10, 9]
    assert verdict(LEXICAL, words=lexical(range(11), weaker, NOISE))["verdict"] == "undecided"


def test_a_correlation_against_the_words_refutes_them():
    row = verdict(LEXICAL, words=lexical(range(11)[::-1], NOISE, NOISE))
    assert row["verdict"] == "not supported" and row["high"] <= 0


def test_a_model_that_fails_in_every_class_decides_nothing_about_words():
    row = verdict(LEXICAL, words=lexical([0] * 11, NOISE, NOISE))
    assert row["verdict"] == "undecided" and np.isnan(row["effect"]) and "is undefined" in row["test"]


def test_words_that_systems_at_chance_follow_decide_nothing():
    words, variants = lexical(range(11), NOISE, NOISE), {"freq", "unif", "perm", "vision"}
    assert verdict(LEXICAL, words=words, kappa=metrics(variants))["verdict"] == "supported"
    for variant in sorted(variants):
        row = verdict(LEXICAL, words=words, kappa=metrics(variants - {variant}))
        assert row["verdict"] == "undecided"
        pieces = row["test"].split(" (figures")[0].split("; ")
        assert all(("(at chance)" in piece) == (f"rho of {variant}" in piece) for piece in pieces)


def test_chance_profiles_hardly_ever_support_words():
    generator, supported = np.random.default_rng(0), 0
    for _ in range(100):
        freq, unif, vision, perm = (generator.permutation(11) for _ in range(4))
        supported += verdict(LEXICAL, words=lexical(freq, unif, vision, perm))["verdict"] == "supported"
    assert supported == 0


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
    found = pd.DataFrame(planned).assign(
        difference=0.0, low=-0.1, high=0.1, p_holm=1.0, lowest=-0.1, highest=0.1, n=330
    )
    words = lexical(NOISE, range(11), range(11), claim=claims["claims"]["L1"])
    settings = {"confidence": 0.95, "lexicon": PRIMARY}
    tables = {"metrics": metrics(set(found["a"])), "comparisons": found.assign(clips="all"), **words}
    table, evidence = judge(claims, Results({**tables, "event_coverage": event_coverage(0.5, 20)}, settings))
    assert table["claim"].tolist() == ["L1", "L2", "T1", "T2", "T3", "T4"]
    assert set(table.loc[1:, "verdict"]) == {"undecided"}
    for claim, stated in claims["claims"].items():
        for item in stated.get("evidence", []):
            assert next(row for row in planned if row["comparison"] == item["comparison"])["claim"] == claim
    write_table(table, tmp_path / "claims.csv", CLAIMS)
    write_table(evidence, tmp_path / "evidence.csv", EVIDENCE)
    pieces = read_table(tmp_path / "evidence.csv", EVIDENCE).groupby("claim")["evidence"].agg(list)
    assert pieces["L1"] == ["rho", "intervention", "permuted", "control"] and pieces["T3"] == ["fps1"]
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
