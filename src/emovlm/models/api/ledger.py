"""What a study has spent on an API model: one file, shared by all jobs that ask it, now and later.

The file (JSON lines, only appended to, under a lock) holds a line when a request is sent and one when the server has
said what it took. What is kept back for a request counts until then, and for good if the job was killed or the
connection lost in between: the server may have charged for it. So the budget holds over parallel jobs and restarts, as
long as the file lies beside the answers it paid for.
"""

import fcntl
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from emovlm.core.errors import StudyError
from emovlm.core.files import sync

MILLION = 1e6


class Ledger:
    """The requests to one system, within a budget and a rate. Threads may share it.

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
        self._free = self._paused = 0.0  # times from which on a request may be sent; the last, because of a pause
        self._under_way: set[str] = set()  # requests of this process that wait for a reply
        self._changed = threading.Condition()
        self._one = threading.Lock()  # of the threads of this process; the file's lock keeps out other jobs
        self._answered: set[str] = set()  # settings under which a request was answered

    def send(self) -> str:
        """Enter a request and wait until it is its turn; returns its number in the ledger.

        Where the budget is kept back for other requests of this process, it waits for what these have taken, so that
        several at once can spend as much as one after another. :meth:`ended` has to follow.

        Raises:
            StudyError: it could exceed the budget. It is not entered then.
        """
        with self._changed:
            while (entry := self._enter()) is None:
                self._changed.wait()
            self._under_way.add(entry[0])
        request, at = entry
        while (seconds := at - time.time()) > 0:
            time.sleep(seconds)
            if (later := self._later(request, at)) is None:
                break
            at = later
        return request

    def ended(self, request: str) -> None:
        """A request waits for no reply any more. What was not settled of it stays kept back."""
        with self._changed:
            self._under_way.discard(request)
            self._changed.notify_all()

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

    def _enter(self) -> tuple[str, float] | None:
        """The number and time of a new request; None if it cannot be afforded before others have ended.

        Raises:
            StudyError: it cannot be afforded.
        """
        with self._locked() as file:
            try:
                self._afford()
            except StudyError:
                if self._under_way:
                    return None
                raise
            request, at = uuid.uuid4().hex[:16], max(time.time(), self._free)
            self._append(file, {"request": request, "at": round(at, 3), "kept_back": self._most})
            return request, at

    def _later(self, request: str, at: float) -> float | None:
        """The time of a request that had to wait, if there was a pause since it was entered."""
        with self._locked() as file:
            if self._paused <= at:
                return None
            at = max(time.time(), self._free)
            self._append(file, {"request": request, "moved_to": round(at, 3)})
            return at

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
        with self._one, open(self.path, "a+b") as file:
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
            sync(file.fileno())

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
            self._paused = max(self._paused, entry["not_before"])
            self._free = max(self._free, entry["not_before"])
        elif "moved_to" in entry:
            self._free = max(self._free, entry["moved_to"] + self.spacing)
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
