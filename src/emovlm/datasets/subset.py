"""Which of a dataset's test clips the study evaluates: all, as many of each class, or those of a list.

The others stay in the manifest as clips to train on: split ``train``, their fold as it was. So the manifest itself
says, clip by clip, what was evaluated; there is no second list to keep in step with it.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.datasets.annotations import read_text
from emovlm.datasets.readers import Entry


def keep(entries: list[Entry], names: Collection[str]) -> list[Entry]:
    """The same clips, of which only the named ones are evaluated."""
    return [e if e.split != "test" or e.line.name in names else replace(e, split="train") for e in entries]


def balanced(entries: list[Entry], classes: Collection[str], per_class: int, seed: int, dataset: str) -> set[str]:
    """Names of ``per_class`` test clips of each class, drawn from all folds together.

    The draw depends on the seed, the id of a dataset and the names of the class's test clips, not on their order.

    Raises:
        StudyError: a class has too few test clips.
    """
    chosen: set[str] = set()
    for label in classes:
        names = sorted(e.line.name for e in entries if e.split == "test" and e.line.label == label)
        if len(names) < per_class:
            raise StudyError(
                f"datasets.tsv, row {dataset}, column per_class: asks for {per_class} test clips of each class, "
                f"but there are {len(names)} of {label}"
            )
        chosen.update(rng(seed, "evaluated clips", dataset, label).choice(names, per_class, replace=False).tolist())
    return chosen


def listed(entries: list[Entry], file: Path) -> set[str]:
    """Names of the clips that a file lists, one a line: ``00025`` or ``00025.mp4``, in DFEW ``25`` too.

    Raises:
        StudyError: naming file and line, if a clip is unknown, listed twice or no test clip, or the file has none.
    """
    splits = {entry.line.name: entry.split for entry in entries}
    chosen: dict[str, int] = {}
    for number, text in enumerate(read_text(file).splitlines(), start=1):
        where, name = f"{file}, line {number}", text.strip()
        if not name:
            continue
        forms = (name, str(PurePosixPath(name).with_suffix("")), name.zfill(5))
        known = next((form for form in forms if form in splits), None)
        if known is None:
            raise StudyError(f"{where}: the dataset has no clip {name[:80]!r}")
        if splits[known] != "test":
            raise StudyError(f"{where}: clip {known} is of split {splits[known]}: no official list tests it")
        if known in chosen:
            raise StudyError(f"{where}: clip {known} is listed already in line {chosen[known]}")
        chosen[known] = number
    if not chosen:
        raise StudyError(f"{file}: the list has no clips; it should have one name a line")
    return set(chosen)
