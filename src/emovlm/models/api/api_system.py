"""An API model under test: asked over HTTP, within a rate and a budget.

Most servers give no likelihoods, so there are no scores (:mod:`emovlm.models.api.scoring_system` is for those that do).
Nobody can pin what a server runs: each reply carries the version that it names.
"""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_json
from emovlm.models.api.clients import Request
from emovlm.models.api.faults import Fault, advice, code_of_filter, column_of, fault_of, kind_of, of_key
from emovlm.models.api.ledger import Ledger
from emovlm.models.api.protocols import CLIENTS
from emovlm.models.api.replies import REFUSED, Said, TroubleError
from emovlm.models.api.settings import settings_of
from emovlm.models.asking import InDoubtError, NotAskedError, UnansweredError, entered
from emovlm.models.base import NoReplyError, Part, Reply

ACCESS = "EMOVLM_API"
"""Environment variable with the config key ``api`` as JSON: how each API model is reached. It is no parameter of a
job, since none of it changes an answer: another server, rate or budget reruns nothing."""
LEDGER = "requests.jsonl"
LONGEST_S, LONGEST_ASKED_S = 60.0, 600.0  # of a wait of our own, and of one that the server asks for
MB = 1_000_000  # bytes
PIECE = 8  # signs of the key in a row that count as a part of it


