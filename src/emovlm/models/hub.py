"""Weights from outside the study: a model of the hub at one commit of it, or a file that its authors hand out."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_file, sha256_json

CHECKPOINT, FETCHED = "checkpoint.pth", "fetched.json"
FILES = ["*.safetensors", "*.json", "*.txt", "*.jinja", "*.model"]
"""What a model is loaded from: neither pickled weights nor code. What the cache keeps under its SHA-256 is checked."""


def fetch_weights(weights: str, revision: str | None, folder: str | Path) -> tuple[list[str], str]:
    """Put a model's files into ``folder``, from the hub or its local cache (all of it offline: ``HF_HUB_OFFLINE=1``).

    Args:
        weights: its name on the hub, ``organisation/model``.
        revision: a commit, 40 hex digits. A commit names its content, so a model that moves on stays the same here.
            Without one, that of the main branch today.

    Returns:
        The names of the files, and the commit.

    Raises:
        StudyError: hub and cache do not have that commit, or it has no safetensors.
    """
    # Not with local_dir: offline that does not look into the cache, and takes whatever lies there for the model.
    try:
        found = Path(snapshot_download(weights, revision=revision, allow_patterns=FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        wanted = f"commit {revision}" if revision else "the main branch"
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(
            f"{weights} at {wanted} cannot be fetched ({said}); is the name right, and has this machine a "
            "network or a cache (HF_HOME) with it?"
        ) from None
    commit = found.name
    paths = {path.relative_to(found).as_posix(): path for path in found.rglob("*") if path.is_file()}
    names = sorted(name for name in paths if any(fnmatch(name, pattern) for pattern in FILES))
    if not any(name.endswith(".safetensors") for name in names):
        raise StudyError(f"{weights} at commit {commit} has no safetensors; pickled weights are not loaded")
    shutil.rmtree(folder, ignore_errors=True)  # an earlier commit may have had other files
    for name in names:
        blob, path = Path(os.path.realpath(paths[name])), Path(folder, name)
        if re.fullmatch("[0-9a-f]{64}", blob.name) and sha256_file(blob) != blob.name:
            raise StudyError(f"{weights}, {name}: the cached file is damaged; delete {blob.name} from the cache")
        _link(blob, path)
    notes.fetched(f"hub:{weights}", f"commit:{commit}")
    return names, commit


def missing_from_cache(weights: str, revision: str | None) -> list[str]:
    """Which of a model's files the local cache lacks at that commit, or of the main branch as it was last seen.

    The first that tell of others come alone.
    """

    lacking = [name for name in ("config.json",) if not _cached(weights, name, revision)]
    if index := _cached(weights, "model.safetensors.index.json", revision):
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        return lacking + [name for name in shards if not _cached(weights, name, revision)]
    return lacking + ([] if _cached(weights, "model.safetensors", revision) else ["model.safetensors"])


def is_fetched(row: Mapping[str, str], folder: str | Path) -> bool:
    """Are the weights that a row of the systems table pins in ``folder``, as :func:`fetch_weights` puts them there?"""
    pinned = {key: row[key] for key in ("weights", "revision") if key in row}
    listed = Path(folder, FETCHED)
    return listed.is_file() and pinned.items() <= json.loads(listed.read_text(encoding="utf-8")).items()


def cached_folder(weights: str, revision: str | None) -> Path | None:
    """Where the local cache has a model's configuration at that commit, and what else it has of it; None if nowhere."""
    found = _cached(weights, "config.json", revision)
    return found.parent if found else None


def _cached(weights: str, name: str, revision: str | None) -> Path | None:
    found = try_to_load_from_cache(weights, name, revision=revision)
    return Path(found) if isinstance(found, str) else None


def take_checkpoint(file: str | Path, folder: str | Path, sha256: str | None = None) -> tuple[list[str], str]:
    """Put a checkpoint that was fetched by hand into ``folder``, as :data:`CHECKPOINT`.

    Args:
        file: as its authors hand it out.
        sha256: of the file, where the study pins it.

    Returns:
        The name of the file in ``folder``, and its SHA-256.

    Raises:
        StudyError: it is not there, or not the one that is pinned.
    """
    file = Path(file)
    if not file.is_file():
        raise StudyError(f"{file}: no such checkpoint; fetch it from where its authors hand it out (emovlm doctor)")
    shutil.rmtree(folder, ignore_errors=True)
    found = _copy(file, Path(folder, CHECKPOINT))
    if sha256 is not None and found != sha256:
        shutil.rmtree(folder)
        raise StudyError(f"{file}: not the checkpoint that the study pins (SHA-256 is {found}, should be {sha256})")
    notes.fetched(f"file:{file.name}", f"sha256:{found}")
    return [CHECKPOINT], found


def take_folder(config: str | Path, folder: str | Path, sha256: str | None = None) -> tuple[list[str], str]:
    """Put a model that lies in a folder of this machine into ``folder``; code that comes with it is not run.

    Args:
        config: the ``config.json`` in its folder.
        sha256: over the names and hashes of its files, where the study pins them.

    Returns:
        The names of the files, and that SHA-256.

    Raises:
        StudyError: it is not there, not the one that is pinned, or has no safetensors.
    """
    source = Path(config).parent
    names = files_of_folder(source)
    if not any(name.endswith(".safetensors") for name in names):
        raise StudyError(f"{source}: no model in safetensors there; fetch it from where its authors hand it out")
    shutil.rmtree(folder, ignore_errors=True)
    found = sha256_json([[name, _copy(source / name, Path(folder, name))] for name in names])
    if sha256 is not None and found != sha256:
        shutil.rmtree(folder)
        raise StudyError(f"{source}: not the model that the study pins (SHA-256 is {found}, should be {sha256})")
    notes.fetched(f"file:{source.name}", f"sha256:{found}")
    return names, found


def files_of_folder(folder: str | Path) -> list[str]:
    """The files of a folder that a model is loaded from, and code that comes with it, sorted."""
    names = (path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())
    return sorted(name for name in names if any(fnmatch(name, pattern) for pattern in [*FILES, "*.py"]))


def _copy(source: Path, path: Path) -> str:
    """Copy a file, which its owner may overwrite later; the SHA-256 of the copy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    notes.wrote(path)
    return sha256_file(path)


def _link(source: Path, path: Path) -> None:
    """Make ``path`` the same file as ``source``, a blob of the cache, whose name is its content for good."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, path)
    except OSError:  # another disk
        shutil.copyfile(source, path)
    notes.wrote(path)
