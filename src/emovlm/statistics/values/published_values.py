"""Published figures as values: ``published.fps.Qwen2.5-VL.5.macro_f1`` and the like."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.statistics.lexical.profiles import FIGURE_SYSTEMS

GRIDLINE = 0.5
"""F1 from one gridline to the next in the paper's figure of words: the class means then give its macro-F1."""

# Columns that the study uses, by table; a table is called after its file in resources/published.
NEEDED = {
    "paper_fps_curve": {"system", "fps", "macro_f1"},
    "paper_frame_shuffle": {"system", "kind", "frames", "mafw_f1", "dfew_f1"},
    "paper_msce": {"system", "dataset", "context", "macro_f1"},
    "paper_lexical_figure": {"dataset", "term", "f1_gemini25_flash", "f1_qwen25_vl"},
    "mafw_recalls": {"system", "setting", "anger", "uar"},
    "mafw_classes": {"emotion", "clips", "cronbach_alpha"},
}


def read_published(paths: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Read tables of published figures, by name.

    Raises:
        StudyError: no table is called that, or a file or a column that the study uses is missing.
    """
    tables = {}
    for name, path in paths.items():
        if name not in NEEDED:
            raise StudyError(f"unknown table of published figures {name!r}; there are {', '.join(NEEDED)}")
        if not Path(path).is_file():
            raise StudyError(f"{path}: no such table of published figures")
        tables[name] = pd.read_csv(path)
        if missing := sorted(NEEDED[name] - set(tables[name].columns)):
            raise StudyError(f"{path}: missing columns: {', '.join(missing)}")
    return tables


def published_values(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, float, str, str]]:
    """Id, value, unit and source of every published figure in tables of :func:`read_published`."""
    tables = {name: tables.get(name, pd.DataFrame(columns=sorted(columns))) for name, columns in NEEDED.items()}
    for row in tables["paper_fps_curve"].itertuples():
        name = f"published.fps.{row.system}.{row.fps}.macro_f1"
        yield name, row.macro_f1, "share", _source("paper_fps_curve", row.system, row.fps)
    for row in tables["paper_frame_shuffle"].to_dict("records"):
        for column in (c for c in row if c.startswith(("mafw_", "dfew_"))):
            dataset, metric = column.split("_")
            name = f"published.shuffle.{row['system']}.{row['frames']}.{dataset}.macro_{metric}"
            yield name, row[column], "share", _source("paper_frame_shuffle", row["system"], row["frames"], column)
    for row in tables["paper_msce"].itertuples():
        name = f"published.msce.{row.system}.{row.dataset.lower()}.{row.context}.macro_f1"
        yield name, row.macro_f1, "share", _source("paper_msce", row.system, row.dataset, row.context)
    for row in tables["paper_lexical_figure"].to_dict("records"):
        for column, system in FIGURE_SYSTEMS.items():
            name = f"published.f1.{system}.{row['dataset'].lower()}.{row['term']}"
            yield (name, row[column] * GRIDLINE, "share",
                   _source("paper_lexical_figure", row["dataset"], row["term"], column))  # fmt: skip
    for row in tables["mafw_recalls"].drop(columns="setting").to_dict("records"):
        for column in (c for c in row if c != "system"):
            yield (f"published.recall.{row['system']}.{column}", row[column] / 100, "share",
                   _source("mafw_recalls", row["system"], column))  # fmt: skip
    for row in tables["mafw_classes"].itertuples():
        name, source = f"published.mafw.{row.emotion}", _source("mafw_classes", row.emotion)
        yield f"{name}.clips", row.clips, "count", source
        yield f"{name}.cronbach_alpha", row.cronbach_alpha, "alpha", source


def _source(name: str, *key: object) -> str:
    return f"resources/published/{name}.csv: {', '.join(map(str, key))}"