class ApiSystem:
    """A row of kind ``api``.

    ``answered``: the server has answered a prompt since the system was loaded; ``in_flight``: how many prompts it may
    be asked at once, from as many threads.

    Args:
        row: ``system``, ``family``, ``weights``, what the family's client reads, ``max_request_mb`` and ``in_flight``.
        folder: of its ledger.

    Raises:
        StudyError: the config has no access to it, or the environment no key.
    """

    def __init__(self, row: dict[str, Any], folder: str | Path):
        self.system, self.settings = row["system"], settings_of(row)
        access = json.loads(os.environ.get(ACCESS, "{}")).get(self.system)
        if access is None:
            missing = f"system {self.system}: config key api.{self.system} is missing"
            raise StudyError(f"{missing}; see docs/how-to/api-systems.md")
        self.variable = access.get("key_variable")
        self.key = self._read_key()
        self.attempts = access["attempts"]
        self.ledger = Ledger(Path(folder, LEDGER), self.system, access)
        # Clients want some key; a server of one's own needs none.
        self.client = CLIENTS[row["family"]](row, self.key or "none", access)
        self.answered = False
        self.in_flight = self.settings["in_flight"]
        asked_with = {key: value for key, value in self.settings.items() if key != "in_flight"}
        self._asked_with = sha256_json([asked_with, access.get("base_url")])[:16]

    @property
    def answered_before(self) -> bool:
        """Whether the server has ever answered a prompt under these settings, in any job."""
        return self.answered or self.ledger.has_answered(self._asked_with)

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """The free reply to frames and texts, or why there is none; no scores.

        Raises:
            NotAskedError: the request is larger than the row allows.
            UnansweredError: there is none this time, or (InDoubtError) the server refuses, and nobody knows why.
            StudyError: nothing can be asked: a wrong key or name, a refused parameter, a spent budget or quota.
        """
        request = self.client.prepare(parts, max_new_tokens)
        said = self._ask(request)
        return Reply(
            {}, said.text, said.prompt or 0, said.failure, said.model, request.frames, said.refused, said.cut
        )  # fmt: skip

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free reply.

        Raises:
            NoReplyError: the server does not take this prompt, or refuses.
            StudyError: as :meth:`answer`, which also tells the other errors.
        """
        said = self._ask(self.client.prepare(parts, max_new_tokens))
        if said.failure:
            raise NoReplyError(said.failure, said.refused)
        return said.text

    def _ask(self, request: Request, of_clip: bool = True) -> Said:
        """What comes of a request. One that is not ``of_clip`` tells nothing of whether the server takes clips."""
        most = self.settings.get("max_request_mb")
        if most is not None and request.size > most * MB:
            allowed = f"max_request_mb of its row allows {_mb(most * MB)} MB"
            raise NotAskedError(f"not asked: the request has {_mb(request.size)} MB, and {allowed}")
        told, lasting = "", None
        for attempt in range(self.attempts):
            came = self._attempt(request, of_clip)
            if isinstance(came, Said):
                return came
            fault, lasting = fault_of(came), came.lasting
            told = self._told(fault)
            if (failure := self._failure(fault, told)) is not None:
                return Said("", failure, 0, 0, "")
            self.ledger.pause(max(min(2.0**attempt, LONGEST_S), fault.wait_s or 0))
        if lasting is not None:  # no passing trouble then, but how the model ends its reply to this prompt
            return self._clean_said(lasting)
        raise UnansweredError(self.system, f"no reply in {self.attempts} attempts; the last time: {told}")

    def _attempt(self, request: Request, of_clip: bool) -> Said | TroubleError:
        """Trouble is returned: no error that is raised later drags along what may hold the key.

        What nobody has counted stays kept back in the ledger.
        """
        entry = self.ledger.send()
        entered()
        try:
            said = self._clean_said(self.client.ask(request))
            self.answered = self.answered or of_clip
            if said.prompt is not None:
                settings = {"settings": self._asked_with} if of_clip else {}
                self.ledger.settle(entry, said.prompt, said.reply or 0, model=said.model, **settings)
            return said
        except TroubleError as trouble:
            if trouble.took is not None:
                self.ledger.settle(entry, *trouble.took, status=trouble.status)
            return trouble
        finally:
            self.ledger.ended(entry)

    def _failure(self, fault: Fault, told: str) -> str | None:
        """Why the prompt of an error gets no reply, now and later; None if it may get one.

        Raises:
            StudyError: no prompt can get one, or (InDoubtError) nobody knows whether another could.
        """
        kind = kind_of(fault, self.client.sent)
        if kind == "refused":
            return f"{REFUSED}{code_of_filter(fault) or told}"
        if kind == "clip":
            return f"the server does not take this: {told}"
        if kind == "unclear":
            todo = advice(fault, None, self.settings) or f"Change its row, or config key api.{self.system}"
            raise InDoubtError(self.system, f"the server does not take this: {told}", todo)
        if kind == "configuration":
            raise self._stop(fault, told)
        if (fault.wait_s or 0) > LONGEST_ASKED_S:
            raise self._error(f"the server asks to wait {fault.wait_s:.0f} seconds: {told}")
        return None

    def _stop(self, fault: Fault, told: str) -> StudyError:
        if of_key(fault):  # servers repeat the key here, whole or in part, so nothing of it is shown
            return self._error(f"the server refuses the key of {self.variable or 'nobody'} (HTTP {fault.status})")
        todo = advice(fault, column_of(fault, self.client.sent), self.settings)
        return self._error(f"the server refuses the request: {told}" + (f". {todo}" if todo else ""))

    def _error(self, says: str) -> StudyError:
        return StudyError(f"system {self.system}: {says}. Every answer so far is kept")

    def _told(self, fault: Fault) -> str:
        """What the server said, as one short line without the key."""
        says = self._clean(" ".join(fault.says.split()), pieces=True)[:300].rstrip(".")
        return f"HTTP {fault.status}: {says}" if fault.status else says

    def _clean_said(self, said: Said) -> Said:
        return replace(
            said, text=self._clean(said.text), failure=self._clean(said.failure), model=self._clean(said.model)
        )  # fmt: skip

    def _clean(self, text: str, pieces: bool = False) -> str:
        """A text of the server without the key, or without any long ``pieces`` of it, for servers repeat it in part."""
        if not self.key:
            return text
        for form in {self.key, quote(self.key, safe=""), json.dumps(self.key)[1:-1]}:
            text = text.replace(form, "<key>")
        if pieces and len(self.key) > PIECE:
            starts = range(len(self.key) - PIECE + 1)
            parts = "|".join(re.escape(self.key[i : i + PIECE]) + "[!-~]*" for i in starts)
            text = re.sub(parts, "<key>", text)
        return text

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


def _mb(size: float) -> str:
    return f"{size / MB:.6f}".rstrip("0").rstrip(".")
