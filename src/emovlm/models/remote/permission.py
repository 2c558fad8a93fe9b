"""Which code that came with a model's weights may run: what the user allowed, by its hash, and nothing else."""

from pathlib import Path

from emovlm.core.hashing import sha256_file, sha256_json


def code_pin(folder: str | Path) -> str:
    """SHA-256 over the names and contents of a folder's Python files: the revision of the code that it would run."""
    files = sorted(Path(folder).rglob("*.py"))
    return sha256_json([[path.relative_to(folder).as_posix(), sha256_file(path)] for path in files])


def why_not(system: str, folder: str | Path, allowed: str | None) -> str:
    """Why the code in a folder may not run, with what to do; empty if it may.

    Args:
        allowed: what the config key ``allow_remote_code`` has for the system.
    """
    pin = code_pin(folder)
    if allowed == pin:
        return ""
    says = (
        "its model runs code that comes with its weights, and nobody has allowed that"
        if allowed is None
        else f"the code that comes with its weights is not what was allowed ({allowed[:12]}…); it has changed since"
    )
    return (
        f"system {system}: {says}. Such code can do whatever you can: read and change your files, use the network. "
        f"Read {folder}/*.py; to allow it as it is now, write in the configuration "
        f"allow_remote_code: {{{system}: {pin}}}"
    )
