"""Save figures so that equal figures are equal bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emovlm.core.files import atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PDF_METADATA = {"Creator": None, "Producer": None, "CreationDate": None}
PNG_METADATA = {"Software": None}


def save(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write ``figure`` as vector PDF and as PNG, without dates or program names."""
    with atomic(pdf) as temporary:
        figure.savefig(temporary, format="pdf", metadata=PDF_METADATA)
    with atomic(png) as temporary:
        figure.savefig(temporary, format="png", metadata=PNG_METADATA)
