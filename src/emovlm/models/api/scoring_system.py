"""An API model whose server tells how likely a prompt is: labels are scored as by models that run here."""

from dataclasses import replace

from emovlm.core.errors import StudyError
from emovlm.models.api.api_system import ApiSystem
from emovlm.models.api.clients import Request
from emovlm.models.api.faults import without_scores
from emovlm.models.api.vllm_client import NoScoreError, Read, of_label
from emovlm.models.base import SCORE_DIGITS, Part, Reply


class ScoringSystem(ApiSystem):
    """A row of kind ``api`` whose family is in ``SCORING`` of :mod:`emovlm.models.api.settings`.

    Each prompt takes one request for the reply and one for each label.
    """

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """Likelihood of each class name as the answer to frames and texts, and the free reply.

        Raises:
            NotAskedError, UnansweredError, StudyError: as :meth:`ApiSystem.answer`; and the server tells no
                log-probabilities, or labels do not follow the prompt.
        """
        request = self.client.prepare(parts, max_new_tokens)
        asked = self._ask(request)
        reply = Reply(
            {}, asked.text, asked.prompt or 0, asked.failure, asked.model, request.frames, asked.refused, asked.cut
        )  # fmt: skip
        scores = {}
        for label in classes if not reply.failure else ():
            told = self._ask(self.client.labelled(request, label))
            if told.failure:
                return replace(reply, failure=f"label {label!r}: {told.failure}", refused=told.refused)
            scores[label] = round(sum(self._of_label(asked, told, label)), SCORE_DIGITS)
        return replace(reply, scores=scores)

    def label_tokens(self, classes: list[str]) -> dict[str, int]:
        """Over how many tokens the score of each label is a sum; asks the server, without any frame.

        Raises:
            StudyError: as :meth:`answer`, or the server does not take such a question.
        """
        request = self.client.prepare(["?"], 1)
        asked = self._tokens_of(request)
        told = {label: self._tokens_of(self.client.labelled(request, label)) for label in classes}
        return {label: len(self._of_label(asked, read, label)) for label, read in told.items()}

    def _tokens_of(self, request: Request) -> Read:
        # A question without frames does not show that the server takes clips.
        read = self._ask(request, of_clip=False)
        if read.failure:
            raise self._error(f"it cannot be asked for the tokens of labels: {read.failure}")
        return read

    def _of_label(self, asked: Read, told: Read, label: str) -> list[float]:
        try:
            return of_label(asked, told, label)
        except NoScoreError as error:
            raise StudyError(f"system {self.system}: {error}. {without_scores(self.settings)}") from None
