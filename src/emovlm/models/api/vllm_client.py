"""A vLLM server: chat completions that also tell the log-probabilities of the prompt's tokens.

A label is scored by asking with the label as the beginning of the assistant's answer. vLLM then tells the tokens of all
that it has read and how likely each was. The label's tokens are those that follow the tokens of the question alone.

Source: the protocol of vLLM's server for chat completions (``prompt_logprobs``, ``return_token_ids``,
``add_generation_prompt``, ``continue_final_message``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, ClassVar

from emovlm.models.api.clients import OpenAIClient, Request
from emovlm.models.api.replies import EMPTY, Said, at, count_of, text_of
from emovlm.models.base import Part


@dataclass(frozen=True)
class Read(Said):
    """A reply, and what was read before it: the prompt's ``tokens``, the log-probability of each after those before it
    (nats; None where the server tells none, as of the first) and its ``pieces`` of text. Empty if it tells nothing."""

    tokens: tuple[int, ...] = ()
    logprobs: tuple[float | None, ...] = ()
    pieces: tuple[str, ...] = ()


class NoScoreError(Exception):
    """What a server has read does not tell how likely a label is."""


class VllmClient(OpenAIClient):
    """A vLLM server, through ``openai``.

    Args:
        row, key, access: as of :class:`emovlm.models.api.clients.OpenAIClient`.
    """

    sent: ClassVar[dict[str, str]] = {
        **OpenAIClient.sent, "promptlogprobs": "family", "returntokenids": "family", "continuefinalmessage": "family",
        "addgenerationprompt": "family",
    }  # fmt: skip

    def prepare(self, parts: list[Part], max_new_tokens: int) -> Request:
        """See :class:`emovlm.models.api.clients.Client`. Texts that follow one another are one, a line each, as in the
        prompts of models that run here."""
        runs = [(kind, list(run)) for kind, run in groupby(parts, key=lambda part: isinstance(part, str))]
        told = [["\n".join(filter(None, run))] if kind else run for kind, run in runs]
        request = super().prepare([part for run in told for part in run], max_new_tokens)
        return self._asking(request, request.content, {})

    def labelled(self, request: Request, label: str) -> Request:
        """The request that asks how likely a label is as the answer to what another request shows."""
        given = [*request.content, {"role": "assistant", "content": label}]
        # 0: of each token its own log-probability, without those of likelier ones.
        more = {"prompt_logprobs": 0, "add_generation_prompt": False, "continue_final_message": True}
        short = replace(request, options={**request.options, self.row["length_parameter"]: 1})
        return self._asking(short, given, more)

    def _asking(self, request: Request, messages: list[dict[str, Any]], more: dict[str, Any]) -> Request:
        options = {name: value for name, value in request.options.items() if name != "extra_body"}
        return self._request(messages, options, request.frames, {"return_token_ids": True, **more})

    def _read(self, body: dict[str, Any]) -> Read:
        said = super()._read(body)
        failure = "" if said.failure.startswith(EMPTY) else said.failure  # there are scores all the same
        tokens = tuple(count_of(token) for token in _list(body.get("prompt_token_ids")))
        entries = [
            at(told, str(token)) for told, token in zip(_list(body.get("prompt_logprobs")), tokens, strict=False)
        ]
        return Read(
            said.text.strip(), failure, said.prompt, said.reply, said.model, said.cut, tokens,
            tuple(_number(at(entry, "logprob")) for entry in entries),
            tuple(text_of(at(entry, "decoded_token")) for entry in entries),
        )  # fmt: skip


def of_label(asked: Read, told: Read, label: str) -> list[float]:
    """The log-probabilities of a label's tokens (nats).

    Args:
        asked: what the server has read of the question alone.
        told: of the question and the label.

    Raises:
        NoScoreError: the tokens are not known, or do not follow those of the question, or are of something else.
    """
    n = len(asked.tokens)
    if not asked.tokens or not told.tokens:
        raise NoScoreError("the server does not tell the tokens of a prompt (return_token_ids)")
    if len(told.logprobs) != len(told.tokens):
        raise NoScoreError("the server does not tell the log-probabilities of a prompt (prompt_logprobs)")
    if told.tokens[:n] != asked.tokens or len(told.tokens) == n:
        raise NoScoreError(
            f"the label {label!r} cannot be scored, for its tokens do not follow those of the question: the chat "
            "template writes something else before an answer that is given than before one that is asked for"
        )
    written = "".join(told.pieces[n:])
    if "\N{REPLACEMENT CHARACTER}" not in written and _squeezed(written) != _squeezed(label):
        raise NoScoreError(
            f"the label {label!r} cannot be scored, for the chat template makes {written!r} of it as an answer"
        )
    found = [logprob for logprob in told.logprobs[n:] if logprob is not None]
    if len(found) != len(told.tokens) - n:
        raise NoScoreError(f"the server does not tell the log-probability of each token of the label {label!r}")
    return found


def _squeezed(text: str) -> str:
    """Without spaces, which tokenizers write in ways of their own."""
    return "".join(text.split()).replace("\u0120", "").replace("\u2581", "")


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
