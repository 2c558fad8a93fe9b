"""One way to load any system of ``config/systems.tsv``."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from emovlm.core import notes
from emovlm.core.codehash import PACKAGE, code_hash
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_file, sha256_json
from emovlm.systems.hub import FETCHED
from emovlm.systems.reply import System


def load_system(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> System:
    """Load the system of a row of ``systems.tsv``.

    Args:
        row: the system's row (``system``, ``kind``, ``training`` and, where it has one, ``family``; of an API also
            ``weights`` and ``thinking_budget``).
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
            return VisionLanguageModel(base, adapter=folder)
        return VisionLanguageModel(folder)
    except (OSError, ValueError) as error:
        raise StudyError(f"system {row['system']}: cannot load the model in {folder}: {error}") from None


def identity_of(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> str:
    """A hash over all that makes the system of a row answer as it does.

    What runs behind an API cannot be known; it is what is asked for, by name and parameters.
    """
    if row["kind"] == "api":
        return sha256_json({key: row.get(key) for key in ("family", "weights", "thinking_budget")})
    return system_hash(folder, base)


def code_of(row: dict[str, Any], code: str) -> str:
    """Hash of the code that an answer depends on: ``code``, all that the job runs.

    Of an API only what writes a prompt, sends it and reads the reply, since to ask again costs money.
    """
    if row["kind"] == "api":
        files = ("systems/api_clients.py", "evaluation/prompts.py")
        return sha256_json([code_hash(PACKAGE / file) for file in files])
    return code


def system_hash(*folders: str | Path | None) -> str:
    """A hash over all that makes a system answer as it does.

    The saved files of its folder and its base's (weights, processor, tokenizer, chat template, but not the training
    log), and the versions of the libraries that run them. Of fetched weights, which are many gigabytes, the commit or
    SHA-256 that they were checked against stands for them. A folder that is ``None`` (no base) is left out.
    """
    files = []
    for folder in (Path(f) for f in folders if f is not None):
        pinned = folder / FETCHED
        files += [pinned] if pinned.is_file() else [p for p in sorted(folder.iterdir()) if p.suffix != ".csv"]
    libraries = {name: version(name) for name in ("torch", "transformers")}
    return sha256_json([[[p.name, sha256_file(p)] for p in files], libraries])
