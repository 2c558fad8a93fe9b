"""The tables that figures and the paper are made from, by name."""

from pathlib import Path

import pandas as pd

from emovlm.core.contract import Table
from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.results import RESULT_TABLES
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table

CONTRACTS: dict[str, Table] = {
    **RESULT_TABLES,
    "frequency": TERM_FREQUENCY,
    "manifest": MANIFEST,
    "truth": CLIP_TRUTH,
    "frame_truth": FRAME_TRUTH,
    "samples": SAMPLE,
}
# Tables without a contract of their own: config (TSV, all cells text) and published figures (CSV).
PLAIN: dict[str, tuple[str, ...]] = {
    "conditions": ("condition", "system", "dataset", "frames", "context", "decision", "claims"),
    "systems": ("system", "kind", "variant", "sampler"),
    "frame_samplers": ("sampler", "kind", "rate", "base"),
    "paper_fps_curve": ("system", "dataset", "fps", "macro_f1"),
    "paper_frame_shuffle": ("system", "kind", "frames", "mafw_f1", "dfew_f1"),
    "paper_msce": ("system", "dataset", "context", "macro_f1"),
    "mafw_classes": ("emotion", "clips"),
}


def load(name: str, path: str | Path) -> pd.DataFrame:
    """Read the table that is called ``name`` and check its columns.

    Raises:
        StudyError: the name is unknown, the file is missing, or a column is.
    """
    if name in CONTRACTS:
        return read_table(path, CONTRACTS[name])
    if name not in PLAIN:
        raise StudyError(f"unknown table {name!r}; known are {', '.join([*CONTRACTS, *PLAIN])}")
    path = Path(path)
    if not path.is_file():
        raise StudyError(f"{path}: no such table ({name})")
    if path.suffix == ".tsv":
        frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    else:
        frame = pd.read_csv(path)
    missing = [column for column in PLAIN[name] if column not in frame.columns]
    if missing:
        raise StudyError(f"{path}: not a {name} table; missing columns: {', '.join(missing)}")
    return frame
