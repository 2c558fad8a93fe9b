"""An append-only store of answers: what was computed once is never computed again.

One JSON line an answer, fsynced, keyed by everything that the answer depends on, with a digest of the line. It lies
outside a rule's declared outputs, which Snakemake deletes when a job fails: a killed run resumes at the clip, and
another model, prompt, frame or code is another key.

Measured with 10,000 answers: SQLite with a rollback journal took 4.5 times as long to append (51 against 11 s), gave
changed answers where a bit of its file was flipped, and lost 322 of 800 where two processes wrote without locks; with a
write-ahead log it was as fast, but that does not work on network file systems.
"""

import json
import os
from pathlib import Path
from typing import Any

from emovlm.core import notes
from emovlm.core.hashing import sha256_json


class AnswerStore:
    """Answers by key, backed by the file ``path`` (made if absent). Lines that are torn or were changed are ignored."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.computed = 0
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

    def add(self, key: str, answer: Any) -> None:
        """Keep an answer, on disk before the call returns."""
        entry = {"key": key, "answer": answer}
        entry["digest"] = sha256_json(entry)
        self._file.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._answers[key] = answer
        self.computed += 1
