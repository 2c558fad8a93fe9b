"""What a study has spent on an API model: one file, shared by all jobs that ask it, now and later.

The file (JSON lines, only appended to, under a lock) holds a line when a request is sent and one when the server has
said what it took. What is kept back for a request counts until then, and for good if the job was killed or the
connection lost in between: the server may have charged for it. So the budget holds over parallel jobs and restarts, as
long as the file lies beside the answers it paid for.
"""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from emovlm.core.errors import StudyError

MILLION = 1e6


class Ledger:
    """The requests to one system, within a budget and a rate.

    Args:
        path: of the file; made if absent.
        system: its id, for messages.
        access: the system's part of the config key ``api``: ``requests_per_minute``, ``tokens_per_request`` (kept back
            for each request until it is answered) and ``budget`` (any of ``requests``, ``tokens`` and ``usd``, the last
            with ``usd_per_million_prompt`` and ``usd_per_million_reply``).
    """

    def __init__(self, path: str | Path, system: str, access: dict[str, Any]):
        self.path, self.system, self.budget = Path(path), system, access["budget"]
        self.spacing = 60 / access["requests_per_minute"]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._read = 0  # bytes of the file that the numbers below know of
        self._most = access["tokens_per_request"]
        self._open: dict[str, int] = {}  # tokens kept back, by request
        self._requests = self._prompt = self._reply = 0
        self._free = 0.0  # time from which on a request may be sent
        self._answered: set[str] = set()  # settings under which a request was answered

    def send(self) -> str:
        """Enter a request and wait until it is its turn; returns its number in the ledger.

        Raises:
            StudyError: it could exceed the budget. It is not entered then.
        """
        with self._locked() as file:
            self._afford()
            request, at = uuid.uuid4().hex[:16], max(time.time(), self._free)
            self._append(file, {"request": request, "at": round(at, 3), "kept_back": self._most})
        time.sleep(max(0.0, at - time.time()))
        return request

    def settle(self, request: str, prompt: int, reply: int, **said: Any) -> None:
        """Enter what a request took, in tokens; ``said`` is noted beside it: an error's ``status``, or the version of
        the ``model`` that answered and a hash of the ``settings`` it was asked with."""
        with self._locked() as file:
            self._append(file, {"request": request, "prompt": prompt, "reply": reply, **said})

    def pause(self, seconds: float) -> None:
        """Let no job send a request for some time: the server asked for it, or is in trouble."""
        with self._locked() as file:
            self._append(file, {"not_before": round(time.time() + seconds, 3)})

    def has_answered(self, settings: str) -> bool:
        """Whether a request with settings of this hash was answered, by any job and in any run."""
        with self._locked():
            return settings in self._answered

    def spent(self) -> dict[str, float]:
        """Requests, tokens and, where the budget has prices, US dollars, with what is kept back."""
        with self._locked():
            return self._with(0)

    def _afford(self) -> None:
        limits = {unit: self.budget[unit] for unit in ("requests", "tokens", "usd") if unit in self.budget}
        now, then = self._with(0), self._with(1)
        for unit, limit in limits.items():
            if then[unit] > limit:
                raise StudyError(
                    f"system {self.system}: the next request could exceed the budget: {_number(now[unit])} of "
                    f"{_number(limit)} {unit} are spent or kept back, and it may take {_number(then[unit] - now[unit])}"
                    f" (config key api.{self.system}.budget.{unit}). Every answer so far is kept; raise the budget and "
                    "run again"
                )

    def _with(self, more: int) -> dict[str, float]:
        """The totals with ``more`` further requests."""
        kept_back = sum(self._open.values()) + more * self._most
        totals = {"requests": self._requests + more, "tokens": self._prompt + self._reply + kept_back}
        if "usd" in self.budget:
            prompt, reply = (self.budget[f"usd_per_million_{side}"] / MILLION for side in ("prompt", "reply"))
            totals["usd"] = self._prompt * prompt + self._reply * reply + kept_back * max(prompt, reply)
        return totals

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The file, locked against other jobs and read to its end."""
        with open(self.path, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(self._read)
            news = file.read()
            if news and not news.endswith(b"\n"):  # a job was killed as it wrote
                file.write(b"\n")
            self._read = file.seek(0, 2)
            for line in news.splitlines():
                self._count(line)
            yield file
            file.flush()
            os.fsync(file.fileno())

    def _append(self, file: IO[bytes], entry: dict[str, Any]) -> None:
        line = json.dumps(entry).encode()
        self._read += file.write(line + b"\n")
        self._count(line)

    def _count(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return  # torn: a request that was not sent yet, or one that stays kept back
        if "not_before" in entry:
            self._free = max(self._free, entry["not_before"])
        elif "kept_back" in entry:
            self._requests += 1
            self._open[entry["request"]] = entry["kept_back"]
            self._free = max(self._free, entry["at"] + self.spacing)
        else:
            self._open.pop(entry["request"], None)
            self._prompt, self._reply = self._prompt + entry["prompt"], self._reply + entry["reply"]
            self._most = max(self._most, entry["prompt"] + entry["reply"])  # the next may take as many
            self._answered |= {entry["settings"]} if "settings" in entry else set()


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
