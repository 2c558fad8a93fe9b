"""Any folder of videos: ``annotations.csv`` says which they are.

Columns ``path`` (of a video, or of a folder of images, relative to the dataset's folder) and ``label``; and, where
there are any, ``split`` (test if empty), ``fold`` (official fold that tests the clip), ``identity`` (person or source).
How tables may be written otherwise: ``csv_rows``.
``docs/how-to/adding-a-dataset.md`` walks through it.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import CONTROL, Line, add, as_on_disk, emotion, inside
from emovlm.datasets.csv_rows import read_csv
from emovlm.datasets.readers import SPLITS, Entry

FILE = "annotations.csv"
NEEDED, OPTIONAL = ("path", "label"), ("split", "fold", "identity")
VALIDATION = dict.fromkeys(("val", "valid", "dev"), "validation")


def read_folder(folder: Path, words: Mapping[str, str], form: str = "clips") -> list[Entry]:
    """The clips that ``annotations.csv`` lists. Labels are the dataset's words or the study's, in any case.

    Raises:
        StudyError: naming file and line, if the table is missing, empty or malformed, has an unknown column, class or
            split, names a clip twice or a path outside the folder.
    """
    any_case = {name.lower(): name for name in words.values()} | {word.lower(): name for word, name in words.items()}
    lines: dict[str, Line] = {}
    entries = []
    for where, row in read_csv(folder / FILE, NEEDED, OPTIONAL):
        if CONTROL.search(row["path"]):
            raise StudyError(f"{where}: {row['path'][:80]!r} is no path")
        path = as_on_disk(folder, row["path"])
        inside(folder, path, where)
        split, fold = _split(row.get("split", ""), where), _fold(row.get("fold", ""), where)
        if fold and split not in ("train", "test"):
            raise StudyError(f"{where}: a clip of split {split} is in no fold")
        name = str(PurePosixPath(path).with_suffix(""))
        add(lines, Line(path, name, emotion(row["label"].strip().lower(), any_case, where), where))
        if CONTROL.search(row["label"] + row.get("identity", "")):
            raise StudyError(f"{where}: the label or the identity has control characters; take them out")
        entries.append(Entry(lines[path], split, fold, row.get("identity", "").strip() or None))
    if not entries:
        raise StudyError(f"{folder / FILE}: the table has no clips")
    return entries


def _split(cell: str, where: str) -> str:
    split = cell.strip().lower() or "test"
    split = VALIDATION.get(split, split)
    if split not in SPLITS:
        raise StudyError(f"{where}: unknown split {cell[:80]!r}; known are {', '.join(SPLITS)}")
    return split


def _fold(cell: str, where: str) -> int:
    fold = re.fullmatch(r"([0-9]{1,3})(\.0+)?", cell.strip() or "0")  # pandas writes 1.0 beside empty cells
    if not fold:
        raise StudyError(f"{where}: fold {cell[:80]!r} is not a whole number; 0 or nothing says that none tests it")
    return int(fold[1])
