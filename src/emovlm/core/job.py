"""The description of one job: what it reads, writes and is told. Each workflow script gets it on standard input.

The rules write it (``job`` in ``workflow/rules/job.smk``), and the record of the job keeps it. Only the standard
library is imported.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from emovlm.core.errors import StudyError, machine_fault
from emovlm.core.harmless import harmless
from emovlm.core.plugins import load_plugins

Files = dict[str, Any]
"""Paths by name: a path, a list of paths, or paths by name. Optional files that a job does not have are absent."""


@dataclass(frozen=True)
class Job:
    """One job. ``code`` is the hash of the script and of the package modules that it imports."""

    rule: str
    script: str
    code: str
    wildcards: dict[str, str]
    inputs: Files
    outputs: Files
    params: dict[str, Any]

    @property
    def name(self) -> str:
        """The rule and its wildcards, which is also the path of the log: ``sample_frames/synface/fps5``."""
        return "/".join([self.rule, *(value.strip("/") for value in self.wildcards.values() if value)])

    def as_dict(self) -> dict[str, Any]:
        """The description as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, description: Any) -> "Job":
        """The job of a description.

        Raises:
            StudyError: fields are missing, unknown, or not of their type.
        """
        types = {field.name: dict if field.name in ("wildcards", "inputs", "outputs", "params") else str
                 for field in fields(cls)}  # fmt: skip
        if not isinstance(description, dict) or set(description) != set(types):
            raise StudyError(f"the description of a job is a JSON object with the keys {', '.join(types)}")
        for name, kind in types.items():
            if not isinstance(description[name], kind):
                raise StudyError(f"description of a job, key {name}: not {'an object' if kind is dict else 'a text'}")
        return cls(**description)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Job":
        """The job of a description as text.

        Raises:
            StudyError: the text is not the description of a job.
        """
        try:
            return cls.from_dict(json.loads(text))
        except ValueError as error:
            raise StudyError(f"the description of a job is not JSON: {error}") from None


def paths(files: Any) -> list[str]:
    """Every path among the inputs or outputs of a job, in their order."""
    if isinstance(files, str):
        return [files]
    return [path for each in (files.values() if isinstance(files, dict) else files) for path in paths(each)]


def run(main: Callable[[Job], None]) -> None:
    """Run a script's ``main`` on the job described on standard input.

    Its plug-ins (``plugins`` among the parameters) are imported before. A :class:`StudyError` and a fault of the
    machine are printed as one message; the exit code is then 1.
    """
    try:
        if sys.stdin.isatty():
            usage = f"usage: python {sys.argv[0]} < job.json, the description of a job"
            raise StudyError(f"{usage} (docs/explanation/layout.md)")
        job = Job.from_json(sys.stdin.buffer.read())
        load_plugins(job.params.pop("plugins", []))
        main(job)
    except Exception as error:
        told = str(error) if isinstance(error, StudyError) else machine_fault(error)
        if told is None:
            raise
        print(f"error: {harmless(told)}", file=sys.stderr)
        sys.exit(1)
