"""The page of an evaluation: one HTML file that needs no network and no other file."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from emovlm.report.inline_page import inline_page
from emovlm.standalone.pictures import CLIPS, margins

if TYPE_CHECKING:
    from emovlm.standalone.results import Results

METRICS = {"accuracy": "Accuracy", "uar": "UAR", "macro_f1": "Macro-F1"}
SHOWN = ("value", "low", "high", "n", "failed", "shown", "shown_min", "shown_max")


def page_of(results: "Results") -> str:
    """The page as text."""
    source = Path(str(files("emovlm.standalone") / "page"))
    first = {
        "about": results.about,
        "conditions": [_condition(results, each["name"]) for each in results.about["conditions"]],
        "most_pictured": max(1, CLIPS // len(results.about["conditions"])),
    }
    return inline_page(source / "page.html", [source / "page.css", source / "page.js"], first, pictures="data:")


def _condition(results: "Results", name: str) -> dict[str, Any]:
    metrics = results.metrics[(results.metrics["condition"] == name) & (results.metrics["clips"] == "all")]
    classes = results.per_class[results.per_class["condition"] == name]
    answers = results.answers[results.answers["condition"] == name]
    right = (answers["prediction"] == answers["label"]) & (answers["status"] == "ok")
    return {
        "name": name,
        "metrics": [
            {"label": METRICS[row["metric"]], **{k: row[k] for k in SHOWN}}
            for metric in METRICS
            for row in _rows(metrics[metrics["metric"] == metric])
        ],
        "per_class": _rows(classes[["emotion", "n", "precision", "recall", "f1", "low", "high"]]),
        "confusion": results.matrix(name).to_numpy(int).tolist(),
        "wrong": _wrong(answers[~right], results.about["labels"]),
        "pictures": results.pictures.get(name, {}),
    }


def _wrong(answers: pd.DataFrame, labels: list[str]) -> list[dict[str, Any]]:
    """The clips that were wrong, those by most first."""
    columns = [f"score_{label}" for label in labels if f"score_{label}" in answers.columns]
    answers = answers.assign(margin=margins(answers)).sort_values(["margin", "clip_id"], ascending=[False, True])
    rows = _rows(answers[["clip_id", "label", "prediction", "reply", "reason", "n_frames"]])
    for row, scores in zip(rows, answers[columns].to_numpy(float).tolist(), strict=True):
        row["scores"] = None if not scores or any(score != score for score in scores) else scores
    return rows


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, with None for what is missing."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
