"""How the reply of an API model is read from its JSON, whichever its protocol.

Servers fill the fields of a protocol in ways that its own package does not know: words of their own for the end of a
reply, parts where a text should be, an error with status 200.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

REFUSED = "refused: "  # how the reason of a refusal begins
EMPTY = "the reply is empty"  # and of a reply without text
ENDS = {
    "end": "stop stopped eos eos_token eot eot_id im_end endoftext end end_of_text end_of_turn end_turn stop_sequence "
           "stop_token stop_string complete completed finish finished done normal",
    "cut": "length max_tokens max_output_tokens max_completion_tokens max_new_tokens max_length model_length "
           "token_limit limit max_output continuation model_context_window_exceeded",
    "passing": "abort aborted error cancel cancelled canceled user_cancel timeout network_error server_error "
               "internal_error system_error insufficient_system_resource overloaded unavailable preempted failed",
    "refused": "content_filter content_filtered refusal refused safety sensitive recitation language blocklist "
               "prohibited_content spii image_safety image_prohibited_content image_recitation escalation model_armor "
               "guardrail_intervened error_toxic moderation blocked",
    "odd": "other image_other malformed_response malformed_function_call",
}  # fmt: skip
"""What a server may call the end of a reply: an end of its own; cut at the limit of tokens; an error, which may go by;
a refusal; no reason, which may go by or stay. Other words are unknown."""
END_OF = {word: kind for kind, words in ENDS.items() for word in words.split()}
UNSAID = ("", "finish_reason_unspecified")


@dataclass(frozen=True)
class Said:
    """A server's reply: its text, why there is none, tokens of the prompt and of all that was written (None if it does
    not say), the version of the model that it names, and whether the text was cut at the limit of tokens."""

    text: str
    failure: str
    prompt: int | None
    reply: int | None
    model: str
    cut: bool = False

    @property
    def refused(self) -> bool:
        """Whether the server refuses this prompt."""
        return self.failure.startswith(REFUSED)


class TroubleError(Exception):
    """A request failed.

    Args:
        says: what happened; empty where the server says it in ``body``. Both may hold anything, even a key.
        status: of HTTP; 0 if there was no answer, or one that cannot be read.
        body: of the server's error, JSON or text.
        wait_s: how long the header asks to wait.
        took: tokens of the prompt and of the reply that the request may have cost; None if nobody has counted them.
        lasting: what the reply comes to if it is so each time; None: no answer.
    """

    def __init__(
        self, says: str = "", status: int = 0, body: Any = None, wait_s: float | None = None,
        took: tuple[int, int] | None = (0, 0), lasting: Said | None = None,
    ):  # fmt: skip
        super().__init__(says)
        self.status, self.body, self.wait_s, self.took, self.lasting = status, body, wait_s, took, lasting


def conclude(text: str, end: str, prompt: int | None, reply: int | None, model: str) -> Said:
    """What a reply comes to that ended so.

    Raises:
        TroubleError: it ended with an error.
    """
    word = re.sub("[^a-z]+", "_", end.lower()).strip("_")
    kind = "end" if word in UNSAID else END_OF.get(word, "unknown")
    failure = "" if text.strip() else EMPTY + (f" ({end})" if end else "")
    if kind == "refused":
        failure = f"{REFUSED}{end}"
    elif kind == "odd":
        failure = f"the reply ended with {end}"
    elif kind == "unknown":
        failure = f"the reply ended with {end[:100]!r}, which is no end that is known here"
    said = Said(text, failure, prompt, reply, model, cut=kind == "cut")
    if kind in ("passing", "odd"):
        took = None if prompt is None else (prompt, reply or 0)
        raise TroubleError(f"the reply ended with {end}", took=took, lasting=said if kind == "odd" else None)
    return said


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path in JSON; None if nothing does."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text_of(value: Any) -> str:
    """A text; empty if it is none."""
    return value if isinstance(value, str) else ""


def count_of(value: Any) -> int | None:
    """A whole number; None if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def object_of(text: str | None) -> dict[str, Any]:
    """The JSON object of a reply.

    Raises:
        TroubleError: it is none.
    """
    try:
        body = json.loads(text or "")
    except ValueError as error:
        raise TroubleError(f"its reply cannot be read: {error}", took=None) from None
    if not isinstance(body, dict):
        raise TroubleError("its reply cannot be read: it is no JSON object", took=None)
    return body


def seconds(value: object) -> float | None:
    """A wait such as ``12``, ``1.5`` or ``45.8s``."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)s?\s*", str(value))
    return float(found[1]) if found else None
