"""The report of a study of one's own: its sections are there when their data are."""

from io import BytesIO

import pandas as pd
import pytest
from pypdf import PdfReader
from tests.unit.figures_tables import ROOT, study, write_study

from emovlm.figures.registry import figures
from emovlm.report.typeset import typeset

REPORT = ROOT / "paper/report.typ"
CONDITIONS = ["freq-fps1", "freq-fps5"]
TABLES = ("metrics", "per_class", "conditions", "frame_samplers")
SECTIONS = ("What was evaluated", "Results", "Classes", "The run", "References")


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """The tables of two conditions, whose system is called after nobody."""
    tables = {name: study()[name] for name in ("claims", "evidence")}
    only = {name: study()[name].query("condition in @CONDITIONS") for name in TABLES[:3]}
    only["conditions"] = only["conditions"].assign(system="tiny-qwen", claims="")
    compared = study()["comparisons"].query("comparison == 'fps5-vs-fps1'").assign(family="frames")
    folder = tmp_path_factory.mktemp("study")
    rows = only.pop("conditions")
    rows.to_csv(folder / "rows.tsv", sep="\t", index=False)
    paths = write_study(folder, **{**tables, **only, "comparisons": compared})
    return {**paths, "conditions": str(folder / "rows.tsv")}


def report(paths, folder, *more, prompts=(), drawn=None):
    """The text of a report from the tables that every study has, and more of them."""
    classes = list(dict.fromkeys(study()["per_class"]["emotion"]))
    config = {
        "study": "clinic", "seed": 1, "replicates": 1, "alpha": 0.05, "resamples": 100, "confidence": 0.95,
        "datasets": [{"dataset": "synface", "licence": "not stated", "classes": classes}],
        "systems": [{"system": "tiny-qwen", "kind": "vlm", "weights": "a/b", "revision": "f" * 40}],
        "samplers": [{"sampler": f"fps{rate:g}", "kind": "rate", "rate": rate * 1.25} for rate in (1, 5)],
    }  # fmt: skip
    words = {name: figure.words for name, figure in figures().items()}
    named = {name: paths[name] for name in (*TABLES, *more)}
    asked = {f"prompt {n}": str(ROOT / f"config/prompts/{name}.txt") for n, name in enumerate(prompts)}
    typeset(REPORT, paths["values"], paths["run"], named, drawn or {}, config, folder / "report.pdf", words, asked)
    pages = PdfReader(BytesIO((folder / "report.pdf").read_bytes())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_a_small_study_has_the_sections_of_its_data_and_no_others(paths, tmp_path):
    text = report(paths, tmp_path)
    for section in SECTIONS:
        assert section in text, section
    for section in (
        "Planned comparisons",
        "Claims",
        "Probabilities and frames",
        "Further figures",
        "this prompt",
        "these prompts",
    ):
        assert section not in text, section
    for word in ("SynFace", "organism", "Agarwal", "not run", "L1", "T2"):
        assert word not in text, word
    scores = study()["metrics"].query("condition in @CONDITIONS and clips == 'all'")
    for row in scores[scores["metric"].isin(["uar", "macro_f1", "accuracy"])].itertuples():
        assert f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}]" in text, row
    for row in study()["per_class"].query("condition in @CONDITIONS").itertuples():
        assert f"{row.f1:.2f} [{row.low:.2f}, {row.high:.2f}]" in text, row
    assert "a/b at commit ffffffffffff" in text and "1.25" in text and "6.25" in text


def test_comparisons_claims_prompts_and_figures_come_with_their_data(paths, tmp_path):
    pictures = {}
    for name in ("worst", "confusion"):
        pictures[name] = str(tmp_path / f"{name}.svg")
        (tmp_path / f"{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    text = report(paths, tmp_path, "comparisons", "claims", "evidence", prompts=("classify", "motion"), drawn=pictures)
    compared = pd.read_csv(paths["comparisons"]).iloc[0]
    assert f"{compared['difference']:+.3f}".replace("-", "\N{MINUS SIGN}") in text and "Planned comparisons" in text
    for row in study()["claims"].itertuples():
        assert row.statement in text
    assert "these prompts" in text and (ROOT / "config/prompts/motion.txt").read_text().split()[0] in text
    assert "Confusion matrices of the first condition" in text and "fig-confusion" in text
