"""The explorer page itself: one HTML file with its styles, scripts and first data inside.

The page asks for nothing from a network. Its policy allows the styles and scripts that are in it, and data and pictures
beside it.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.files import write_text
from emovlm.figures.labels import context_label, study_label, system_label
from emovlm.report.explorer_answers import headlines, shown
from emovlm.report.explorer_data import rows_of
from emovlm.report.inline_page import inline_page

WARNINGS = {
    "quick": "This is the quick run: it shows that all parts work. Its numbers mean nothing.",
    "paper-tiny": "This is the paper's own study at toy size, on random weights and miniature data sets. "
    "Its numbers mean nothing.",
    "broken": "This is a negative control: the labels that training saw were permuted. "
    "Nothing about a model may be supported here.",
}


def build(source: str | Path, parts: list[str], first: dict[str, Any], out: str | Path) -> None:
    """Write the page.

    Args:
        source: ``explorer/index.html``; it names its styles and scripts.
        parts: these files.
        first: the data of the start view, from :func:`start`.

    Raises:
        StudyError: the page names a file that is not among ``parts``, or a part is not named.
    """
    page = inline_page(Path(source), map(Path, parts), first, pictures="'self' file:", scripts="'self' file:")
    write_text(out, page)


CLAIM_PARTS = ("statement", "verdict", "says", "effect", "p")


def start(study: dict[str, Any], values: dict[str, dict], evidence: pd.DataFrame | None = None) -> dict[str, Any]:
    """What the page must know before it reads any other file.

    Args:
        study: ``study``, ``seed``, ``datasets`` (rows), ``conditions`` (``columns`` and ``rows``), and the ids of
            ``samplers`` and ``claims`` in their order.
        values: ``values.json``.
        evidence: EVIDENCE; None of a study without claims.
    """
    names = {metric.name: metric.label for metric in headlines()}
    conditions = [
        {**row, "label": system_label(row["system"]), "shown": context_label(row["frames"], row["context"]),
         "values": {metric: shown(f"metric.{row['condition']}.{metric}", values) for metric in names},
         **{k: shown(f"condition.{row['condition']}.{k}", values) for k in ("n", "failed", "replicates")},
         "seen": {k: shown(f"condition.{row['condition']}.frames{k}", values) for k in ("", "_min", "_max")}}
        for row in rows_of(study["conditions"])
    ]  # fmt: skip
    claims = [
        {"claim": claim, **{k: shown(f"claim.{claim}.{k}", values) for k in CLAIM_PARTS},
         "evidence": _evidence(evidence[evidence["claim"] == claim], values)}
        for claim in study["claims"]
    ]  # fmt: skip
    return {
        **study,
        "label": study_label(study["study"]),
        "warning": WARNINGS.get(study["study"], ""),
        "datasets": [{**row, "n": shown(f"dataset.{row['dataset']}.test.n", values)} for row in study["datasets"]],
        "conditions": conditions,
        "claims": claims,
        "metrics": [{"metric": name, "label": label} for name, label in names.items()],
    }


def _evidence(pieces: pd.DataFrame, values: dict[str, dict]) -> list[dict[str, Any]]:
    """The pieces of evidence of one claim, in their order."""
    return [
        {"what": row.what, "standing": row.standing, "chance": bool(row.at_chance), "decisive": bool(row.decisive),
         **{k: shown(f"evidence.{row.claim}.{row.evidence}.{k}", values) for k in ("effect", "p")}}
        for row in pieces.sort_values("place").itertuples()
    ]  # fmt: skip
