"""Files of packages, fetched with pip from whatever index it is set up for, and checked by their hash."""

import re
import subprocess
import sys
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.files import write_text


def download_package(requirement: str, sha256: str, folder: str | Path, otherwise: str) -> Path:
    """Download a package's wheel, without its requirements, into a folder and return its path.

    pip chooses among a version's wheels by the hash. Source archives are not taken: pip runs their code to read them.

    Args:
        requirement: ``name==version``.
        sha256: 64 hex digits.
        folder: an empty one, to download to.
        otherwise: what to do where there is no network, for the message.

    Raises:
        StudyError: pip cannot download it, or it has another hash.
    """
    folder = Path(folder)
    listed, files = folder / "requirements.txt", folder / "files"
    write_text(listed, f"{requirement} --hash=sha256:{sha256}\n")
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--quiet",
        "--disable-pip-version-check",
        "--dest",
        str(files),
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "--requirement", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = sorted(files.iterdir()) if files.is_dir() else []
    if done.returncode == 0 and len(found) == 1:
        return found[0]
    other = re.search(r"\bGot +([0-9a-f]{64})", done.stderr)
    if other:
        raise StudyError(
            f"{requirement}: the index has a file with the SHA-256 {other[1]}, not {sha256}: "
            "not the one that the study was made with; use an index that has that one"
        )
    said = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise StudyError(f"pip could not download {requirement} ({said}); {otherwise}")
