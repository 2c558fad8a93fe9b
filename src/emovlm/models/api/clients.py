"""What goes over the wire to an API model and how its reply is read: one client for each protocol.

Sources: the reference of ``generateContent`` as the package ``google-genai`` implements it, and of chat completions as
``openai`` and the servers vLLM and SGLang do. Neither client repeats a request by itself here: each attempt has to
enter the ledger, and ``google-genai`` would ignore how long the server asks to wait.

A frame goes as PNG: without loss, so that an API model sees the pixels that every other system sees. Frames are
images in order, without their times, because the times of shuffled frames would tell their order.
"""

import base64
import io
import re
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2
from PIL import Image

from emovlm.models.base import Frame, Part

ENDED = ("STOP", "stop", "MAX_TOKENS", "length")  # how a reply ends that counts: by itself, or cut like a local one
REFUSED = "refused: "  # how the reason of a refusal begins
PNG_URL = "data:image/png;base64,"
FILTERED = ("content_filter", "content_policy_violation")  # codes of an error that is about this prompt


@dataclass(frozen=True)
class Said:
    """A server's reply: its text, why there is none, tokens of the prompt and of all that was written (None if it does
    not say), and the version of the model that it names."""

    text: str
    failure: str
    prompt: int | None
    reply: int | None
    model: str

    @property
    def refused(self) -> bool:
        """Whether the server refuses this prompt."""
        return self.failure.startswith(REFUSED)


class TroubleError(Exception):
    """A request failed.

    Args:
        says: what the server or the network said; it may hold anything, even a key.
        status: of HTTP; 0 if there was no answer.
        wait_s: how long the server asks to wait.
        sent: the server may have worked on the request, and charge for it.
    """

    def __init__(self, says: str, status: int = 0, wait_s: float | None = None, sent: bool = False):
        super().__init__(says)
        self.status, self.wait_s, self.sent = status, wait_s, sent


class Client(Protocol):
    """One protocol's client."""

    def ask(self, parts: list[Part], max_new_tokens: int) -> Said:
        """Send frames and texts in their order, and read the greedy reply.

        Raises:
            TroubleError: there is none.
        """


def png(frame: Frame) -> bytes:
    """A frame's pixels as PNG."""
    data = io.BytesIO()
    Image.fromarray(frame.pixels).save(data, "png", compress_level=6)
    return data.getvalue()


def _shown(parts: list[Part]) -> list[Frame | str]:
    """What is sent: no sound, for no API model here is asked to hear, and no empty text, which servers refuse."""
    return [part for part in parts if isinstance(part, Frame) or (isinstance(part, str) and part)]


def _failure(text: str, end: str) -> str:
    """Why a reply does not count; empty if it does."""
    if end and end not in ENDED:
        return f"{REFUSED}{end}"
    return "" if text.strip() else "the reply is empty" + (f" ({end})" if end else "")


def _lost(error: Exception) -> TroubleError:
    """Of a connection that failed; one that never stood cost nothing."""
    reached = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    return TroubleError(f"{type(error).__name__}: {error}", sent=reached)


