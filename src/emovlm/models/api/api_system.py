"""An API model under test: asked over HTTP, within a rate and a budget.

Such a server gives no likelihoods, so there are no scores, and nobody can pin what it runs: each reply carries the
version that the server names.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.models.api.clients import CLIENTS, Said, TroubleError
from emovlm.models.api.ledger import Ledger
from emovlm.models.base import NoReplyError, Part, Reply

ACCESS = "EMOVLM_API"
"""Environment variable with the config key ``api`` as JSON: how each API model is reached. It is no parameter of a
job, since none of it changes an answer: another server, rate or budget reruns nothing."""
LEDGER = "requests.jsonl"
PASSING = (0, 408, 409, 425, 429)  # statuses that may go by, as do those from 500
LONGEST_S, LONGEST_ASKED_S = 60.0, 600.0  # of a wait of our own, and of one that the server asks for


class ApiSystem:
    """A row of kind ``api``.

    Args:
        row: ``system``, ``family``, ``weights`` and what the family's client reads.
        folder: of its ledger.

    Raises:
        StudyError: the config has no access to it, or the environment no key.
    """

    def __init__(self, row: dict[str, Any], folder: str | Path):
        self.system = row["system"]
        access = json.loads(os.environ.get(ACCESS, "{}")).get(self.system)
        if access is None:
            raise StudyError(f"system {self.system}: config key api.{self.system} is missing; see docs/api-systems.md")
        self.variable = access.get("key_variable")
        self.key = self._read_key()
        self.attempts = access["attempts"]
        self.ledger = Ledger(Path(folder, LEDGER), self.system, access)
        # Clients want some key; a server of one's own needs none.
        self.client = CLIENTS[row["family"]](row, self.key or "none", access)

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """The free reply to frames and texts, or why there is none; no scores.

        Raises:
            StudyError: the server cannot be asked: a wrong key or name, a spent budget, lasting trouble.
        """
        said = self._ask(parts, max_new_tokens)
        return Reply({}, said.text, said.prompt or 0, said.failure, said.model, refused=said.refused)

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free reply.

        Raises:
            NoReplyError: the server refuses.
            StudyError: as :meth:`answer`.
        """
        said = self._ask(parts, max_new_tokens)
        if said.failure:
            raise NoReplyError(said.failure, said.refused)
        return said.text

    def _ask(self, parts: list[Part], max_new_tokens: int) -> Said:
        told = ""
        for attempt in range(self.attempts):
            request = self.ledger.send()
            came = self._attempt(parts, max_new_tokens)
            if isinstance(came, Said):
                if came.prompt is not None:  # what nobody counted stays kept back
                    self.ledger.settle(request, came.prompt, came.reply or 0, model=came.model)
                return came
            if not came.sent:
                self.ledger.settle(request, 0, 0, status=came.status)
            told = self._told(came)
            self._give_up_if_lasting(came, told)
            self.ledger.pause(max(min(2.0**attempt, LONGEST_S), came.wait_s or 0))
        raise self._error(f"no reply in {self.attempts} attempts; the last time: {told}. Run again later")

    def _attempt(self, parts: list[Part], max_new_tokens: int) -> Said | TroubleError:
        """Trouble is returned: no error that is raised later drags along what may hold the key."""
        try:
            return self.client.ask(parts, max_new_tokens)
        except TroubleError as trouble:
            return trouble

    def _give_up_if_lasting(self, trouble: TroubleError, told: str) -> None:
        if trouble.status in (401, 403):  # servers repeat the key here, whole or in part, so nothing of it is shown
            raise self._error(f"the server refuses the key of {self.variable or 'nobody'} (HTTP {trouble.status})")
        if trouble.status not in PASSING and trouble.status < 500:
            raise self._error(f"the server refuses the request: {told}")
        if (trouble.wait_s or 0) > LONGEST_ASKED_S:
            raise self._error(f"the server asks to wait {trouble.wait_s:.0f} seconds: {told}")

    def _error(self, says: str) -> StudyError:
        return StudyError(f"system {self.system}: {says}. Every answer so far is kept")

    def _told(self, trouble: TroubleError) -> str:
        """What the server said, as one short line without the key."""
        says = " ".join(str(trouble).split())
        says = says.replace(self.key, "<key>") if self.key else says
        return f"HTTP {trouble.status}: {says[:300]}" if trouble.status else says[:300]

    def _read_key(self) -> str:
        """The key, or nothing where the server wants none."""
        if not self.variable:
            return ""
        key = os.environ.get(self.variable, "").strip()
        if not key:
            raise StudyError(
                f"system {self.system}: set the environment variable {self.variable} to your API key "
                f"(config key api.{self.system}.key_variable names it)"
            )
        if not re.fullmatch(r"[!-~]+", key):  # else the HTTP library would print it in its error
            raise StudyError(f"system {self.system}: {self.variable} has signs that no key has, a space for example")
        return key
