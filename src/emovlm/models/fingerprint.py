"""What an answer is kept by: hashes of the system that gave it and of the code that asked.

Apart from loading, so that who needs only a hash needs no library that runs a system.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from emovlm.core.codehash import PACKAGE, code_hash
from emovlm.core.hashing import sha256_file, sha256_json
from emovlm.models.api.settings import fingerprint as served_fingerprint
from emovlm.models.base import SETTINGS
from emovlm.models.hub import FETCHED


def fingerprint_of(row: dict[str, Any], folder: str | Path, base: str | Path | None = None) -> str:
    """A hash over all that makes the system of a row answer as it does.

    What runs behind an API cannot be known; it is what is asked for, by name and parameters.
    """
    if row["kind"] == "api":
        return served_fingerprint(row)
    settings = {key: row[key] for key in SETTINGS if row.get(key) is not None}
    return sha256_json([system_hash(folder, base), settings])


def code_of(row: dict[str, Any], code: str) -> str:
    """Hash of the code that an answer depends on: ``code``, all that the job runs.

    Of an API only what writes a prompt, sends it and reads the reply, since to ask again costs money.
    """
    if row["kind"] == "api":
        client = "vllm_client" if row["family"] == "vllm" else "clients"
        files = (f"models/api/{client}.py", "evaluation/contexts.py")
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
        files += (
            [pinned]
            if pinned.is_file()
            else [p for p in sorted(folder.iterdir()) if p.is_file() and p.suffix != ".csv"]
        )
    libraries = {name: version(name) for name in ("torch", "transformers")}
    return sha256_json([[[p.name, sha256_file(p)] for p in files], libraries])