def _seconds(value: object) -> float | None:
    """A wait such as ``12``, ``1.5`` or ``45.8s``."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)s?\s*", str(value))
    return float(found[1]) if found else None


class GeminiClient:
    """Gemini through ``google-genai``.

    Args:
        row: the system's, with ``weights``, the model's name, and ``thinking_budget`` (tokens; a model that cannot
            think has none).
        key: API key.
        access: ``timeout_s`` of a request and ``base_url`` if it is not the vendor's.
    """

    def __init__(self, row: dict[str, Any], key: str, access: dict[str, Any]):
        from google import genai
        from google.genai import errors, types

        self.types, self.errors, self.row = types, errors, row
        options = types.HttpOptions(base_url=access.get("base_url"), timeout=round(1000 * access["timeout_s"]))
        self.client = genai.Client(vertexai=False, api_key=key, http_options=options)

    def ask(self, parts: list[Part], max_new_tokens: int) -> Said:
        """See :class:`Client`."""
        types, thinking = self.types, self.row.get("thinking_budget")
        shown = [
            types.Part.from_text(text=part) if isinstance(part, str)
            else types.Part.from_bytes(data=png(part), mime_type="image/png")
            for part in _shown(parts)
        ]  # fmt: skip
        config = types.GenerateContentConfig(
            temperature=0, seed=0, candidate_count=1,
            max_output_tokens=max_new_tokens + (thinking or 0),  # thoughts count as output
            thinking_config=None if thinking is None else types.ThinkingConfig(thinking_budget=thinking),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )  # fmt: skip
        try:
            response = self.client.models.generate_content(
                model=self.row["weights"], contents=types.Content(role="user", parts=shown), config=config
            )
        except self.errors.APIError as error:
            raise TroubleError(str(error.message or error.details), error.code, self._wait(error)) from None
        except httpx2.HTTPError as error:
            raise _lost(error) from None
        except ValueError as error:
            raise TroubleError(f"its reply cannot be read: {error}", sent=True) from None
        usage = response.usage_metadata
        prompt = usage.prompt_token_count if usage else None
        reply = None if prompt is None else (usage.total_token_count or prompt) - prompt
        feedback = response.prompt_feedback
        if not response.candidates:
            blocked = feedback.block_reason.value if feedback and feedback.block_reason else ""
            return Said("", _failure("", blocked), prompt, reply, response.model_version or "")
        first = response.candidates[0]
        content = (first.content.parts if first.content else None) or []
        text = "".join(part.text for part in content if part.text and not part.thought)
        end = first.finish_reason.value if first.finish_reason else ""
        if end == "PUP_LIMITED_DISABLED":  # nothing about this clip
            raise TroubleError("the account is limited or disabled", 400)
        return Said(text, _failure(text, end), prompt, reply, response.model_version or "")

    def _wait(self, error: Any) -> float | None:
        """Of the header, or of the entry ``RetryInfo`` in the body, where Gemini puts it."""
        found = _seconds(error.response.headers.get("retry-after") if error.response is not None else None)
        body = error.details if isinstance(error.details, dict) else {}
        told = body.get("error", body)
        details = told.get("details") if isinstance(told, dict) else None
        for entry in details if isinstance(details, list) else []:
            found = found or _seconds(entry.get("retryDelay") if isinstance(entry, dict) else None)
        return found


class OpenAIClient:
    """Any server of chat completions, through ``openai``.

    Args:
        row: the system's, with ``weights``, the name under which the server has the model.
        key: API key.
        access: ``timeout_s`` of a request and ``base_url`` if it is not the vendor's.
    """

    def __init__(self, row: dict[str, Any], key: str, access: dict[str, Any]):
        import openai

        self.openai, self.row = openai, row
        self.client = openai.OpenAI(
            api_key=key, base_url=access.get("base_url"), timeout=access["timeout_s"], max_retries=0
        )

    def ask(self, parts: list[Part], max_new_tokens: int) -> Said:
        """See :class:`Client`."""
        content = [
            {"type": "text", "text": part} if isinstance(part, str)
            else {"type": "image_url", "image_url": {"url": PNG_URL + base64.b64encode(png(part)).decode()}}
            for part in _shown(parts)
        ]  # fmt: skip
        try:
            response = self.client.chat.completions.create(
                model=self.row["weights"], messages=[{"role": "user", "content": content}],
                max_completion_tokens=max_new_tokens, temperature=0, seed=0,
            )  # fmt: skip
            usage = response.usage
            first = response.choices[0] if response.choices else None
        except self.openai.APIStatusError as error:
            if error.code in FILTERED:
                return Said("", f"{REFUSED}{error.code}", 0, 0, "")
            says = error.body.get("message") if isinstance(error.body, dict) else error.message
            raise TroubleError(
                str(says), error.status_code, _seconds(error.response.headers.get("retry-after"))
            ) from None
        except self.openai.APIConnectionError as error:
            raise _lost(error.__cause__ if isinstance(error.__cause__, Exception) else error) from None
        except (self.openai.OpenAIError, ValueError, AttributeError) as error:
            raise TroubleError(f"its reply cannot be read: {error}", sent=True) from None
        prompt, reply = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
        if first is None:
            return Said("", _failure("", ""), prompt, reply, response.model or "")
        refusal, text = getattr(first.message, "refusal", None), first.message.content or ""
        failure = f"{REFUSED}refusal" if refusal else _failure(text, first.finish_reason or "")
        return Said(refusal or text, failure, prompt, reply, response.model or "")


CLIENTS: dict[str, type[Client]] = {"gemini": GeminiClient, "openai": OpenAIClient}
"""By the system's family."""
