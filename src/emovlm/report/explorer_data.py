"""Data files of the explorer page: classic scripts that hand one JSON value to the page.

A page that is opened from disk may neither fetch files nor import modules, but it may add ``<script>`` tags. So each
file is one call, ``explorer.take("<name>", <value>)``, read when a view needs it.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from emovlm.core.files import write_text

FAILED, NOT_ASKED = "-", " "
"""In a row of letters, one a clip: an answer that failed, and a clip that was not asked about."""


def letters(names: list[str | None], classes: list[str]) -> str:
    """One letter a clip: ``a`` is the first class, ``b`` the second; None is :data:`FAILED`."""
    code = {name: chr(ord("a") + k) for k, name in enumerate(classes)}
    return "".join(FAILED if name is None else code[name] for name in names)


def packed(values: np.ndarray, kind: str) -> str:
    """Numbers as base64 of their little-endian bytes; ``kind`` is a numpy type, for example ``<f4``."""
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")


def share_of(place: int, n: int, parts: int) -> int:
    """Which of ``parts`` files holds the clip at ``place`` of ``n``; the page computes the same."""
    return place * parts // n


def as_text(value: Any) -> str:
    """Compact JSON with sorted keys, safe within an HTML page."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def write_data(path: str | Path, name: str, value: Any) -> None:
    """Write one data file.

    Args:
        name: under which the page asks for it; also its place below ``data/``, without suffix.
    """
    write_text(path, f"explorer.take({json.dumps(name)},{as_text(value)});\n")


def rows_of(table: dict[str, list]) -> list[dict[str, Any]]:
    """Rows as dictionaries, from ``columns`` and ``rows`` of a command line."""
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


class Words:
    """Distinct texts in the order of their first use, each with a number."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text, from 0."""
        return self.known.setdefault(text, len(self.known))

    @property
    def listed(self) -> list[str]:
        """All texts by number."""
        return list(self.known)
