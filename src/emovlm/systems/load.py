"""One way to load any system of ``config/systems.tsv``."""

from pathlib import Path
from typing import Any

from emovlm.core import notes
from emovlm.core.codehash import PACKAGE, code_hash
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_json
from emovlm.systems.hashed import system_hash
from emovlm.systems.reply import System

SETTINGS = ("family", "dtype", "frames", "pixels", "batch")
"""Columns of ``systems.tsv`` that change what a vision-language model answers (``batch`` by rounding only)."""


def load_system(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> System:
    """Load the system of a row of ``systems.tsv``.

    Args:
        row: the system's row (``system``, ``kind``, ``training`` and, where it has them, ``family`` and the other
            ``SETTINGS``; of an API also ``weights`` and ``thinking_budget``).
        folder: where its own files are; of an API, its ledger.
        base: where those of its base are, if it has one.

    Raises:
        StudyError: the folder has no model, or its files do not fit; an API has no key.
    """
    if row["kind"] == "api":
        from emovlm.systems.api import ApiSystem

        return ApiSystem(row, folder)
    for path in sorted(p for f in (folder, base) if f is not None for p in Path(f).rglob("*") if p.is_file()):
        notes.read(path)
    try:
        # Imported here, since each takes seconds and a job needs one of them.
        if row.get("family") in ("mae-dfer", "hicmae"):
            from emovlm.systems.dfer import DferClassifier

            return DferClassifier(folder)
        if row["kind"] == "vision":
            from emovlm.systems.video import VideoClassifier

            return VideoClassifier(folder, base)
        from emovlm.systems.vlm import VisionLanguageModel

        if row["training"] == "lora":
            return VisionLanguageModel(base, adapter=folder, row=row)
        return VisionLanguageModel(folder, row=row)
    except (OSError, ValueError, ImportError) as error:
        raise StudyError(f"system {row['system']}: cannot load the model in {folder}: {error}") from None


def identity_of(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> str:
    """A hash over all that makes the system of a row answer as it does.

    What runs behind an API cannot be known; it is what is asked for, by name and parameters.
    """
    if row["kind"] == "api":
        return sha256_json({key: row.get(key) for key in ("family", "weights", "thinking_budget")})
    settings = {key: row[key] for key in SETTINGS if row.get(key) is not None}
    return sha256_json([system_hash(folder, base), settings])


def code_of(row: dict[str, Any], code: str) -> str:
    """Hash of the code that an answer depends on: ``code``, all that the job runs.

    Of an API only what writes a prompt, sends it and reads the reply, since to ask again costs money.
    """
    if row["kind"] == "api":
        files = ("systems/api_clients.py", "evaluation/prompts.py")
        return sha256_json([code_hash(PACKAGE / file) for file in files])
    return code
