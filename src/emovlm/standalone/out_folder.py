"""The folder of an evaluation: of one model, dataset and set of labels, and written by one process at a time."""

import fcntl
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json

ABOUT = "evaluation.json"
SAME = ("model", "data", "split", "fold", "labels")
"""What must stay the same in a folder. Everything else may change: what was answered is kept by what it depends on."""


class OutFolder:
    """Takes a folder for an evaluation. Use it in a ``with`` block."""

    def __init__(self, path: str | Path, about: dict[str, Any]) -> None:
        """``about``: what is evaluated, with the keys ``SAME``."""
        self.path, self._about = Path(path), about

    def __enter__(self) -> Self:
        """Take the folder; it is made if absent.

        Raises:
            StudyError: it holds other files or another evaluation, or another process writes to it.
        """
        if self.path.exists() and not self.path.is_dir():
            raise StudyError(f"{self.path}: a file; name a folder for the results (--out)")
        self.path.mkdir(parents=True, exist_ok=True)
        self._check()
        with ExitStack() as stack:
            lock = stack.enter_context(open(self.path / ".lock", "w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StudyError(f"{self.path}: another evaluation is writing here; wait for it") from None
            self._stack = stack.pop_all()
        if not (self.path / ABOUT).exists():
            write_json(self.path / ABOUT, self._about)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def _check(self) -> None:
        names = {path.name for path in self.path.iterdir()} - {".lock"}
        if not names:
            return
        if ABOUT not in names:
            raise StudyError(
                f"{self.path}: the folder holds other files ({min(names)} for example) and nothing is overwritten; "
                "name a new or empty folder (--out)"
            )
        try:
            before = read_json(self.path / ABOUT)
            other = [key for key in SAME if before[key] != self._about[key]]
        except (ValueError, KeyError, TypeError):
            raise StudyError(f"{self.path / ABOUT}: damaged; name another folder (--out), or delete this one") from None
        if other:
            said = "; ".join(f"its {key} is {before[key]!r}, not {self._about[key]!r}" for key in other)
            raise StudyError(
                f"{self.path}: the folder holds another evaluation ({said}) and nothing is overwritten; name another "
                "folder (--out)"
            )
