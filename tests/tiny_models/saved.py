"""Tiny models in a folder of a test, with other values in their files, and loaded as systems."""

import json
from pathlib import Path
from typing import Any

from emovlm.models.loading import load_system
from emovlm.models.vlm.vision_language_model import VisionLanguageModel
from tests.tiny_models.models import save_tiny


def saved(family: str, folder: Path, context: int | None = None, **generation: Any) -> Path:
    """Save a tiny model; its language model takes ``context`` tokens, and it generates as ``generation`` says."""
    save_tiny(family, folder)
    if context is not None:
        config = json.loads((folder / "config.json").read_text())
        text = config.get("thinker_config", config)["text_config"]
        text["max_position_embeddings"] = context
        (folder / "config.json").write_text(json.dumps(config))
    if generation:
        path = folder / "generation_config.json"
        path.write_text(json.dumps({**(json.loads(path.read_text()) if path.is_file() else {}), **generation}))
    return folder


def loaded(family: str, folder: Path, **row: Any) -> VisionLanguageModel:
    """The system of a folder by a row of ``systems.tsv``."""
    return load_system({"system": "tiny", "kind": "vlm", "training": "none", "family": family, **row}, folder)
