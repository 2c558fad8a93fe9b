"""What the paper's source names: value ids, so that a missing one is reported before typesetting; figures, claims."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.errors import StudyError

COMMENT = re.compile(r"(?<!:)//[^\n]*")  # not the // of a URL
REFERENCE = re.compile(r"""(?<![\w.-])(v|point|fine|maybe)\(\s*"([^"\n]+)"\s*\)""")


FIGURE = re.compile(r"""(?<![\w-])fig\(\s*((?:"[\w-]+"\s*,?\s*)+)""")
CLAIM = re.compile(r"""(?<![\w-])claim-box\(\s*"([^"\n]+)"\s*\)""")


@dataclass(frozen=True)
class Reference:
    """A value id in a source; the paper's functions ``v``, ``point`` and ``fine`` need it, ``maybe`` does not."""

    id: str
    file: str
    line: int
    optional: bool


def placed(folder: str | Path) -> dict[str, list[str]]:
    """The ``figures`` and ``claims`` that the sources in ``folder`` place by hand; the paper appends all others."""
    texts = [COMMENT.sub("", path.read_text(encoding="utf-8")) for path in sorted(Path(folder).rglob("*.typ"))]
    figures = {name for text in texts for names in FIGURE.findall(text) for name in re.findall(r'"([\w-]+)"', names)}
    return {"figures": sorted(figures), "claims": sorted({claim for text in texts for claim in CLAIM.findall(text)})}


def references(folder: str | Path) -> Iterator[Reference]:
    """All literal references in the ``.typ`` files of ``folder``; ids built from parts are checked by Typst."""
    for path in sorted(Path(folder).rglob("*.typ")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for function, name in REFERENCE.findall(COMMENT.sub("", line)):
                yield Reference(name, path.relative_to(folder).as_posix(), number, function == "maybe")


def check_references(folder: str | Path, values: dict[str, object]) -> None:
    """Raise if a source needs a value that does not exist.

    Raises:
        StudyError: naming each missing id and where it is used.
    """
    missing = [r for r in references(folder) if not r.optional and r.id not in values]
    if missing:
        places = "; ".join(f"{r.id} (used in {r.file}, line {r.line})" for r in missing)
        raise StudyError(
            f"the paper uses values that the study does not have: {places}; compute them, or write maybe(...)"
        )
