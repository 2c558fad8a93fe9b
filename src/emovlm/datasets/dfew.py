"""DFEW as its owners distribute it.

``EmoLabel_DataSplit/{train,test}(single-labeled)/set_1..5.csv`` with the columns ``video_name,label``: names are
numbers (1 to 16372), labels 1 to 7. The clips, whole frames with sound, are ``Clip/original/1.mp4``, in some copies one
folder further down; the owners' face-aligned frames are ``Clip/clip_224x224/00001/00001_00001.jpg``. Not read are the
same frames as AVI (``clip_224x224_avi``) and 16 frames interpolated from them (``clip_224x224_16f``), without a rate.

Source: Jiang et al., DFEW, ACM MM 2020; the layout is what MAE-DFER's ``preprocess/dfew.py`` reads. The owners' own
training code (github.com/jiangxingxun/DFEW) has renamed folders.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import Line, add, emotion, inside
from emovlm.datasets.csv_rows import read_csv
from emovlm.datasets.readers import Entry, pool

LABELS = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
"""DFEW's words for its labels 1 to 7."""
LISTS, ORIGINAL, FACES = "EmoLabel_DataSplit", "Clip/original", "Clip/clip_224x224"


def read_dfew(folder: Path, words: Mapping[str, str], form: str = "clips") -> list[Entry]:
    """DFEW's single-label set, 11,697 clips in five folds; splits and folds as :func:`pool`.

    Raises:
        StudyError: naming file and line, if a list is missing or malformed, or as :func:`pool`; if the folder of this
            form has no clips; if ``words`` are not DFEW's.
    """
    if foreign := [word for word in LABELS if word not in words]:
        raise StudyError(
            f"the words of the classes for DFEW lack {', '.join(foreign)}; datasets.tsv, column classes, "
            f"must name a column of the table of classes with {', '.join(LABELS)} (dfew)"
        )
    if not (folder / LISTS).is_dir():
        raise StudyError(f"{folder}: not DFEW: looked for {LISTS}/{{train,test}}(single-labeled)/set_1..5.csv")
    originals = find_originals(folder) if form == "clips" else {}
    if not (originals or (form == "frames" and (folder / FACES).is_dir())):
        raise StudyError(
            f"{folder}: not DFEW in the form {form}: looked for {ORIGINAL}/1.mp4 and {ORIGINAL}/*/1.mp4 (form clips) "
            f"or {FACES}/00001/*.jpg (form frames); datasets.tsv, column form, chooses"
        )

    def path_of(number: int) -> str:
        return f"{FACES}/{number:05d}" if form == "frames" else originals.get(number, f"{ORIGINAL}/{number}.mp4")

    def read(fold: int, which: str) -> list[Line]:
        file = folder / LISTS / f"{which}(single-labeled)" / f"set_{fold}.csv"
        lines: dict[str, Line] = {}
        for where, row in read_csv(file, ("video_name", "label")):
            name, label = row["video_name"].strip(), row["label"].strip()
            if not (name.isascii() and name.isdigit() and len(name) < 9):
                raise StudyError(f"{where}: {name[:80]!r} is no number of a clip")
            if label not in [str(k + 1) for k in range(len(LABELS))]:
                raise StudyError(f"{where}: unknown label {label[:80]!r}; DFEW's are 1 to {len(LABELS)}")
            path = path_of(int(name))
            inside(folder, path, where)
            add(lines, Line(path, f"{int(name):05d}", emotion(LABELS[int(label) - 1], words, where), where))
        if not lines:
            raise StudyError(f"{file}: the list has no clips")
        return list(lines.values())

    return pool({fold: (read(fold, "test"), read(fold, "train")) for fold in range(1, 6)})


def find_originals(folder: Path) -> dict[int, str]:
    """Path of each whole clip, relative to the dataset's folder, by its number.

    Raises:
        StudyError: two files are the same clip.
    """
    found: dict[int, str] = {}
    places = [ORIGINAL]
    if (folder / ORIGINAL).is_dir():
        places += [f"{ORIGINAL}/{each.name}" for each in os.scandir(folder / ORIGINAL) if each.is_dir()]
    for place in sorted(places):
        for file in sorted(os.listdir(folder / place) if (folder / place).is_dir() else []):
            stem, suffix = os.path.splitext(file)
            if suffix.lower() != ".mp4" or not (stem.isascii() and stem.isdigit()):
                continue
            if int(stem) in found:
                raise StudyError(f"{folder}: {found[int(stem)]} and {place}/{file} are both clip {int(stem)}")
            found[int(stem)] = f"{place}/{file}"
    return found
