"""What the source of a paper refers to: parts, value ids, figures and claims. Missing ids are reported early."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.errors import StudyError

COMMENT = re.compile(r"(?<!:)//[^\n]*")  # not the // of a URL
REFERENCE = re.compile(r"""(?<![\w.-])(v|point|fine|maybe)\(\s*"([^"\n]+)"\s*\)""")


PART = re.compile(r"""#(?:import|include)\s+"([^"\n]+\.typ)"|bibliography\(\s*"([^"\n]+)\"""")
FIGURE = re.compile(r"""(?<![\w-])fig\(\s*((?:"[\w-]+"\s*,?\s*)+)""")
CLAIM = re.compile(r"""(?<![\w-])claim-box\(\s*"([^"\n]+)"\s*\)""")


@dataclass(frozen=True)
class Reference:
    """A value id in a source; the paper's functions ``v``, ``point`` and ``fine`` need it, ``maybe`` does not."""

    id: str
    file: str
    line: int
    optional: bool


def parts(main: str | Path) -> list[Path]:
    """The files that a paper is set from: the main one, those that it imports or includes, and the references.

    Raises:
        StudyError: one of them is missing.
    """
    found: dict[Path, None] = {}
    waiting = [Path(main)]
    while waiting:
        path = waiting.pop()
        if not path.is_file():
            raise StudyError(f"{path}: no such file; the paper is made from it")
        found[path] = None
        if path.suffix == ".typ":
            named = (a or b for a, b in PART.findall(COMMENT.sub("", path.read_text(encoding="utf-8"))))
            waiting += [path.parent / name for name in named if path.parent / name not in found]
    return sorted(found)


def _sources(main: str | Path) -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in parts(main) if path.suffix == ".typ"]


def placed(main: str | Path) -> dict[str, list[str]]:
    """The ``figures`` and ``claims`` that a paper places by hand; it appends all others."""
    texts = [COMMENT.sub("", text) for _, text in _sources(main)]
    figures = {name for text in texts for names in FIGURE.findall(text) for name in re.findall(r'"([\w-]+)"', names)}
    return {"figures": sorted(figures), "claims": sorted({claim for text in texts for claim in CLAIM.findall(text)})}


def references(main: str | Path) -> Iterator[Reference]:
    """All literal references in the ``.typ`` files of a paper; ids built from parts are checked by Typst."""
    for path, text in _sources(main):
        for number, line in enumerate(text.splitlines(), start=1):
            for function, name in REFERENCE.findall(COMMENT.sub("", line)):
                yield Reference(name, path.name, number, function == "maybe")


def check_references(main: str | Path, values: dict[str, object]) -> None:
    """Raise if a source needs a value that does not exist.

    Raises:
        StudyError: naming each missing id and where it is used.
    """
    missing = [r for r in references(main) if not r.optional and r.id not in values]
    if missing:
        places = "; ".join(f"{r.id} (used in {r.file}, line {r.line})" for r in missing)
        raise StudyError(
            f"the paper uses values that the study does not have: {places}; compute them, or write maybe(...)"
        )
