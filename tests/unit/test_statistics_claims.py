"""Verdicts follow the rules of claims.yaml: for, against, or undecided, and never more than the evidence gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from emovlm.core.contracts.statistics import CLAIMS
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.core.tables import read_rows
from emovlm.statistics.claims import Results, judge, standing_of

ROOT = Path(__file__).resolve().parents[2]
EMOTIONS = [f"e{k:02}" for k in range(11)]
NOISE = [4, 9, 1, 7, 0, 10, 3, 8, 2, 6, 5]
WORDS = pd.DataFrame({
    "language": "en", "source": "books", "form": "family", "emotion": EMOTIONS, "count": np.arange(11.0),
    "censored": False,
})  # fmt: skip
LEXICAL = {
    "statement": "F1 follows words.", "kind": "lexical", "margin": 0.2, "subject": "freq", "intervention": "unif",
    "control": "vision", "language": "en",
}  # fmt: skip
PRIMARY = {"primary_source": "books", "primary_form": "family"}


def comparisons(**rows):
    """name=(test, difference, low, high, p)"""
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["test", "difference", "low", "high", "p_holm"])
    return table.rename_axis("comparison").reset_index().assign(n=330)


def profiles(freq, unif, vision):
    arms = {"freq": freq, "unif": unif, "vision": vision}
    return pd.concat(
        [pd.DataFrame({"condition": k, "emotion": EMOTIONS, "f1": np.array(v) / 11}) for k, v in arms.items()]
    )


def hits(measured, n, sampler="fps1"):
    return pd.DataFrame({"sampler": sampler, "measured": [measured, measured], "n": [n // 2, n // 2]})


def verdict(claim, found=None, per_class=None, seen=None):
    empty = pd.DataFrame(columns=["comparison", "sampler", "n", "measured"])
    results = Results(
        empty if found is None else found, per_class, WORDS, empty if seen is None else seen,
        {"seed": 1, "resamples": 999, "confidence": 0.95, "lexicon": PRIMARY},
    )  # fmt: skip
    return judge({"alpha": 0.05, "claims": {"X": {"statement": "It is so.", **claim}}}, results).iloc[0]


@pytest.mark.parametrize(
    ("expect", "low", "high", "p", "standing"),
    [
        ("greater", 0.01, 0.08, 0.01, "supported"),
        ("greater", -0.01, 0.08, 0.20, "undecided"),
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


def test_words_are_supported_only_with_intervention_and_control():
    assert verdict(LEXICAL, per_class=profiles(range(11), NOISE, NOISE))["verdict"] == "supported"


def test_a_bare_correlation_proves_nothing_where_the_control_shows_it_too():
    row = verdict(LEXICAL, per_class=profiles(range(11), NOISE, range(11)))
    assert row["verdict"] == "undecided"
    assert "rho of freq: supported" in row["test"] and "minus rho of vision: undecided" in row["test"]


def test_a_correlation_that_uniform_captions_leave_as_it_is_refutes_words():
    row = verdict(LEXICAL, per_class=profiles(range(11), range(11), NOISE))
    assert row["verdict"] == "not supported" and row["effect"] == 0


def test_a_correlation_that_uniform_captions_weaken_a_little_leaves_words_undecided():
    weaker = [0, 2, 1, 3, 4, 5, 7, 6, 8, 10, 9]
    assert verdict(LEXICAL, per_class=profiles(range(11), weaker, NOISE))["verdict"] == "undecided"


def test_a_correlation_against_the_words_refutes_them():
    row = verdict(LEXICAL, per_class=profiles(range(11)[::-1], NOISE, NOISE))
    assert row["verdict"] == "not supported" and row["high"] <= 0


def test_a_model_that_fails_in_every_class_decides_nothing_about_words():
    row = verdict(LEXICAL, per_class=profiles([0] * 11, NOISE, NOISE))
    assert row["verdict"] == "undecided" and np.isnan(row["effect"])


def test_chance_profiles_hardly_ever_support_words():
    generator, supported = np.random.default_rng(0), 0
    for _ in range(100):
        row = verdict(LEXICAL, per_class=profiles(*(generator.permutation(11) for _ in range(3))))
        supported += row["verdict"] == "supported"
    assert supported <= 5


@pytest.mark.parametrize(
    ("share", "n", "expected"),
    [(0.3, 100, "supported"), (0.45, 20, "undecided"), (0.8, 100, "not supported")],
)
def test_most_events_missed_is_supported_by_a_share_clearly_below_half(share, n, expected):
    row = verdict({"kind": "hits", "margin": 0.5, "sampler": "fps1"}, seen=hits(share, n))
    assert row["verdict"] == expected and row["n"] == n and row["low"] < share < row["high"]


def test_without_events_nothing_is_decided():
    assert verdict({"kind": "hits", "margin": 0.5, "sampler": "fps1"})["verdict"] == "undecided"


def test_the_projects_claims_refer_to_planned_comparisons_with_the_test_they_need(tmp_path):
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
    planned = read_rows(ROOT / "config/comparisons.tsv", "comparisons")
    found = pd.DataFrame(planned).assign(difference=0.0, low=-0.1, high=0.1, p_holm=1.0, n=330)
    lexical = claims["claims"]["L1"]
    names = {"freq": lexical["subject"], "unif": lexical["intervention"], "vision": lexical["control"]}
    per_class = profiles(NOISE, range(11), range(11)).replace({"condition": names})
    words = WORDS.assign(language=lexical["language"])
    settings = {"seed": 1, "resamples": 99, "confidence": 0.95, "lexicon": PRIMARY}
    table = judge(claims, Results(found, per_class, words, hits(0.5, 20), settings))
    assert table["claim"].tolist() == ["L1", "L2", "T1", "T2", "T3", "T4"]
    assert set(table.loc[1:, "verdict"]) == {"undecided"}
    for claim, stated in claims["claims"].items():
        for item in stated.get("evidence", []):
            assert next(row for row in planned if row["comparison"] == item["comparison"])["claim"] == claim
    write_table(table, tmp_path / "claims.csv", CLAIMS)


def test_evidence_that_was_not_planned_is_named():
    with pytest.raises(StudyError, match=r"claim X: no comparison 'rise' in comparisons.tsv"):
        verdict(RISE_AND_FALL)


def test_equality_is_not_read_from_a_test_of_difference():
    claim = {"kind": "comparisons", "margin": 0.02, "evidence": [{"comparison": "same", "expect": "equal"}]}
    with pytest.raises(StudyError, match=r"needs the test equivalence, but comparisons.tsv says difference"):
        verdict(claim, comparisons(same=("difference", 0.0, -0.01, 0.01, 0.9)))


def test_an_unknown_kind_of_claim_is_named():
    with pytest.raises(StudyError, match="claim X: unknown kind 'wish'"):
        verdict({"kind": "wish", "margin": 1})


def test_a_condition_that_the_lexical_claim_needs_is_named():
    with pytest.raises(StudyError, match="no per-class metrics of the conditions other"):
        verdict({**LEXICAL, "control": "other"}, per_class=profiles(NOISE, NOISE, NOISE))
