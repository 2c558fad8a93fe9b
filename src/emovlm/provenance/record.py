"""The record of one job: what it ran, read, wrote and where. One JSON file a job, beside the results.

A record holds a digest of its own text, so that no byte of it can change unnoticed. Paths are relative to the study's
folder, or start with ``<dataset>`` for datasets that lie elsewhere. Fields: ``workflow/schemas/record.schema.yaml``.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.files import write_text
from emovlm.core.hashing import sha256_bytes

Record = dict[str, Any]
VERSION = 1
BLANK = "0" * 64
DIGEST = re.compile(rb'^ "digest": "([0-9a-f]{64})"', re.M)
FOLDER = "provenance/jobs"
"""Where records are, below the results; a job's has the path that its log has below the logs."""


def text_of(record: Record) -> str:
    """The text of a record, its digest renewed: that of the text with zeros in the digest's place."""
    text = json.dumps({**record, "digest": BLANK}, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    return text.replace(BLANK, sha256_bytes(text.encode()))


def write_record(record: Record, path: str | Path) -> None:
    """Write a record atomically."""
    write_text(path, text_of(record))


def read_record(path: str | Path) -> Record:
    """Read a record as it was written.

    Raises:
        StudyError: it is no record, or not one byte for byte.
    """
    content = Path(path).read_bytes()
    digest = DIGEST.search(content)
    if digest:
        blank = content[: digest.start(1)] + BLANK.encode() + content[digest.end(1) :]
        if sha256_bytes(blank) == digest[1].decode():
            return json.loads(content)
    raise StudyError(f"{path}: the record was changed after it was written: its digest does not fit")


class Places:
    """Paths as records write them, and back."""

    def __init__(self, root: str | Path, folders: Mapping[str, str]) -> None:
        """``folders``: of datasets that may lie outside ``root``, by name."""
        self.root = Path(root).resolve()
        outside = {name: self.root / folder for name, folder in folders.items()}
        self._folders = {f"<{n}>": f for n, f in outside.items() if not f.is_relative_to(self.root)}

    def portable(self, path: str | Path) -> str:
        """A path without the machine: relative to the study or to a dataset's folder."""
        full = self.root / path
        for name, folder in {**self._folders, "": self.root}.items():
            if full.is_relative_to(folder):
                return PurePosixPath(name, full.relative_to(folder)).as_posix()
        return f"<elsewhere>/{full.name}"

    def local(self, path: str) -> str:
        """The path on this machine, relative to the study's folder where it lies inside."""
        name, _, rest = path.partition("/")
        return str(self._folders[name] / rest) if name in self._folders else path

    def clean(self, argument: str) -> str:
        """An argument of a command without the folders of this machine."""
        for name, folder in self._folders.items():
            argument = argument.replace(str(folder), name)
        return argument.replace(f"{self.root}/", "").replace(str(self.root), ".")
