"""Asking a system about one clip after another, where an API model may give no answer to some of them.

Such a clip does not keep the others waiting: the job goes on, keeps what it is told, and ends with an error that says
what is missing, so that the next run asks only that.

An API model may be asked about several clips at once. They enter the ledger in their order, and what comes of them is
judged in their order too, whichever reply comes first.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from emovlm.core.answer_store import AnswerStore
from emovlm.core.errors import StudyError
from emovlm.models.base import NoReplyError, System

IN_A_ROW = 5
"""So many clips (or texts) in a row without an answer stop the job: the server is down, and asking costs money."""
AT_FIRST = 3
"""So many refused ones before any is answered show that the configuration is wrong, not the clips."""


class NotAskedError(NoReplyError):
    """A prompt cannot be sent, as the row's settings forbid it. That costs nothing, so it is not kept."""


class UnansweredError(StudyError):
    """An API model gave no reply this time; the next run asks again.

    Args:
        system: its id.
        says: what happened.
    """

    def __init__(self, system: str, says: str):
        super().__init__(f"system {system}: {says}. Every answer so far is kept")
        self.says = says


class InDoubtError(UnansweredError):
    """The server refuses a prompt, and only another prompt can tell whether the configuration is wrong.

    Args:
        system: its id.
        says: what the server said; the reason of a failed row if another prompt is answered.
        todo: what to do if none is.
    """

    def __init__(self, system: str, says: str, todo: str):
        super().__init__(system, says)
        self.todo = todo


_own = threading.local()  # of the thread that asks about one clip


def entered() -> None:
    """Say that the first request of a prompt is in the ledger, so that the next prompt may enter its own."""
    if (event := getattr(_own, "entered", None)) is not None:
        event.set()


Answer = dict[str, Any]
Outcome = Answer | NotAskedError | UnansweredError
"""What comes of a prompt, but for errors that end the job."""


