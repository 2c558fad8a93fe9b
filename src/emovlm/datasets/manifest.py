"""From a raw dataset folder to the manifest, the study's one view of any dataset."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.datasets.readers import READERS


def make_manifest(dataset: dict[str, Any], folder: Path, classes: Collection[str]) -> pd.DataFrame:
    """List the clips of a dataset.

    A listed clip whose file is missing stays in the manifest: decoding makes it a counted failure.

    Args:
        dataset: row of ``datasets.tsv``; ``dataset`` is its id and ``kind`` the key of its reader.
        folder: the raw folder.
        classes: the known class names.

    Returns:
        A table that fits ``contracts.MANIFEST``.

    Raises:
        StudyError: unknown kind, missing folder, or anything wrong in the annotations, by file and line.
    """
    name, kind = dataset["dataset"], dataset["kind"]
    if kind not in READERS:
        raise StudyError(f"datasets.tsv, row {name}: unknown kind {kind!r}; known are {', '.join(READERS)}")
    if not folder.is_dir():
        raise StudyError(
            f"datasets.tsv, row {name}: the folder {folder} does not exist; "
            "get the dataset, or correct the column folder"
        )
    rows = []
    for entry in READERS[kind](folder, classes):
        clip_id = f"{name}/{entry.line.name}"
        rows.append(
            {
                "clip_id": clip_id,
                "path": entry.line.path,
                "label": entry.line.label,
                "split": entry.split,
                "fold": entry.fold,
                "identity": entry.identity or clip_id,
            }
        )
    return pd.DataFrame(rows)


def permute_labels(manifest: pd.DataFrame, splits: Collection[str], seed: int) -> pd.DataFrame:
    """Deal the labels of each of the splits out to its clips anew: nothing can be learned from them.

    What a study finds with such labels is found by chance: a negative control of the whole study.
    """
    manifest = manifest.sort_values("clip_id", ignore_index=True)
    for split in splits:
        inside = manifest["split"] == split
        draw = rng(seed, "permuted labels", split)
        manifest.loc[inside, "label"] = draw.permutation(manifest.loc[inside, "label"].to_numpy())
    return manifest
