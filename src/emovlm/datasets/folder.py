"""Any folder of videos: ``annotations.csv`` says which they are.

Columns ``path`` (of a video, or of a folder of images, relative to the dataset's folder) and ``label``; and, where
there are any, ``split`` (test if empty), ``fold`` (official fold that tests the clip), ``identity`` (person or source).
``docs/adding-a-dataset.md`` walks through it.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import Line, add, emotion, inside, read_csv
from emovlm.datasets.readers import SPLITS, Entry

FILE = "annotations.csv"
NEEDED, OPTIONAL = ("path", "label"), ("split", "fold", "identity")


def read_folder(folder: Path, words: Mapping[str, str], form: str = "clips") -> list[Entry]:
    """The clips that ``annotations.csv`` lists. Labels are the dataset's words or the lexicon's, in any case.

    Raises:
        StudyError: naming file and line, if the table is missing, empty or malformed, has an unknown column, class or
            split, names a clip twice or a path outside the folder.
    """
    any_case = {name.lower(): name for name in words.values()} | {word.lower(): name for word, name in words.items()}
    lines: dict[str, Line] = {}
    entries = []
    for where, row in read_csv(folder / FILE, NEEDED):
        if unknown := set(row) - {*NEEDED, *OPTIONAL}:
            raise StudyError(f"{folder / FILE}, line 1: unknown column {min(unknown)!r}; known are "
                             f"{', '.join((*NEEDED, *OPTIONAL))}")  # fmt: skip
        path, split, fold = row["path"], row.get("split") or "test", row.get("fold") or "0"
        if not path.isprintable():
            raise StudyError(f"{where}: {path[:80]!r} is no path")
        inside(folder, path, where)
        if split not in SPLITS:
            raise StudyError(f"{where}: unknown split {split[:80]!r}; known are {', '.join(SPLITS)}")
        if not (fold.isascii() and fold.isdigit() and len(fold) < 4):
            raise StudyError(f"{where}: fold {fold[:80]!r} is not a whole number; 0 or nothing says that none tests it")
        if int(fold) and split not in ("train", "test"):
            raise StudyError(f"{where}: a clip of split {split} is in no fold")
        name = str(PurePosixPath(path).with_suffix(""))
        add(lines, Line(path, name, emotion(row["label"].strip().lower(), any_case, where), where))
        entries.append(Entry(lines[name], split, int(fold), row.get("identity") or None))
    if not entries:
        raise StudyError(f"{folder / FILE}: the table has no clips")
    return entries
