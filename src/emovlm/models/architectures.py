"""What the model in a folder is, by its configuration: the kind and family of its row in the systems table."""

import json
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.models.vlm.families import FAMILIES

DFER = ("mae-dfer", "hicmae")


def row_of_folder(folder: str | Path) -> dict[str, str]:
    """The row of the systems table that the model of a folder needs: system, kind, training and family.

    A vision-language model is known by its model type, a classifier by its architecture, the class whose weights were
    saved.

    Args:
        folder: the files of a checkpoint, as they lie on the hub.

    Raises:
        StudyError: there is no model, or none that can be loaded; the message lists what can.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        adapter = (folder / "adapter_config.json").is_file()
        hint = "an adapter is loaded together with its base, as a row of a systems table" if adapter else (
            "give the folder that save_pretrained or a download from the hub has written"
        )  # fmt: skip
        raise StudyError(f"{folder}: no config.json, so no model is there; {hint}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(f"{folder / 'config.json'}: not a readable JSON file ({error})") from None
    if not isinstance(config, dict):
        raise StudyError(f"{folder / 'config.json'}: not the configuration of a model")
    if config.get("network") in DFER:
        kind, family = "vision", config["network"]
    else:
        kind, family = _found(config, folder)
    return {"system": folder.resolve().name, "kind": kind, "training": "none", "family": family}


def _found(config: dict, folder: Path) -> tuple[str, str]:
    """Kind and family of a model of transformers."""
    # Imported here, since it takes a second.
    from transformers.models.auto import modeling_auto

    model_type, named = config.get("model_type"), config.get("architectures")
    architectures = [str(each) for each in named] if isinstance(named, list) else []
    families = {name: family for family, row in FAMILIES.items() for name in row.model_types}
    if isinstance(model_type, str) and model_type in families:
        return "vlm", families[model_type]
    known = {
        "image-classification": modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
        "video-classification": modeling_auto.MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES,
    }
    for family, mapping in known.items():
        classes = {name for names in mapping.values() for name in ([names] if isinstance(names, str) else names)}
        if classes & {*architectures}:
            return "vision", family
    if "pretrained_cfg" in config:  # timm's own form of a configuration, which transformers reads too
        return "vision", "image-classification"
    named = ", ".join(architectures) or "no architecture"
    own = " It comes with code of its own: see docs/how-to/adding-a-system.md." if config.get("auto_map") else ""
    raise StudyError(
        f"{folder}: {named} (model type {model_type}) is not a model that can be loaded here.{own} "
        f"Vision-language models of these types can be: {', '.join(sorted(families))}; and all classifiers of "
        f"transformers called ...ForImageClassification, or, of videos, {', '.join(sorted(classes))}"
    )
