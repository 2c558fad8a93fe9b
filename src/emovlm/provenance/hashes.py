"""SHA-256 of files, remembered as long as a file is not touched."""

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from emovlm.core.hashing import sha256_file
from emovlm.core.progress import track

State = tuple[int, int, int, int]
SETTLED_NS = 2_000_000_000
"""A file changed less than this before it was hashed is not remembered: a second change could have the same time."""


class HashCache:
    """Hashes by path, size, inode and both times of a file.

    The time of the last change (ctime) cannot be set back as that of the last modification (mtime) can, so an edit
    whose mtime was set back is noticed. The cache's file is only ever appended to, so that jobs may share it; what is
    not a whole line of it is passed over. Without a file of its own, the cache hashes everything once.
    """

    def __init__(self, file: str | Path | None) -> None:
        self._file = Path(file) if file else None
        self._known: dict[str, tuple[State, str]] = {}
        self.hashed = 0
        if self._file and self._file.is_file():
            for line in self._file.read_bytes().splitlines():
                try:
                    path, *state, digest = json.loads(line)
                    self._known[path] = (tuple(state), digest)
                except (ValueError, TypeError):
                    continue

    def sha256(self, paths: Iterable[str], progress: str = "", workers: int = 4) -> dict[str, str | None]:
        """Hex SHA-256 of each file, None where there is none.

        Args:
            progress: what the work is called where it is reported; it is not if empty.
        """
        found: dict[str, str | None] = {}
        new: dict[str, State] = {}
        for path in dict.fromkeys(paths):
            state = _state(path)
            known = self._known.get(path)
            if state is None:
                found[path] = None
            elif known and known[0] == state:
                found[path] = known[1]
            else:
                new[path] = state
        if new:
            with ThreadPoolExecutor(workers) as pool:
                digests = pool.map(_digest, new)
                found |= zip(new, track(digests, progress, "files", len(new)) if progress else digests, strict=True)
            self._remember(new, found)
        return found

    def _remember(self, new: dict[str, State], found: dict[str, str | None]) -> None:
        self.hashed += len(new)
        lines = []
        now = time.time_ns()
        for path, state in new.items():
            settled = now - max(state[1:3]) > SETTLED_NS and _state(path) == state
            if found[path] and settled:
                self._known[path] = (state, found[path])
                lines.append(json.dumps([path, *state, found[path]]) + "\n")
        if self._file and lines:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(self._file, "ab") as handle:
                handle.write("".join(lines).encode())


def _state(path: str) -> State | None:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _digest(path: str) -> str | None:
    try:
        return sha256_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
