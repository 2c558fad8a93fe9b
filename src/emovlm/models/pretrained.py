"""Load a transformers model from a folder; a missing or misshapen weight is an error."""

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
        StudyError: the files lack weights of the model, which would be random numbers instead, or are damaged.
    """
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
