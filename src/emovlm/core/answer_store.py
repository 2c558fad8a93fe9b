"""An append-only store of answers, so that no answer is computed twice.

One JSON line an answer, keyed by everything that the answer depends on, with a digest of the line. It lies outside a
rule's declared outputs, which Snakemake deletes when a job fails: a killed run resumes at the clip, and another model,
prompt, frame or code is another key.

Measured with 10,000 answers: SQLite with a rollback journal took 4.5 times as long to append (51 against 11 s), gave
changed answers where a bit of its file was flipped, and lost 322 of 800 where two processes wrote without locks; with a
write-ahead log it was as fast, but that does not work on network file systems.
"""

import json
import time
from pathlib import Path
from typing import Any

from emovlm.core import notes
from emovlm.core.files import sync
from emovlm.core.hashing import sha256_json

SYNC_EVERY_S = 1.0


class AnswerStore:
    """Answers by key, backed by the file ``path`` (made if absent). Lines that are torn or were changed are ignored."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.computed = 0
        self._synced = time.monotonic()
        self._answers: dict[str, Any] = {}
        kept = self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""
        for line in kept.splitlines():
            try:
                entry = json.loads(line)
                if entry.pop("digest") != sha256_json(entry):
                    continue
                self._answers.setdefault(entry["key"], entry["answer"])  # what came first was asked for
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
        notes.wrote(self.path)
        self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - held open to append
        if kept and not kept.endswith("\n"):
            self._file.write("\n")

    def __contains__(self, key: str) -> bool:
        return key in self._answers

    def __getitem__(self, key: str) -> Any:
        return self._answers[key]

    def add(self, key: str, answer: Any, at_once: bool = True) -> None:
        """Keep an answer; a process that is killed does not lose it.

        Args:
            at_once: on disk before the call returns, so that a machine that fails does not lose it either. Otherwise
                that is so after a second of further answers, or after :meth:`sync`.
        """
        entry = {"key": key, "answer": answer}
        entry["digest"] = sha256_json(entry)
        self._file.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()
        if at_once or time.monotonic() - self._synced >= SYNC_EVERY_S:
            self.sync()
        self._answers[key] = answer
        self.computed += 1

    def sync(self) -> None:
        """Have all answers so far on disk."""
        sync(self._file.fileno())
        self._synced = time.monotonic()
