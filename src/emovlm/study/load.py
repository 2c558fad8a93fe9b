"""Reading a study: the config and its tables as typed objects, checked before anything runs.

Every message names the file, the row or the key, and says what is allowed.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emovlm.core.errors import StudyError
from emovlm.core.plugins import load_plugins
from emovlm.core.tables import read_yaml
from emovlm.lexicon.terms import LEXICON, read_terms
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.config import Config
from emovlm.study.fields import Named, problem
from emovlm.study.rows import CaptionVariant, ClassRow, Dataset, FrameSampler, Source, TrainingSampler
from emovlm.study.slopes import Slope
from emovlm.study.systems import System
from emovlm.study.tables import Table, read_rows, validated

if TYPE_CHECKING:
    from emovlm.study.study import Study

MODELS = {
    "datasets": Dataset,
    "frame_samplers": FrameSampler,
    "training_samplers": TrainingSampler,
    "caption_variants": CaptionVariant,
    "systems": System,
    "conditions": Condition,
    "comparisons": Comparison,
    "slopes": Slope,
}
DEFAULT = "config.yaml"  # the study that is meant where no file is named
EXTENDS = "extends"  # key of a configuration with the name of the file whose values it changes


def read_config(root: str | Path = ".", files: Iterable[str] = ()) -> dict[str, Any]:
    """The values of a study's configuration: those of the files, later ones first, over those that they extend.

    Args:
        root: folder that the names of files are relative to.
        files: of the study; ``config.yaml`` if there are none.

    Raises:
        StudyError: a file cannot be read, is no configuration, or extends itself.
    """
    files = list(files) or [DEFAULT]
    config: dict[str, Any] = {}
    for file in (*extended(root, files), *files):
        config = _merged(config, _values(root, file))
    config.pop(EXTENDS, None)
    return config


def extended(root: str | Path, files: Iterable[str]) -> list[str]:
    """The files that the given ones extend (key ``extends``), directly or through others, the lowest first.

    Raises:
        StudyError: one cannot be read, is no configuration, or extends itself.
    """
    found: dict[str, None] = {}
    for file in files:
        chain = [file]
        while base := _values(root, chain[-1], chain[-2:-1]).get(EXTENDS):
            if not isinstance(base, str):
                raise StudyError(f"{chain[-1]}, key {EXTENDS}: {base!r} is not the name of a file")
            if os.path.abspath(Path(root, base)) in [os.path.abspath(Path(root, each)) for each in chain]:
                raise StudyError(f"{chain[-1]}, key {EXTENDS}: a circle of files: {' -> '.join([*chain, base])}")
            chain.append(base)
        found |= dict.fromkeys(reversed(chain[1:]))
    return list(found)


def _values(root: str | Path, file: str, named_by: Sequence[str] = ()) -> dict[str, Any]:
    """The values of one file, as they stand there."""
    if named_by and not Path(root, file).is_file():
        raise StudyError(f"{named_by[0]}, key {EXTENDS}: no such file: {file}")
    values = read_yaml(Path(root, file)) or {}
    if not isinstance(values, dict):
        raise StudyError(f"{file}: not a configuration; it should have keys and values")
    return values


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two configurations as Snakemake merges them."""
    both = {k: _merged(below[k], v) for k, v in above.items() if isinstance(v, dict) and isinstance(below.get(k), dict)}
    return {**below, **above, **both}


def check_config(values: Mapping[str, Any]) -> Config:
    """The config as an object, its defaults filled in. A part whose value is null is left out.

    Raises:
        StudyError: for the first key that is missing, unknown or out of range.
    """
    return validated(Config, {key: value for key, value in values.items() if value is not None}, "config")


def load_study(values: Mapping[str, Any]) -> "Study":
    """The study that a config describes; the paths in it are relative to the working directory.

    Args:
        values: of the config, from :func:`read_config`.

    Raises:
        StudyError: for the first thing that is missing, unknown or out of range.
    """
    # Claims are judged by pandas, which takes long to import: a config alone is read without.
    from emovlm.study.claims import Claims, read_claims
    from emovlm.study.references import check_references
    from emovlm.study.study import Study

    config = check_config(values)
    load_plugins(config.plugins)
    links = Links(config)
    tables = links.config.tables
    study = Study(
        config=links.config,
        **{name: table.rows() for name, table in links.tables.items()},
        sources=read_rows(Source, tables.files("sources"), "sources"),
        class_rows=list(links.classes.rows().values()),
        terms=read_terms(tables.lexicon or LEXICON),
        claims=read_claims(tables.files("claims"), links) if tables.files("claims") else Claims(),
    )
    check_references(study)
    return study


class Links:
    """What the cells of a study refer to: rows of its tables, words for its classes, parts of its config."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.classes = Table(ClassRow, config.tables.files("classes"), "classes", self)
        self.tables = {name: Table(model, config.tables.files(name), name, self) for name, model in MODELS.items()}

    def find(self, table: str, name: str) -> Named:
        """The row of a table.

        Raises:
            PydanticCustomError: there is none of that name; the message lists those that there are.
        """
        return self.tables[table].find(table, name)

    def words(self, column: str) -> dict[str, str]:
        """The words in a column of the table of classes, each with the name of its class, in the order of the table.

        Raises:
            PydanticCustomError: there are none, or two are the same whatever the case of their letters.
        """
        (file,) = self.classes.files
        pairs = [(word, row.name) for row in self.classes.rows().values() if (word := row.word(column))]
        if not pairs:
            raise problem(f"{file} has no words in a column {column}")
        if len({word.lower() for word, _ in pairs}) < len(pairs):
            raise problem(f"two classes have the same word in {file}")
        return dict(pairs)
