"""From the labels of a classifier to the classes of a study.

A label stands for a class if the label map says so. A label that the map does not name stands for the class that has
it among its words: the class's own name, the datasets' words for it (columns of the table of classes), and the nouns
and adjectives that name it in the lexicon. Words are compared whole, whatever the case of their letters.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.lexicon.terms import Term, label_words

CLASSIFIERS = ("image-classification", "video-classification")
"""The families of classifiers from the hub: the names of the hub's tasks."""


@dataclass(frozen=True)
class LabelMatch:
    """Which labels of a model stand for which class.

    Attributes:
        numbers: for each class that the model knows, the numbers of its labels (usually one).
        missing: classes that the model has no label for.
        left_out: labels that stand for none of the classes.
    """

    numbers: dict[str, list[int]]
    missing: list[str]
    left_out: list[str]

    def __str__(self) -> str:
        known = f"{len(self.numbers)} of {len(self.numbers) + len(self.missing)} classes have a label"
        missing = f"; never predicted: {', '.join(self.missing)}" if self.missing else ""
        left_out = f"; labels left out: {', '.join(self.left_out)}" if self.left_out else ""
        return known + missing + left_out


def label_settings(
    row: Mapping[str, Any], classes: Sequence[Mapping[str, str]], terms: Sequence[Term]
) -> dict[str, Any]:
    """What a classifier of the hub needs besides its row: the words of each class, and its label map as a dictionary.

    Args:
        row: of the systems table. Other systems need nothing.
        classes: the rows of the table of classes.
        terms: of the lexicon.

    Raises:
        StudyError: see :func:`read_label_map`.
    """
    if row.get("family") not in CLASSIFIERS:
        return {}
    settings: dict[str, Any] = {"label_words": label_words(classes, terms)}
    if "label_map" in row:
        settings["label_map"] = read_label_map(row["label_map"], f"system {row['system']}")
    return settings


def read_label_map(given: str | Mapping[str, str], where: str) -> dict[str, str]:
    """A label map as a dictionary from labels to classes; a label that stands for no class has an empty one.

    Args:
        given: ``happy=happiness;sad=sadness;other=``, or the path of a text file with one such pair a line. In a file,
            lines that begin with ``#`` are comments.
        where: what has the map, for messages.

    Raises:
        StudyError: there is no such file, a pair has no ``=``, or a label comes twice.
    """
    if not isinstance(given, str):
        return dict(given)
    if "=" in given:
        pairs = given.split(";")
    else:
        try:
            pairs = Path(given).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise StudyError(
                f"{where}: label_map {given!r} is neither pairs such as happy=happiness;sad=sadness nor a text file"
            ) from None
    found: dict[str, str] = {}
    for pair in (pair.strip() for pair in pairs):
        if not pair or pair.startswith("#"):
            continue
        label, equals, name = (part.strip() for part in pair.partition("="))
        if not (label and equals):
            raise StudyError(f"{where}: label_map has {pair!r}; write label=class")
        if label.casefold() in map(str.casefold, found):
            raise StudyError(f"{where}: label_map names the label {label!r} twice")
        found[label] = name
    return found


def labels_of_folder(folder: str | Path) -> list[str] | None:
    """The labels of a saved classifier by number, without loading it; None if its configuration does not name them."""
    config = json.loads(Path(folder, "config.json").read_text(encoding="utf-8"))
    named = config.get("id2label") or dict(enumerate(config.get("label_names") or []))  # of transformers, of timm
    return [str(named[number]) for number in sorted(named, key=int)] or None


def _class_called(name: str, classes: Sequence[str], called: Mapping[str, set[str]]) -> str:
    """The class that a label map means, where it is asked about; the map may call it by another of its words."""
    meant = [each for each in classes if name.casefold() in called[each]]
    return name if name in classes or len(meant) != 1 else meant[0]


def match_labels(
    labels: Sequence[str],
    classes: Sequence[str],
    words: Mapping[str, Sequence[str]] | None = None,
    label_map: Mapping[str, str] | None = None,
    allow_missing: bool = False,
) -> LabelMatch:
    """Match the labels of a model with the classes that it is asked about.

    Args:
        labels: of the model, by number.
        classes: of the study.
        words: for each class, what labels may call it. They also go for a class of the study that is itself one of
            these words. Of other classes only their own names count.
        label_map: from labels to classes, or to words for them. The map may name classes that are not asked about
            here.
        allow_missing: whether the model may have no label for some of the classes.

    Raises:
        StudyError: the map names a label or a class that does not exist; a class has no label, or several that the
            map does not all name; a label could stand for several classes. The message lists both sides.
    """
    entries = [{name.casefold(), *map(str.casefold, called)} for name, called in (words or {}).items()]
    called = {name: set().union({name.casefold()}, *(e for e in entries if name.casefold() in e)) for name in classes}
    mapped = {label.casefold(): _class_called(name, classes, called) for label, name in (label_map or {}).items()}
    plain = [label.strip().casefold() for label in labels]
    wrong = [f"label_map names a label {label!r} that the model lacks" for label in label_map or {}
             if label.casefold() not in plain]  # fmt: skip
    unknown = [name for name in mapped.values() if name and name not in {*classes, *(words or {})}]
    wrong += [f"label_map names an unknown class {name!r}" for name in unknown]
    found: dict[str, list[int]] = {name: [] for name in classes}
    for number, label in enumerate(plain):
        meant = [name for name in classes if (mapped[label] == name if label in mapped else label in called[name])]
        if len(meant) > 1:
            wrong.append(f"the label {labels[number]!r} could be {' or '.join(meant)}")
        for name in meant:
            found[name].append(number)
    for name, numbers in found.items():
        if len(numbers) > 1 and not {plain[number] for number in numbers} <= set(mapped):
            wrong.append(f"several labels stand for {name}: {', '.join(labels[number] for number in numbers)}")
    missing = [name for name in classes if not found[name]]
    if missing and (not allow_missing or len(missing) == len(classes)):
        wrong.append(f"no label stands for {', '.join(missing)}")
    asked = {name: found[name] for name in classes if found[name]}
    if wrong:
        pairs = [f"{labels[number]}={name}" for name, numbers in asked.items() for number in numbers]
        raise StudyError(
            f"its labels do not fit the classes: {'; '.join(wrong)}. Labels of the model: {', '.join(labels)}. "
            f"Classes of the study: {', '.join(classes)}. Matched: {', '.join(pairs) or 'none'}. Name the others in "
            "label_map (label=class), or set missing_labels to allow"
        )
    used = {number for numbers in asked.values() for number in numbers}
    return LabelMatch(asked, missing, [label for number, label in enumerate(labels) if number not in used])
