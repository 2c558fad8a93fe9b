"""What a saved system is: its files, and the libraries that run them."""

from importlib.metadata import version
from pathlib import Path

from emovlm.core.hashing import sha256_file, sha256_json
from emovlm.systems.hub import FETCHED


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
