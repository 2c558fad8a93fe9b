"""From a raw dataset folder to the manifest, the study's one view of any dataset."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.datasets.readers import distinct
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.datasets.subset import balanced, keep, listed


def make_manifest(dataset: dict[str, Any], folder: Path, subset: Path | None = None) -> pd.DataFrame:
    """List the clips of a dataset.

    A listed clip whose file is missing stays in the manifest: decoding makes it a counted failure. The clips that the
    study evaluates have split ``test``; how they are chosen: ``datasets.subset``.

    Args:
        dataset: row of ``datasets.tsv``: ``dataset`` is its id, ``kind`` the key of its reader; ``words`` the study's
            name of each of its label words; and, where given, ``form``, ``folds``, ``per_class`` and the ``seed``
            that draws them.
        folder: the raw folder.
        subset: list of the test clips to evaluate, which goes before ``per_class``.

    Returns:
        A table that fits ``contracts.MANIFEST``.

    Raises:
        StudyError: unknown kind, missing folder, or anything wrong in the annotations, by file and line.
    """
    name, kind = dataset["dataset"], dataset["kind"]
    if not folder.is_dir():
        raise StudyError(
            f"datasets.tsv, row {name}: the folder {folder} does not exist; "
            "get the dataset, or correct the column folder"
        )
    read = DATASET_KINDS.find(kind, f"datasets.tsv, row {name}").read
    entries = distinct(read(folder, dataset["words"], dataset.get("form", "clips")))
    if "folds" in dataset and dataset["folds"] != max(entry.fold for entry in entries):
        raise StudyError(
            f"datasets.tsv, row {name}, column folds: {dataset['folds']}, but the dataset's lists have "
            f"{max(entry.fold for entry in entries)}"
        )
    if subset:
        entries = keep(entries, listed(entries, subset))
    elif "per_class" in dataset:
        classes = dict.fromkeys(dataset["words"].values())
        entries = keep(
            entries, balanced(entries, classes, dataset["per_class"], dataset["seed"], dataset.get("drawn_as", name))
        )
    rows = []
    for entry in entries:
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
    """Permute the labels within each of the splits, so that nothing can be learned from them.

    What a study finds with such labels is found by chance: a negative control of the whole study.
    """
    manifest = manifest.sort_values("clip_id", ignore_index=True)
    for split in splits:
        inside = manifest["split"] == split
        draw = rng(seed, "permuted labels", split)
        manifest.loc[inside, "label"] = draw.permutation(manifest.loc[inside, "label"].to_numpy())
    return manifest
