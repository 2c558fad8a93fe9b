"""One way to load any system of ``config/systems.tsv``."""

from pathlib import Path
from typing import Any

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.models.base import System

NETWORKS = ("mae-dfer", "hicmae")
"""The families of vision-only systems with weights from outside."""


def load_system(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> System:
    """Load the system of a row of ``systems.tsv``.

    Args:
        row: the system's row (``system``, ``kind``, ``training`` and, where it has them, ``family`` and the other
            ``SETTINGS`` of :mod:`emovlm.models.fingerprint`; of an API also ``weights`` and ``thinking_budget``).
            Of the family remote also ``allow_remote_code``, the config's value for it.
        folder: where its own files are; of an API, its ledger.
        base: where those of its base are, if it has one.

    Raises:
        StudyError: the folder has no model, or its files do not fit; an API has no key.
    """
    if row["kind"] == "api":
        from emovlm.models.api.api_system import ApiSystem

        return ApiSystem(row, folder)
    for path in sorted(p for f in (folder, base) if f is not None for p in Path(f).rglob("*") if p.is_file()):
        notes.read(path)
    try:
        # Imported here, since each takes seconds and a job needs one of them.
        if row.get("family") in NETWORKS:
            from emovlm.models.dfer.dfer_classifier import DferClassifier

            return DferClassifier(folder)
        if row["kind"] == "vision":
            from emovlm.models.organism.video_classifier import VideoClassifier

            return VideoClassifier(folder, base)
        if row.get("family") == "remote":
            from emovlm.models.remote.remote_system import RemoteSystem

            return RemoteSystem(folder, row)
        from emovlm.models.vlm.vision_language_model import VisionLanguageModel

        if row["training"] == "lora":
            return VisionLanguageModel(base, adapter=folder, row=row)
        return VisionLanguageModel(folder, row=row)
    except (OSError, ValueError, ImportError) as error:
        raise StudyError(f"system {row['system']}: cannot load the model in {folder}: {error}") from None
