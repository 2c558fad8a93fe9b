"""A changed result is seen wherever it is shown: in the values, a figure, the text of the PDF and the page."""

import json

import pandas as pd
import pypdf
import pytest
from sklearn.metrics import f1_score

from tests.browser.conftest import INJECTED
from tests.project import RESULTS

OTHER, COMPARISON = "freq-keyframes", "msce-organism-frequency"


def read_values(project):
    return json.loads((project.path / RESULTS / "values.json").read_text())


def macro_f1(project, condition):
    """Macro-F1 by scikit-learn; a clip without an answer is an error."""
    answers = pd.read_parquet(project.path / RESULTS / f"answers/{condition}.parquet")
    given = answers["prediction"].fillna("failed")
    labels = sorted(answers["label"].unique())
    return f1_score(answers["label"], given, labels=labels, average="macro", zero_division=0)


def pdf_text(path):
    """Text of a PDF, in which no space tells where a line ended."""
    return "".join("".join(page.extract_text() for page in pypdf.PdfReader(path).pages).split())


def test_a_changed_result_is_seen_in_values_figure_paper_and_page(project, altered, visit):
    changed = macro_f1(altered, INJECTED)
    assert changed > macro_f1(project, INJECTED) + 0.3
    difference = changed - macro_f1(altered, OTHER)
    values, before = read_values(altered), read_values(project)
    metric, compared = f"metric.{INJECTED}.macro_f1", f"comparison.{COMPARISON}.difference"
    assert values[metric]["value"] == pytest.approx(changed)
    assert values[compared]["value"] == pytest.approx(difference)
    assert values[metric]["text"].startswith(f"{changed:.2f} [")
    shown = values[compared]["text"].replace(" ", "")
    assert shown.startswith(f"{difference:+.3f}[") and shown != before[compared]["text"].replace(" ", "")
    for document in ("figures/enrichment.pdf", "paper/paper.pdf"):
        assert shown in pdf_text(altered.path / RESULTS / document)
        assert shown not in pdf_text(project.path / RESULTS / document)
    page = visit(altered.path / RESULTS / "explorer").open(f"#/condition/{INJECTED}")
    assert page.locator(f'button.value[title^="{metric},"]').inner_text() == values[metric]["text"]
    assert page.locator(f'button.value[title^="{compared},"]').inner_text() == values[compared]["text"]
    answers = pd.read_parquet(altered.path / RESULTS / f"answers/{INJECTED}.parquet")
    label, prediction = answers.loc[0, ["label", "prediction"]]
    n = ((answers["label"] == label) & (answers["prediction"] == prediction)).sum()
    assert page.get_by_role("button", name=f"{label} answered as {prediction}: {n} of ").count() == 1
