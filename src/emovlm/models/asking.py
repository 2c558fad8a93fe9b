"""Asking a system about one clip after another, where an API model may give no answer to some of them.

Such a clip does not keep the others waiting: the job goes on, keeps what it is told, and ends with an error that says
what is missing, so that the next run asks only that.
"""

from collections.abc import Callable, Sequence
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


class Asking:
    """Asks, and keeps the answers.

    Args:
        system: what is asked. An API model has ``answered`` and ``answered_before``: whether the server has answered
            any prompt, in this job or before it under the same settings.
        store: what was answered before, and where answers are kept.
        things: what is asked about, in the plural: clips.
        failed: the answer to keep where there is no reply.
    """

    def __init__(
        self, system: System, store: AnswerStore, things: str, failed: Callable[[NoReplyError], dict[str, Any]]
    ):
        self.system, self.store, self.things, self.failed = system, store, things, failed
        self._not_asked: dict[str, dict[str, Any]] = {}  # answers by key
        self._in_doubt: dict[str, tuple[str, InDoubtError]] = {}  # name and what was said, by key
        self._unanswered: dict[str, str] = {}  # what was said, by name
        self._in_a_row = 0

    def ask(self, name: str, keys: Sequence[str], call: Callable[[], Sequence[dict[str, Any]]]) -> None:
        """Keep the answers that ``call`` returns under their keys, but for those that are kept already.

        Args:
            name: of what is asked about.

        Raises:
            StudyError: nothing can be asked, or nothing is answered any more.
        """
        try:
            answers = call()
        except NotAskedError as error:
            self._not_asked |= dict.fromkeys(keys, self.failed(error))
            return
        except NoReplyError as error:
            answers = [self.failed(error) for _ in keys]
        except InDoubtError as error:
            self._in_doubt |= dict.fromkeys(keys, (name, error))
            answers = None
        except UnansweredError as error:
            self._unanswered[name] = error.says
            answers = None
        for key, answer in zip(keys, answers or (), strict=answers is not None):
            self.keep(key, answer)
        if getattr(self.system, "answered", False):
            answers = self._keep_doubtful() or answers
        self._in_a_row = self._in_a_row + 1 if answers is None else 0
        self._stop_if_hopeless()

    def keep(self, key: str, answer: dict[str, Any]) -> None:
        """Keep an answer, if there is none under this key."""
        if key not in self.store:
            self.store.add(key, answer)

    def finish(self) -> None:
        """See whether all is answered.

        Raises:
            StudyError: it is not.
        """
        if getattr(self.system, "answered_before", False):
            self._keep_doubtful()
        if self._missing():
            doubt = "; none is answered that would tell whether the configuration is wrong" if self._in_doubt else ""
            raise self._error(self._how_many() + doubt, "Run again, and only what is missing is asked")

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self.store[key] if key in self.store else self._not_asked[key]

    def _keep_doubtful(self) -> list[dict[str, Any]]:
        """Other prompts are answered, so those in doubt are refused for what they are."""
        kept = [self.failed(NoReplyError(error.says)) for _, error in self._in_doubt.values()]
        for key, answer in zip(self._in_doubt, kept, strict=True):
            self.store.add(key, answer)
        self._in_doubt.clear()
        return kept

    def _stop_if_hopeless(self) -> None:
        if len(self._in_doubt) >= AT_FIRST and not getattr(self.system, "answered_before", False):
            _, error = list(self._in_doubt.values())[-1]
            raise self._error(
                f"the server refuses the first {len(self._in_doubt)} {self.things} that it is asked about and answers "
                "none, so this is about the configuration", f"{error.todo}, and run again",
            )  # fmt: skip
        if self._in_a_row >= IN_A_ROW:
            raise self._error(
                f"{self._how_many()}, the last {self._in_a_row} in a row, so no more are asked",
                "Run again, and only what is missing is asked",
            )  # fmt: skip

    def _how_many(self) -> str:
        n = len(self._missing())
        return f"1 {self.things.removesuffix('s')} is unanswered" if n == 1 else f"{n} {self.things} are unanswered"

    def _missing(self) -> dict[str, str]:
        return {**self._unanswered, **{name: error.says for name, error in self._in_doubt.values()}}

    def _error(self, says: str, todo: str) -> StudyError:
        name, told = next(reversed(self._missing().items()))
        return StudyError(f"system {self.system.system}: {says} ({name}: {told}). Every answer so far is kept. {todo}")
