"""The record of one job: what it ran, read, wrote and where. One JSON file a job, beside the results.

A record ends with a digest of itself, and its bytes are the only ones that say what it says, so that no byte of it can
change unnoticed. Paths are relative to the study's folder, or start with ``<dataset>`` for datasets that lie elsewhere.
Fields: ``workflow/schemas/record.schema.yaml``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.files import write_text
from emovlm.core.hashing import sha256_json

Record = dict[str, Any]
VERSION = 1
FOLDER = "provenance/jobs"
"""Where records are, below the results; a job's has the path that its log has below the logs."""


def text_of(record: Record) -> str:
    """The one text of a record, its digest renewed."""
    body = {key: value for key, value in record.items() if key != "digest"}
    return json.dumps({**body, "digest": sha256_json(body)}, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def write_record(record: Record, path: str | Path) -> None:
    """Write a record atomically."""
    write_text(path, text_of(record))


def read_record(path: str | Path) -> Record:
    """Read a record as it was written.

    Raises:
        StudyError: it is no record, or not one byte for byte.
    """
    try:
        text = Path(path).read_bytes().decode()
        record = json.loads(text)
        if text_of(record) != text:
            raise ValueError
    except (ValueError, TypeError, AttributeError):
        raise StudyError(f"{path}: the record was changed after it was written: its digest does not fit") from None
    return record


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
                return f"{name}/{full.relative_to(folder).as_posix()}".strip("/")
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
