"""A folder a class: ``happy/clip1.mp4``. The folder's name is the label."""

from collections.abc import Mapping
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import CONTROL, Line, add, emotion, inside, is_text
from emovlm.datasets.readers import Entry
from emovlm.datasets.suffixes import VIDEOS


def read_classes(folder: Path, words: Mapping[str, str], form: str = "clips") -> list[Entry]:
    """The videos of each folder of a class, all of split test.

    Raises:
        StudyError: a folder with videos is called like no class, a name is not UTF-8 or has control characters, or
            there are no videos.
    """
    lines: dict[str, Line] = {}
    for label, files in videos_by_label(folder).items():
        for file in files:
            where = str(folder / file)
            if not is_text(file):
                told = file.encode(errors="backslashreplace").decode()
                raise StudyError(f"{folder}: the name {told} is not UTF-8; rename the file")
            if CONTROL.search(file):
                raise StudyError(f"{folder}: the name {file!r} has control characters; rename the file or its folder")
            inside(folder, file, where)
            name = file.rpartition(".")[0]
            add(lines, Line(file, name, emotion(label, words, where), where))
    if not lines:
        raise StudyError(f"{folder}: no clips; each class should be a folder with videos ({', '.join(VIDEOS)}) in it")
    return [Entry(line, "test") for line in lines.values()]


def videos_by_label(folder: Path) -> dict[str, list[str]]:
    """The videos in each folder that has any, by its name, sorted: paths relative to ``folder``."""
    places = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = {
        place.name: sorted(
            f"{place.name}/{file.name}"
            for file in place.iterdir()
            if file.suffix.lower() in VIDEOS and not file.name.startswith(".")
        )
        for place in places
    }
    return {label: files for label, files in found.items() if files}
