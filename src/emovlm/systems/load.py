"""One way to load any system of ``config/systems.tsv``."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_file, sha256_json
from emovlm.systems.reply import System


def load_system(row: dict[str, Any], models: str | Path) -> System:
    """Load the system of a row of ``systems.tsv``.

    Args:
        row: the system's row (``system``, ``kind``, ``training``, ``base``).
        models: the folder that holds one folder a system.

    Raises:
        StudyError: the folder has no model, or its files do not fit.
    """
    own = Path(models) / row["system"]
    try:
        # Imported here, since each takes seconds and a job needs one of them.
        if row["kind"] == "vision":
            from emovlm.systems.video import VideoClassifier

            return VideoClassifier(own, Path(models) / row["base"])
        from emovlm.systems.vlm import VisionLanguageModel

        if row["training"] == "lora":
            return VisionLanguageModel(Path(models) / row["base"], adapter=own)
        return VisionLanguageModel(own)
    except (OSError, ValueError) as error:
        raise StudyError(f"system {row['system']}: cannot load the model in {own}: {error}") from None


def system_hash(row: dict[str, Any], models: str | Path) -> str:
    """A hash over all that makes a system answer as it does.

    Its saved files and its base's (weights, processor, tokenizer, chat template, but not the training
    log), and the versions of the libraries that run them.
    """
    folders = [Path(models) / row[k] for k in ("system", "base") if k in row]
    files = [p for f in folders for p in sorted(f.iterdir()) if p.suffix != ".csv"]
    libraries = {name: version(name) for name in ("torch", "transformers")}
    return sha256_json([[[p.name, sha256_file(p)] for p in files], libraries])
