"""The study's own figures beside the published ones that they answer to."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from emovlm.core.contracts.statistics import PUBLISHED_COMPARISON
from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL
from emovlm.statistics.values.published_values import published_values

METRICS = ("macro_precision", "macro_recall", "macro_f1")


def published_comparison_table(
    metrics: pd.DataFrame, conditions: Iterable[dict[str, Any]], published: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """``PUBLISHED_COMPARISON``: each published figure with what the study's own condition of that kind gave.

    Args:
        metrics: METRICS.
        conditions: ``condition``, ``dataset``, ``system`` (as it is called in the publication) and ``published``:
            which of its figures the condition answers to, ``shuffle.ordered``, ``fps.5``, ``msce.keyframes`` and the
            like, several separated by spaces.
        published: tables of :func:`emovlm.statistics.values.published_values.read_published`.

    Raises:
        StudyError: there is no such published figure.
    """
    known = {name: value for name, value, _, _ in published_values(published)}
    own = metrics[metrics["clips"] == ALL].set_index(["condition", "metric"])
    rows = []
    for condition in conditions:
        for figure in condition["published"].split():
            names = {metric: _name(figure, condition["system"], condition["dataset"], metric) for metric in METRICS}
            if not (there := {metric: known[name] for metric, name in names.items() if name in known}):
                raise StudyError(
                    f"condition {condition['condition']}: no {figure} of {condition['system']} on "
                    f"{condition['dataset']} was published (resources/published)"
                )
            for metric, value in there.items():
                found = own.loc[(condition["condition"], metric)]
                rows.append({
                    "condition": condition["condition"], "figure": figure, "metric": metric,
                    "system": condition["system"], "dataset": condition["dataset"], "published": value,
                    **{column: found[column] for column in ("value", "low", "high", "n", "failed")},
                })  # fmt: skip
    return pd.DataFrame(rows, columns=list(PUBLISHED_COMPARISON.columns))


def _name(figure: str, system: str, dataset: str, metric: str) -> str:
    """The id of a published figure among the study's values."""
    table, _, key = figure.partition(".")
    if table == "fps":  # published for one dataset alone
        return f"published.fps.{system}.{key}.{metric}" if dataset == "mafw" else ""
    if table == "shuffle":
        return f"published.shuffle.{system}.{key}.{dataset}.{metric}"
    return f"published.{table}.{system}.{dataset}.{key}.{metric}"
