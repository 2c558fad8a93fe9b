"""The record of one job: its description, what it read and wrote, and where it ran. One JSON file a job.

A record holds a digest of its own text, so that no byte of it can change unnoticed. Paths are relative to the study's
folder, or start with ``<dataset>`` for datasets that lie elsewhere. Fields: ``provenance/audit/record_fields.py``.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.files import write_text
from emovlm.core.hashing import sha256_bytes
from emovlm.core.job import Job

Record = dict[str, Any]
VERSION = 2
BLANK = b"0" * 64
DIGEST = re.compile(rb'^ "digest": "([0-9a-f]{64})"', re.M)
FOLDER = "provenance/jobs"
"""Where records are, below the results; a job's has the path that its log has below the logs."""


def record_path(results: str | Path, job: str) -> Path:
    """Where the record of a job is."""
    return Path(results, FOLDER, f"{job}.json")


def record_paths(results: str | Path) -> dict[str, Path]:
    """All records below the results, by job."""
    folder = Path(results, FOLDER)
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.json"))}
    return {job: path for job, path in found.items() if not path.name.startswith(".")}  # those are being written


def rule_of(job: str) -> str:
    """The rule that a job is of."""
    return job.split("/")[0]


def text_of(record: Record) -> bytes:
    """The text of a record, its digest renewed: that of the text with zeros in the digest's place."""
    blank = json.dumps({**record, "digest": BLANK.decode()}, ensure_ascii=False, indent=1) + "\n"
    content = blank.encode()
    found = DIGEST.search(content)
    return content[: found.start(1)] + sha256_bytes(content).encode() + content[found.end(1) :]


def write_record(record: Record, path: str | Path) -> None:
    """Write a record atomically."""
    write_text(path, text_of(record).decode())


def read_record(path: str | Path) -> Record:
    """Read a record as it was written.

    Raises:
        StudyError: it cannot be read, is no record, or not one byte for byte.
    """
    try:
        if Path(path).exists() and not Path(path).is_file():  # reading a pipe or a device might never end
            raise StudyError(f"{path}: the record cannot be read (no file)")
        content = Path(path).read_bytes()
    except OSError as error:
        raise StudyError(f"{path}: the record cannot be read ({error.strerror})") from None
    digest = DIGEST.search(content)
    if digest:
        blank = content[: digest.start(1)] + BLANK + content[digest.end(1) :]
        if sha256_bytes(blank) == digest[1].decode():
            try:
                return json.loads(content.decode())
            except (ValueError, RecursionError):
                pass
    raise StudyError(f"{path}: the record was changed after it was written: its digest does not fit")


def job_of(record: Record) -> Job:
    """The description of the job that a record is of."""
    return Job.from_dict(record["job"])


def makers(records: Mapping[str, Record]) -> dict[str, str]:
    """The job that wrote each file, by the records."""
    return {each["path"]: job for job, record in records.items() for each in record["outputs"]}


def seeds(params: Mapping[str, Any]) -> dict[str, int]:
    """Every seed among the params of a job, by its key."""
    found: dict[str, int] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            found |= seeds(value)
        elif name.endswith("seed") and isinstance(value, int):
            found[name] = value
    return found


def datasets_in(paths: Iterable[str], datasets: Iterable[str]) -> list[str]:
    """The datasets that paths of a record belong to, by the names of their folders and files."""
    names: set[str] = set()
    for path in map(PurePosixPath, paths):
        names |= {*(part.strip("<>") for part in path.parts), path.name.split(".")[0]}
    return sorted(names & set(datasets))


class Places:
    """Paths as records write them, and back."""

    def __init__(self, root: str | Path, folders: Mapping[str, str]) -> None:
        """``folders``: of datasets that may lie outside ``root``, by name."""
        self.root = Path(root).resolve()
        outside = {name: self._full(folder) for name, folder in folders.items()}
        outside = {f"<{name}>": folder for name, folder in outside.items() if not folder.is_relative_to(self.root)}
        self._folders = dict(sorted(outside.items(), key=lambda item: -len(str(item[1]))))  # an inner folder first

    def _full(self, path: str | Path) -> Path:
        return Path(os.path.normpath(self.root / path))

    def portable(self, path: str | Path) -> str:
        """A path without the machine: relative to the study or to a dataset's folder."""
        full = self._full(path)
        for name, folder in {**self._folders, "": self.root}.items():
            if full.is_relative_to(folder):
                return PurePosixPath(name, full.relative_to(folder)).as_posix()
        return f"<elsewhere>/{full.name}"

    def local(self, path: str) -> str:
        """The path on this machine, relative to the study's folder where it lies inside."""
        name, _, rest = path.partition("/")
        return str(self._folders[name] / rest) if name in self._folders else path

    def clean(self, text: str) -> str:
        """A text without the folders of this machine."""
        ends = r"(?![\w.-])"  # /data/maf is no part of /data/mafw
        for name, folder in self._folders.items():
            text = re.sub(re.escape(str(folder)) + ends, name, text)
        text = text.replace(f"{self.root}/", "")
        return re.sub(re.escape(str(self.root)) + ends, ".", text)

    def portable_job(self, job: Job) -> Job:
        """The description of a job without the machine."""
        return replace(
            job,
            inputs=_each_text(job.inputs, self.portable),
            outputs=_each_text(job.outputs, self.portable),
            params=_each_text(job.params, self.clean),
        )


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """A value with every text in its lists and mappings changed."""
    if isinstance(value, dict):
        return {key: _each_text(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_each_text(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