class Asking:
    """Asks, and keeps the answers.

    Args:
        system: what is asked. An API model has ``answered`` and ``answered_before``: whether the server has answered
            any prompt, in this job or before it under the same settings; and ``in_flight``: about how many clips it is
            asked at once.
        store: what was answered before, and where answers are kept.
        things: what is asked about, in the plural: clips.
        failed: the answer to keep where there is no reply.
    """

    def __init__(
        self, system: System, store: AnswerStore, things: str, failed: Callable[[NoReplyError], dict[str, Any]]
    ):
        self.system, self.store, self.things, self.failed = system, store, things, failed
        self._at_once = getattr(system, "in_flight", 1)
        self._under_way: deque[tuple[str, str, Future[Outcome]]] = deque()  # in the order of the clips
        self._keeping = threading.Lock()
        self._not_asked: dict[str, dict[str, Any]] = {}  # answers by key
        self._in_doubt: dict[str, tuple[str, InDoubtError]] = {}  # name and what was said, by key
        self._unanswered: dict[str, str] = {}  # what was said, by name
        self._in_a_row = 0

    def ask(self, name: str, key: str, call: Callable[[], Answer]) -> None:
        """Keep the answer that ``call`` returns under its key.

        Where several clips are asked at once, this returns as soon as the first request is in the ledger; what comes of
        it is seen in a later call, or in :meth:`finish`.

        Args:
            name: of what is asked about.

        Raises:
            StudyError: nothing can be asked, or nothing is answered any more.
        """
        if self._at_once == 1:
            self._judge(name, key, self._outcome(key, call))
            if (error := self._hopeless()) is not None:
                raise error
            return
        while self._has_to_wait():
            self._take_next()
        future: Future[Outcome] = Future()
        begun = threading.Event()
        self._under_way.append((name, key, future))
        # Daemons, so that an interrupted job ends at once and does not wait for replies.
        threading.Thread(target=self._work, args=(key, call, future, begun), daemon=True).start()
        begun.wait()

    def keep(self, key: str, answer: Answer) -> None:
        """Keep an answer under its key; at once on disk if it may have cost money."""
        with self._keeping:
            self.store.add(key, answer, at_once=hasattr(self.system, "answered"))

    def finish(self) -> None:
        """See whether all is answered.

        Raises:
            StudyError: it is not.
        """
        while self._under_way:
            self._take_next()
        self.store.sync()
        if getattr(self.system, "answered_before", False):
            self._keep_doubtful()
        if self._missing():
            doubt = "; none is answered that would tell whether the configuration is wrong" if self._in_doubt else ""
            raise self._error(self._how_many() + doubt, "Run again, and only what is missing is asked")

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self.store[key] if key in self.store else self._not_asked[key]

    def _has_to_wait(self) -> bool:
        """Whether clips under way come first: they are enough, or one has ended the job."""
        ended = any(future.done() and future.exception() is not None for *_, future in self._under_way)
        return ended or len(self._under_way) >= self._at_once

    def _work(
        self, key: str, call: Callable[[], Answer], future: Future[Outcome], begun: threading.Event
    ) -> None:  # fmt: skip
        """Ask about one clip, in a thread of its own."""
        _own.entered = begun
        try:
            future.set_result(self._outcome(key, call))
        except BaseException as error:
            future.set_exception(error)
        finally:
            begun.set()

    def _outcome(self, key: str, call: Callable[[], Answer]) -> Outcome:
        """Ask. An answer is kept at once, so that a job that is killed loses only what is under way."""
        try:
            answer = call()
        except NotAskedError as error:
            return error
        except NoReplyError as error:
            answer = self.failed(error)
        except UnansweredError as error:
            return error
        self.keep(key, answer)
        return answer

    def _take_next(self) -> None:
        """Judge what has come of the clip that is under way for longest; before giving up, of all that are."""
        self._take()
        if self._hopeless() is not None:
            while self._under_way:
                self._take()
            if (error := self._hopeless()) is not None:
                raise error

    def _take(self) -> None:
        name, key, future = self._under_way.popleft()
        try:
            outcome = future.result()
        except Exception:  # the job ends, but not before the answers that are paid for are kept
            wait([other for *_, other in self._under_way])
            self._under_way.clear()
            raise
        self._judge(name, key, outcome)

    def _judge(self, name: str, key: str, outcome: Outcome) -> None:
        if isinstance(outcome, NotAskedError):
            self._not_asked[key] = self.failed(outcome)
            return
        if isinstance(outcome, InDoubtError):
            self._in_doubt[key] = name, outcome
        elif isinstance(outcome, UnansweredError):
            self._unanswered[name] = outcome.says
        answered = not isinstance(outcome, UnansweredError)
        if getattr(self.system, "answered", False) and self._keep_doubtful():
            answered = True
        self._in_a_row = 0 if answered else self._in_a_row + 1

    def _keep_doubtful(self) -> bool:
        """Other prompts are answered, so those in doubt are refused for what they are; returns whether any was."""
        told = {key: self.failed(NoReplyError(error.says)) for key, (_, error) in self._in_doubt.items()}
        for key, answer in told.items():
            self.keep(key, answer)
        self._in_doubt.clear()
        return bool(told)

    def _hopeless(self) -> StudyError | None:
        """Why no more is asked, if so."""
        if len(self._in_doubt) >= AT_FIRST and not getattr(self.system, "answered_before", False):
            _, error = list(self._in_doubt.values())[-1]
            return self._error(
                f"the server refuses the first {len(self._in_doubt)} {self.things} that it is asked about and answers "
                "none, so this is about the configuration", f"{error.todo}, and run again",
            )  # fmt: skip
        if self._in_a_row >= IN_A_ROW:
            return self._error(
                f"{self._how_many()}, the last {self._in_a_row} in a row, so no more are asked",
                "Run again, and only what is missing is asked",
            )  # fmt: skip
        return None

    def _how_many(self) -> str:
        n = len(self._missing())
        return f"1 {self.things.removesuffix('s')} is unanswered" if n == 1 else f"{n} {self.things} are unanswered"

    def _missing(self) -> dict[str, str]:
        return {**self._unanswered, **{name: error.says for name, error in self._in_doubt.values()}}

    def _error(self, says: str, todo: str) -> StudyError:
        name, told = next(reversed(self._missing().items()))
        return StudyError(f"system {self.system.system}: {says} ({name}: {told}). Every answer so far is kept. {todo}")
