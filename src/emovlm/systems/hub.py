"""Weights from outside the study: a model of the hub, at one commit of it."""

import os
import shutil
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from emovlm.core import notes
from emovlm.core.errors import StudyError

FILES = ["*.safetensors", "*.json", "*.txt", "*.jinja", "*.model"]
"""What a model is loaded from. Neither pickled weights nor code."""


def fetch_weights(weights: str, revision: str, folder: str | Path) -> list[str]:
    """Put a model's files into ``folder``, from the hub or its local cache (all of it offline: ``HF_HUB_OFFLINE=1``).

    Args:
        weights: its name on the hub, ``organisation/model``.
        revision: a commit, 40 hex digits. A commit names its content, so a model that moves on stays the same here.

    Returns:
        The names of the files.

    Raises:
        StudyError: hub and cache do not have that commit, or it has no safetensors.
    """
    try:
        found = Path(snapshot_download(weights, revision=revision, allow_patterns=FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        said = str(error).splitlines()[0]
        raise StudyError(
            f"{weights} at commit {revision} cannot be fetched ({said}); is the name right, and has this machine a "
            "network or a cache (HF_HOME) with that commit?"
        ) from None
    names = sorted(path.relative_to(found).as_posix() for path in found.rglob("*") if path.is_file())
    if not any(name.endswith(".safetensors") for name in names):
        raise StudyError(f"{weights} at commit {revision} has no safetensors; pickled weights are not loaded")
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            os.link(os.path.realpath(found / name), path)  # weights are large: one copy on one disk
        except OSError:
            shutil.copyfile(found / name, path)
        notes.wrote(path)
    notes.fetched(f"hub:{weights}", f"commit:{revision}")
    return names
