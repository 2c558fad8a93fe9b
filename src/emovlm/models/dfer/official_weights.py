"""Checkpoints of MAE-DFER and HiCMAE: the official ``.pth`` files in, safetensors with a ``config.json`` out.

An official file is a pickle that holds the weights under ``model`` (or ``module``), the optimizer, and the arguments
of its run as an ``argparse.Namespace``. It is read with ``weights_only``, and that class is all that is allowed beside
tensors and plain values. Weights are loaded strictly: a name too few or too many is an error, never a warning.
"""

import json
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic, write_text
from emovlm.models.dfer.hicmae import Hicmae, HicmaeShape
from emovlm.models.dfer.mae_dfer import MaeDfer, MaeDferShape
from emovlm.models.hub import CHECKPOINT, FETCHED

NETWORKS = {"mae-dfer": (MaeDfer, MaeDferShape), "hicmae": (Hicmae, HicmaeShape)}
# Labels 0, 1, ... of the official checkpoints, by the study's names: preprocess/mafw.py and preprocess/dfew.py there.
OFFICIAL_CLASSES = {
    "mafw": [
        "anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety",
        "helplessness", "disappointment",
    ],
    "dfew": ["happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear"],
}  # fmt: skip
NAMED = 4  # weights that an error names of each kind


def build_network(network: str, classes: int, dimensions: Mapping[str, Any] | None = None) -> nn.Module:
    """A network with new weights (from torch's random state).

    Args:
        network: a key of ``NETWORKS``.
        classes: number of labels.
        dimensions: fields of its shape that are not the official ones.

    Raises:
        StudyError: network or dimension is unknown.
    """
    if network not in NETWORKS:
        raise StudyError(f"unknown network {network!r}; known: {', '.join(NETWORKS)}")
    kind, shape = NETWORKS[network]
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in (dimensions or {}).items()}
    unknown = set(given) - {field.name for field in fields(shape)}
    if unknown:
        raise StudyError(f"{network} has no dimension {', '.join(sorted(unknown))}; see {shape.__name__}")
    return kind(shape(**{**given, "classes": classes}))


def read_checkpoint(path: str | Path) -> dict[str, torch.Tensor]:
    """The weights of an official checkpoint by name.

    Raises:
        StudyError: the file is missing, damaged or no such checkpoint, or holds objects that are not allowed.
    """
    try:
        with torch.serialization.safe_globals([Namespace]):
            saved = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StudyError(f"{path}: no such checkpoint; its network's repository says where to get it") from None
    except (UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(
            f"{path}: not read, since it is damaged or holds objects other than weights and plain values ({said})"
        ) from None
    weights = next((saved[key] for key in ("model", "module") if key in saved), saved) if _is_map(saved) else None
    if not _is_map(weights) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise StudyError(f"{path}: no weights under 'model' or 'module'; is this a checkpoint of the official code?")
    return dict(weights)


def load_finetuned(model: nn.Module, path: str | Path) -> None:
    """Load an official fine-tuned checkpoint into ``model``: exactly its weights.

    Raises:
        StudyError: as :func:`read_checkpoint`, or naming the weights that do not fit.
    """
    load_strictly(model, _stripped(read_checkpoint(path), model.prefixes), path)


def load_pretrained(model: nn.Module, path: str | Path) -> None:
    """Load the encoder of an official pretrained checkpoint into ``model``, whose head stays as it is.

    Raises:
        StudyError: as :func:`load_finetuned`; all but the head must be there, and nothing but the decoder beside.
    """
    found = _stripped(read_checkpoint(path), model.prefixes)
    encoder = {name: value for name, value in found.items() if not name.startswith(model.unused)}
    kept = {name: value for name, value in model.state_dict().items() if name.startswith(model.new)}
    surplus = sorted(set(encoder) & set(kept))
    if surplus:
        raise StudyError(f"{path}: has {_some(surplus)}: a fine-tuned checkpoint where a pretrained one is asked for")
    load_strictly(model, {**encoder, **kept}, path)


def _stripped(weights: Mapping[str, torch.Tensor], prefixes: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Weights by names without the first of ``prefixes`` that they begin with."""
    return {
        name.removeprefix(next((p for p in prefixes if name.startswith(p)), "")): value
        for name, value in weights.items()
    }


def load_strictly(model: nn.Module, weights: Mapping[str, torch.Tensor], where: str | Path) -> None:
    """Load weights whose names and shapes are exactly the model's.

    Raises:
        StudyError: naming those that are missing, unknown or of another shape.
    """
    wanted = model.state_dict()
    missing, unknown = sorted(set(wanted) - set(weights)), sorted(set(weights) - set(wanted))
    other = [
        f"{name} is {list(weights[name].shape)}, not {list(value.shape)}"
        for name, value in wanted.items()
        if name in weights and weights[name].shape != value.shape
    ]
    faults = [("missing", missing), ("unknown", unknown), ("of another shape", other)]
    said = "; ".join(f"{len(names)} {what}: {_some(names)}" for what, names in faults if names)
    if said:
        raise StudyError(
            f"{where}: its weights do not fit {type(model).__name__} ({said}); is it a checkpoint of this network, "
            "with these classes and dimensions?"
        )
    model.load_state_dict(weights)


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _is_map(value: object) -> bool:
    return isinstance(value, Mapping)


def save_network(model: nn.Module, classes: list[str], folder: str | Path) -> None:
    """Write ``model.safetensors`` (official names) and ``config.json`` (network, classes in order, dimensions)."""
    folder = Path(folder)
    network = next(name for name, (kind, _) in NETWORKS.items() if isinstance(model, kind))
    dimensions = asdict(model.shape)
    del dimensions["classes"]
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with atomic(folder / "model.safetensors") as temporary:
        save_file(weights, temporary)
    config = {"network": network, "classes": classes, "dimensions": dimensions}
    write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")


def load_network(folder: str | Path) -> tuple[nn.Module, list[str]]:
    """The network in a folder, in evaluation mode, and its classes by the study's names.

    The folder holds what :func:`save_network` wrote, or an official fine-tuned checkpoint with ``fetched.json``, which
    says the network, the kind of dataset it was fine-tuned on, and dimensions that are not the official ones.

    Raises:
        StudyError: a file is missing or damaged, or its weights do not fit.
    """
    folder = Path(folder)
    released = (folder / FETCHED).is_file()
    try:
        config = json.loads((folder / (FETCHED if released else "config.json")).read_text(encoding="utf-8"))
        classes = OFFICIAL_CLASSES[config["kind"]] if released else config["classes"]
        model = build_network(config["network"], len(classes), config["dimensions"])
        weights = {} if released else load_file(folder / "model.safetensors")
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise StudyError(f"{folder}: no saved MAE-DFER or HiCMAE ({type(error).__name__}: {error})") from None
    if released:
        load_finetuned(model, folder / CHECKPOINT)
    else:
        load_strictly(model, weights, folder)
    return model.eval(), classes
