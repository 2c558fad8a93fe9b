"""What goes over the wire to an API model and how its reply is read: one client for each protocol.

Sources: the reference of ``generateContent`` as the package ``google-genai`` implements it, and of chat completions as
``openai`` and the servers vLLM, SGLang and TGI do. Neither client repeats a request by itself here: each attempt has to
enter the ledger, and ``google-genai`` would ignore how long the server asks to wait.

A frame goes as PNG unless its row says otherwise: without loss, so that an API model sees the pixels that every other
system sees. Frames are images in order, without their times, because the times of shuffled frames would tell their
order.
"""

import base64
import io
import json
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import httpx2
from PIL import Image

from emovlm.models.api.replies import (
    EMPTY,
    REFUSED,
    Said,
    TroubleError,
    at,
    conclude,
    count_of,
    object_of,
    seconds,
    text_of,
)
from emovlm.models.api.settings import NOT_SENT, settings_of
from emovlm.models.base import Frame, Part, at_most


@dataclass(frozen=True)
class Request:
    """What is sent: ``content`` and ``options`` as the protocol has them, ``size`` of the whole in bytes, and how many
    ``frames`` it shows."""

    content: Any
    options: dict[str, Any]
    size: int
    frames: int


TEXT_TYPES = (None, "text", "output_text")  # of the parts of a reply; others are thoughts, for example


class Client(Protocol):
    """One protocol's client."""

    sent: ClassVar[dict[str, str]]
    """The parameters that it sends, in lower case without underscores, each with its column of the systems table."""

    def prepare(self, parts: list[Part], max_new_tokens: int) -> Request:
        """The request for a reply to frames and texts in their order."""

    def ask(self, request: Request) -> Said:
        """Send it, and read the reply.

        Raises:
            TroubleError: there is none.
        """


def picture(frame: Frame, kind: str, quality: int) -> bytes:
    """A frame's pixels as PNG, which loses nothing, or as JPEG (colours at full size) or WebP of a quality to 100."""
    data, lossy = io.BytesIO(), {"quality": quality, **({"subsampling": 0} if kind == "jpeg" else {})}
    Image.fromarray(frame.pixels).save(data, kind, **({"compress_level": 6} if kind == "png" else lossy))
    return data.getvalue()


def shown_of(parts: list[Part], frames: int | None) -> list[Frame | str]:
    """What is sent: no sound, for no API model here is asked to hear; no empty text, which servers refuse."""
    shown = [part for part in parts if isinstance(part, Frame) or (isinstance(part, str) and part)]
    return at_most(shown, frames)


def _lost(error: Exception) -> TroubleError:
    """Of a connection that failed; one that never stood cost nothing."""
    reached = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    return TroubleError(f"{type(error).__name__}: {error}", took=None if reached else (0, 0))


class _Base:
    """What both clients do alike."""

    def __init__(self, row: dict[str, Any]):
        self.row = settings_of(row)

    def _pictures(self, parts: list[Part]) -> list[str | bytes]:
        """The texts and pictures to send."""
        shown = shown_of(parts, self.row.get("frames"))
        kind, quality = self.row["image_format"], self.row["image_quality"]
        return [part if isinstance(part, str) else picture(part, kind, quality) for part in shown]

    def _sampling(self) -> dict[str, Any]:
        """The parameters that make a reply greedy, as far as they are sent."""
        kinds = {"temperature": float, "seed": int}
        return {name: kind(self.row[name]) for name, kind in kinds.items() if self.row[name] != NOT_SENT}


class GeminiClient(_Base):
    """Gemini through ``google-genai``.

    Args:
        row: the system's, with ``weights``, the model's name, ``thinking_budget`` (tokens; a model that cannot think
            has none), and the columns of :mod:`emovlm.models.api.settings`.
        key: API key.
        access: ``timeout_s`` of a request and ``base_url`` if it is not the vendor's.
    """

    sent: ClassVar[dict[str, str]] = {
        "temperature": "temperature", "seed": "seed", "maxoutputtokens": "max_new_tokens",
        "thinking": "thinking_budget", "thinkingbudget": "thinking_budget", "thinkingconfig": "thinking_budget",
    }  # fmt: skip

    def __init__(self, row: dict[str, Any], key: str, access: dict[str, Any]):
        from google import genai
        from google.genai import errors, types

        super().__init__(row)
        self.types, self.errors = types, errors
        options = types.HttpOptions(base_url=access.get("base_url"), timeout=round(1000 * access["timeout_s"]))
        self.client = genai.Client(vertexai=False, api_key=key, http_options=options)

    def prepare(self, parts: list[Part], max_new_tokens: int) -> Request:
        """See :class:`Client`."""
        types, thinking, mime = self.types, self.row.get("thinking_budget"), f"image/{self.row['image_format']}"
        given = self._pictures(parts)
        content = [
            types.Part.from_text(text=part) if isinstance(part, str)
            else types.Part.from_bytes(data=part, mime_type=mime)
            for part in given
        ]  # fmt: skip
        options = {
            **self._sampling(), "candidateCount": 1,
            "maxOutputTokens": max_new_tokens + (thinking or 0),  # thoughts count as output
            **({} if thinking is None else {"thinkingConfig": {"thinking_budget": thinking}}),
        }  # fmt: skip
        # As the package writes it.
        written = [
            {"text": part} if isinstance(part, str)
            else {"inlineData": {"data": base64.b64encode(part).decode(), "mime_type": mime}}
            for part in given
        ]  # fmt: skip
        body = {"contents": [{"parts": written, "role": "user"}], "generationConfig": options}
        return Request(content, options, len(json.dumps(body)), sum(isinstance(part, bytes) for part in given))

    def ask(self, request: Request) -> Said:
        """See :class:`Client`."""
        types = self.types
        config = types.GenerateContentConfig(
            **request.options, should_return_http_response=True,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )  # fmt: skip
        try:
            response = self.client.models.generate_content(
                model=self.row["weights"], contents=types.Content(role="user", parts=request.content), config=config
            )
        except self.errors.APIError as error:
            headers = error.response.headers if error.response is not None else {}
            wait_s = seconds(headers.get("retry-after"))
            raise TroubleError(status=error.code, body=error.details, wait_s=wait_s) from None
        except httpx2.HTTPError as error:
            raise _lost(error) from None
        except ValueError as error:
            raise TroubleError(f"its reply cannot be read: {error}", took=None) from None
        return self._read(object_of(response.sdk_http_response.body))

    def _read(self, body: dict[str, Any]) -> Said:
        prompt, total = (count_of(at(body, "usageMetadata", f"{what}TokenCount")) for what in ("prompt", "total"))
        reply = None if prompt is None else max(0, (total or prompt) - prompt)
        if body.get("error"):
            raise TroubleError(status=200, body=body, took=None if prompt is None else (prompt, reply))
        model, first = text_of(body.get("modelVersion")), at(body, "candidates", 0)
        if first is None:
            blocked = text_of(at(body, "promptFeedback", "blockReason"))
            failure = f"{REFUSED}{blocked}" if blocked else EMPTY
            return Said("", failure, prompt, reply, model)
        parts = at(first, "content", "parts")
        text = "".join(
            text_of(at(part, "text")) for part in (parts if isinstance(parts, list) else []) if not at(part, "thought")
        )
        end = text_of(at(first, "finishReason"))
        if end == "PUP_LIMITED_DISABLED":  # nothing about this clip
            raise TroubleError("the account is limited or disabled", 403)
        return conclude(text, end, prompt, reply, model)


