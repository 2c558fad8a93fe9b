"""SHA-256 of files, remembered as long as a file is not touched."""

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from emovlm.core.files import write_text
from emovlm.core.hashing import sha256_file
from emovlm.core.notes import state
from emovlm.core.progress import track

SETTLED_NS = 2_000_000_000
"""A file changed less than this before it was hashed is not remembered: a second change could have the same time."""


class HashCache:
    """Hashes by path, size, inode and both times of a file.

    The time of the last change (ctime) cannot be set back as that of the last modification (mtime) can, so an edit
    whose mtime was set back is noticed. Jobs only append to the cache's file and so may share it; what is not a whole
    line of it is passed over, and without access to it everything is hashed.
    """

    def __init__(self, file: str | Path, trust: bool = True) -> None:
        """``trust``: take what is remembered; if not, every file is hashed, and the cache's file written anew."""
        self._file, self._trust = Path(file), trust
        self._known: dict[str, tuple[list[int], str]] = {}
        self.hashed = 0
        try:
            lines = self._file.read_bytes().splitlines() if trust else []
        except OSError:
            lines = []
        for line in lines:
            try:
                path, *known, digest = json.loads(line)
                self._known[path] = (known, digest)
            except (ValueError, TypeError):
                continue

    def sha256(self, paths: Iterable[str], progress: str = "", workers: int = 4) -> dict[str, str | None]:
        """Hex SHA-256 of each file, None where there is none or it cannot be read.

        Args:
            progress: what the work is called where it is reported; it is not if empty.
        """
        found: dict[str, str | None] = {}
        new: dict[str, list[int]] = {}
        for path in dict.fromkeys(paths):
            now = state(path)
            known = self._known.get(path)
            if now is None or not os.path.isfile(path):
                found[path] = None
            elif known and known[0] == now:
                found[path] = known[1]
            else:
                new[path] = now
        if new:
            with ThreadPoolExecutor(workers) as pool:
                digests = pool.map(_digest, new)
                found |= zip(new, track(digests, progress, "files", len(new)) if progress else digests, strict=True)
            self._remember(new, found)
        return found

    def _remember(self, new: dict[str, list[int]], found: dict[str, str | None]) -> None:
        self.hashed += len(new)
        lines = []
        now = time.time_ns()
        for path, before in new.items():
            if found[path] and now - max(before[1:3]) > SETTLED_NS and state(path) == before:
                self._known[path] = (before, found[path])
                lines.append(json.dumps([path, *before, found[path]]) + "\n")
        try:
            if not self._trust:
                write_text(self._file, "".join(lines))
            elif lines:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with open(self._file, "ab") as handle:
                    handle.write("".join(lines).encode())
        except OSError:
            pass  # it only saves time


def _digest(path: str) -> str | None:
    try:
        return sha256_file(path)
    except OSError:
        return None
