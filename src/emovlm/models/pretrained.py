"""Load a transformers model from a folder; a missing or misshapen weight is an error."""

import json
from pathlib import Path

import emovlm.models.torch_setup  # noqa: F401, its settings come first  # isort: skip
import transformers
from safetensors import SafetensorError
from transformers import PreTrainedModel

from emovlm.core.errors import StudyError


def load_pretrained(kind: str, folder: str | Path, dtype: str | None = None) -> PreTrainedModel:
    """The model of a folder, all of its weights from there.

    Args:
        kind: name of the class of transformers that loads it.
        folder: what ``save_pretrained`` wrote, or the files of a hub. Only safetensors are read, and no code is run.
        dtype: ``bfloat16`` or ``float32``; the saved one if empty.

    Raises:
        StudyError: the files lack weights of the model, which would be random numbers instead, or are damaged, or name
            what would come from elsewhere: weights that are pickles or not in the folder, an adapter, code of the hub.
    """
    _check_index(Path(folder))
    _check_config(Path(folder))
    settings = {"dtype": dtype or "auto", "use_safetensors": True, "trust_remote_code": False}
    try:
        model, found = getattr(transformers, kind).from_pretrained(
            folder, output_loading_info=True, ignore_mismatched_sizes=True, **settings
        )
    except SafetensorError as error:
        raise StudyError(f"{folder}: its safetensors are damaged ({error}); fetch them again") from None
    lacking = sorted({*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])})
    if lacking:
        raise StudyError(
            f"{Path(folder).name}: the files do not fit {kind}; {len(lacking)} of its weights are missing or "
            f"of another shape, {lacking[0]} for example. Is this the family's checkpoint for transformers?"
        )
    return model


def _check_index(folder: Path) -> None:
    """The index of a model in several files: it may name safetensors of its own folder alone."""
    path = folder / "model.safetensors.index.json"
    if not path.is_file():
        return
    try:
        names = [*json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()]
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise StudyError(f"{path}: not the index of a model ({type(error).__name__}: {error})") from None
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise StudyError(
                f"{path}: it names {name!r} as weights; only safetensors beside it are loaded, never pickles or files "
                "elsewhere. Fetch the model again from where its authors hand it out"
            )


def _check_config(folder: Path) -> None:
    """What transformers would fetch or add by the folder's own word: an adapter, and code of the hub for attention."""
    if (folder / "adapter_config.json").is_file():
        raise StudyError(
            f"{folder}: adapter_config.json beside the model's weights would change them, or load others; take it "
            "away, or name the adapter as a system of its own"
        )
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for part in (config, *config.values()) if isinstance(config, dict) else ():
        for key, value in part.items() if isinstance(part, dict) else ():
            if key.endswith("_implementation") and "/" in str(value):
                raise StudyError(
                    f"{path}, key {key}: {value!r} is code of the hub, which is not run; take the key away"
                )