class OpenAIClient(_Base):
    """Any server of chat completions, through ``openai``.

    Args:
        row: the system's, with ``weights``, the name under which the server has the model, and the columns of
            :mod:`emovlm.models.api.settings`.
        key: API key.
        access: ``timeout_s`` of a request and ``base_url`` if it is not the vendor's.
    """

    sent: ClassVar[dict[str, str]] = {
        "temperature": "temperature", "seed": "seed", "maxtokens": "length_parameter",
        "maxcompletiontokens": "length_parameter",
    }  # fmt: skip

    def __init__(self, row: dict[str, Any], key: str, access: dict[str, Any]):
        import openai

        super().__init__(row)
        self.openai = openai
        self.client = openai.OpenAI(
            api_key=key, base_url=access.get("base_url"), timeout=access["timeout_s"], max_retries=0
        )

    def prepare(self, parts: list[Part], max_new_tokens: int) -> Request:
        """See :class:`Client`."""
        given = self._pictures(parts)
        address = f"data:image/{self.row['image_format']};base64,"
        content = [
            {"type": "text", "text": part} if isinstance(part, str)
            else {"type": "image_url", "image_url": {"url": address + base64.b64encode(part).decode()}}
            for part in given
        ]  # fmt: skip
        options = {"model": self.row["weights"], self.row["length_parameter"]: max_new_tokens, **self._sampling()}
        frames = sum(isinstance(part, bytes) for part in given)
        return self._request([{"role": "user", "content": content}], options, frames)

    def _request(
        self, messages: list[dict[str, Any]], options: dict[str, Any], frames: int, more: dict[str, Any] | None = None
    ) -> Request:  # fmt: skip
        """A request; ``more``: parameters that the package does not know."""
        # As the package writes it.
        written = json.dumps(
            {"messages": messages, **options, **(more or {})}, ensure_ascii=False, separators=(",", ":")
        )
        return Request(messages, {**options, "extra_body": more}, len(written.encode()), frames)

    def ask(self, request: Request) -> Said:
        """See :class:`Client`."""
        try:
            response = self.client.chat.completions.with_raw_response.create(
                messages=request.content, **request.options
            )
            text = response.text
        except self.openai.APIStatusError as error:
            wait_s = seconds(error.response.headers.get("retry-after"))
            raise TroubleError(status=error.status_code, body=error.body, wait_s=wait_s) from None
        except self.openai.APIConnectionError as error:
            raise _lost(error.__cause__ if isinstance(error.__cause__, Exception) else error) from None
        except (self.openai.OpenAIError, ValueError, AttributeError) as error:
            raise TroubleError(f"its reply cannot be read: {error}", took=None) from None
        return self._read(object_of(text))

    def _read(self, body: dict[str, Any]) -> Said:
        prompt, reply = (count_of(at(body, "usage", f"{what}_tokens")) for what in ("prompt", "completion"))
        model, first = text_of(body.get("model")), at(body, "choices", 0)
        error = body.get("error") or at(first, "error")
        if error or not isinstance(body.get("choices"), list):
            raise TroubleError(status=200, body=error or body, took=None if prompt is None else (prompt, reply or 0))
        if first is None:
            return Said("", EMPTY, prompt, reply, model)
        content, refusal = at(first, "message", "content"), text_of(at(first, "message", "refusal"))
        parts = content if isinstance(content, list) else [{"text": content}]
        parts = [{"text": part} if isinstance(part, str) else part for part in parts]
        told = [part for part in parts if at(part, "type") in TEXT_TYPES and not at(part, "thought")]
        text = "".join(text_of(at(part, "text")) for part in told)
        refusal = refusal or "".join(text_of(at(part, "refusal")) for part in parts)
        if refusal:
            return Said(refusal, f"{REFUSED}refusal", prompt, reply, model)
        return conclude(text, text_of(at(first, "finish_reason")), prompt, reply, model)
