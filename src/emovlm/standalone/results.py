"""What an evaluation finds: answers and what they come to, as tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emovlm.core.contract import TEXT
from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.statistics import CONFUSION, METRICS, PER_CLASS
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json, write_text
from emovlm.core.io import read_table, write_table
from emovlm.standalone.out_folder import ABOUT
from emovlm.standalone.results_page import page_of
from emovlm.statistics.metric_tables import confusion_table, metrics_table, per_class_table

PICTURES, PAGE = "pictures.json", "index.html"
HEADLINES = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro-F1"}
"""The metrics of the summary, with their names."""
MOST_COLUMNS = 12  # of a confusion matrix on the terminal; the page shows larger ones

CONDITIONS_ANSWERS = replace(
    ANSWERS, columns={"condition": TEXT, **ANSWERS.columns}, key=("condition", *ANSWERS.key)
)  # fmt: skip
"""ANSWERS of several conditions."""


@dataclass(frozen=True)
class Results:
    """The results of an evaluation.

    Attributes:
        about: what was evaluated and how: model, data, labels, conditions, settings.
        answers: one row a condition and clip (``ANSWERS`` with the column condition).
        metrics: one row a condition and metric, with its interval and n (``METRICS``).
        per_class: precision, recall, F1 and the interval of F1, by condition and class (``PER_CLASS``).
        confusion: number of clips by condition, label and prediction (``CONFUSION``).
        pictures: some frames of clips that were wrong, as the model saw them: WebP in base64, by condition and clip.
    """

    about: dict[str, Any]
    answers: pd.DataFrame
    metrics: pd.DataFrame
    per_class: pd.DataFrame
    confusion: pd.DataFrame
    pictures: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def matrix(self, condition: str | None = None) -> pd.DataFrame:
        """The confusion matrix of a condition (by default the first): labels by predictions, ``failed`` the last."""
        of_condition = self.confusion[self.confusion["condition"] == (condition or self.about["conditions"][0]["name"])]
        matrix = of_condition.pivot(index="label", columns="prediction", values="n")
        return matrix.reindex(index=self.about["labels"], columns=[*self.about["labels"], "failed"])

    def save(self, folder: str | Path) -> None:
        """Write the tables (``answers.parquet``, and CSV), ``evaluation.json`` and the page ``index.html``."""
        folder = Path(folder)
        write_table(self.answers, folder / "answers.parquet", CONDITIONS_ANSWERS)
        write_table(self.metrics, folder / "metrics.csv", METRICS)
        write_table(self.per_class, folder / "per_class.csv", PER_CLASS)
        write_table(self.confusion, folder / "confusion.csv", CONFUSION)
        write_json(folder / PICTURES, self.pictures)
        write_json(folder / ABOUT, self.about)
        write_text(folder / PAGE, page_of(self))

    @classmethod
    def load(cls, folder: str | Path) -> "Results":
        """The results that :meth:`save` wrote.

        Raises:
            StudyError: the folder has none, or a table is missing or damaged.
        """
        folder = Path(folder)
        if not (folder / ABOUT).is_file() or not (folder / "answers.parquet").is_file():
            raise StudyError(f"{folder}: no results of an evaluation; `emovlm evaluate ... --out {folder}` writes them")
        return cls(
            read_json(folder / ABOUT),
            read_table(folder / "answers.parquet", CONDITIONS_ANSWERS),
            read_table(folder / "metrics.csv", METRICS),
            read_table(folder / "per_class.csv", PER_CLASS),
            read_table(folder / "confusion.csv", CONFUSION),
            read_json(folder / PICTURES),
        )

    def show(self, console: Console | None = None) -> None:
        """Print a summary: metrics with intervals and n, each class, and the confusion matrix of each condition."""
        console = console or Console()
        console.print(_metrics(self))
        for condition in (each["name"] for each in self.about["conditions"]):
            console.print(_classes(self, condition))
            if len(self.about["labels"]) < MOST_COLUMNS:
                console.print(_matrix(self.matrix(condition), condition))


def results_of(
    about: dict[str, Any], answers: Mapping[str, pd.DataFrame], pictures: dict[str, dict[str, list[str]]]
) -> Results:
    """The results that answers come to.

    Args:
        about: with the keys ``labels``, ``seed``, ``resamples`` and ``conditions``.
        answers: ``ANSWERS`` by condition.
        pictures: as of :class:`Results`.
    """
    frames = {name: frame.sort_values("clip_id", ignore_index=True) for name, frame in answers.items()}
    settings = {
        "seed": about["seed"], "resamples": about["resamples"], "confidence": about["confidence"],
        "classes": about["labels"], "tail": [],
    }  # fmt: skip
    joined = pd.concat([frame.assign(condition=name) for name, frame in frames.items()], ignore_index=True)
    return Results(
        about,
        CONDITIONS_ANSWERS.conform(joined, "answers").to_pandas(),
        METRICS.conform(metrics_table(frames, settings), "metrics").to_pandas(),
        PER_CLASS.conform(per_class_table(frames, settings), "per class").to_pandas(),
        CONFUSION.conform(confusion_table(frames, settings), "confusion").to_pandas(),
        pictures,
    )


def _metrics(results: Results) -> Table:
    title = f"{Path(results.about['model']).name} on {Path(results.about['data']).name}"
    shown = Table(title=Text(title), caption=_caption(results.about), box=SIMPLE_HEAD)
    for heading, justify in (("condition", "left"), ("metric", "left"), ("value", "right"), ("interval", "left"),
                             ("n", "right"), ("failed", "right"), ("frames shown", "left")):  # fmt: skip
        shown.add_column(heading, justify=justify)
    of_all = results.metrics[results.metrics["clips"] == "all"]
    for condition in (each["name"] for each in results.about["conditions"]):
        rows = {row.metric: row for row in of_all[of_all["condition"] == condition].itertuples()}
        for metric, name in HEADLINES.items():
            row, first = rows[metric], metric == next(iter(HEADLINES))
            numbers = f"{row.value:.2f}", _interval(row.low, row.high), str(row.n), str(row.failed)
            shown.add_row(Text(condition if first else ""), name, *numbers, _frames(row) if first else "")
    return shown


def _frames(row: Any) -> str:
    """Frames that were really shown of a clip: mean, and from the fewest to the most where they differ."""
    if pd.isna(row.shown):
        return ""
    bounds = "" if row.shown_min == row.shown_max else f" ({row.shown_min:.0f} to {row.shown_max:.0f})"
    return f"{row.shown:.1f}{bounds}"


def _interval(low: float, high: float) -> Text:
    """Nothing for a single clip, which has no interval."""
    return Text("" if pd.isna(low) else f"[{low:.2f}, {high:.2f}]")


def _caption(about: dict[str, Any]) -> Text:
    chance = 1 / len(about["labels"])
    return Text(f"{about['confidence']:.0%} intervals; {len(about['labels'])} labels, chance {chance:.2f}")


def _classes(results: Results, condition: str) -> Table:
    shown = Table(title=Text(f"{condition}: by class"), box=SIMPLE_HEAD)
    shown.add_column("label")
    for heading in ("n", "precision", "recall", "F1", "interval"):
        shown.add_column(heading, justify="right")
    rows = results.per_class[results.per_class["condition"] == condition].set_index("emotion")
    for label in results.about["labels"]:
        if label in rows.index:
            row = rows.loc[label]
            values = (f"{row[name]:.2f}" for name in ("precision", "recall", "f1"))
            shown.add_row(Text(label), str(int(row["n"])), *values, _interval(row["low"], row["high"]))
    return shown


def _matrix(matrix: pd.DataFrame, condition: str) -> Table:
    shown = Table(title=Text(f"{condition}: clips by label (rows) and prediction (columns)"), box=SIMPLE_HEAD)
    shown.add_column("")
    for prediction in matrix.columns:
        shown.add_column(Text(prediction), justify="right")
    for label, row in matrix.iterrows():
        cells = (Text(str(n), style="bold" if name == label else "") if n else "·" for name, n in row.items())
        shown.add_row(Text(str(label)), *cells)
    return shown
