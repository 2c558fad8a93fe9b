"""One way to load any system: of a row of ``config/systems.tsv``, or of a folder alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.models.api.settings import SCORING
from emovlm.models.architectures import DFER, row_of_folder
from emovlm.models.base import System
from emovlm.models.hub_classifier.labels import CLASSIFIERS


def load_system(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> System:
    """Load the system of a row of ``systems.tsv``.

    Args:
        row: the system's row (``system``, ``kind``, ``training`` and, where it has them, ``family`` and the other
            ``SETTINGS`` of :mod:`emovlm.models.base`; of an API also ``SERVED`` of
            :mod:`emovlm.models.api.settings`).
            Of a classifier of the hub also ``label_words``, what its labels may call each class.
            Of the family remote also ``allow_remote_code``, the config's value for it.
        folder: where its own files are; of an API, its ledger.
        base: where those of its base are, if it has one.

    Raises:
        StudyError: the folder has no model, or its files do not fit; an API has no key.
    """
    if row["kind"] == "api":
        from emovlm.models.api.api_system import ApiSystem
        from emovlm.models.api.scoring_system import ScoringSystem

        return (ScoringSystem if row["family"] in SCORING else ApiSystem)(row, folder)
    note_files(folder, base)
    try:
        # Imported here, since each takes seconds and a job needs one of them.
        if row.get("family") in DFER:
            from emovlm.models.dfer.dfer_classifier import DferClassifier

            return DferClassifier(folder)
        if row.get("family") in CLASSIFIERS:
            from emovlm.models.hub_classifier.hub_classifier import HubClassifier

            return HubClassifier(folder, row)
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
    except StudyError:
        raise
    except Exception as error:  # files that lie make the libraries fail in any way
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            raise  # the machine's fault
        plain = isinstance(error, OSError | ValueError | ImportError)  # whose messages are sentences
        said = str(error) if plain else f"{type(error).__name__}: {error}"
        raise StudyError(f"system {row['system']}: cannot load the model in {folder}: {said}") from error


def note_files(*folders: str | Path | None) -> None:
    """Note for the job's record that it reads the files of a model; a folder that is ``None`` (no base) has none."""
    for path in sorted(p for f in folders if f is not None for p in Path(f).rglob("*") if p.is_file()):
        notes.read(path)


def load_from_folder(folder: str | Path, **settings: Any) -> System:
    """Load the model of a folder, whatever it is: a vision-language model of a known family, or a classifier.

    Args:
        folder: the files of a checkpoint, as they lie on the hub.
        settings: columns of the systems table, ``dtype`` or ``pooling`` for example.

    Raises:
        StudyError: see :func:`emovlm.models.architectures.row_of_folder` and :func:`load_system`.
    """
    return load_system({**row_of_folder(folder), **settings}, folder)


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn running out of a card's memory into a :class:`StudyError` that says what takes less of it."""
    try:
        yield
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # of torch, which is not imported for its name
            raise
        said = str(error).split(". ")[0]
        raise StudyError(
            f"the graphics card has too little memory ({said}). Ask for less at once: a smaller batch, fewer frames a "
            "prompt (frames), smaller frames (pixels), or weights in bfloat16 (dtype); what was answered is kept"
        ) from None
