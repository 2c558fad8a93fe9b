"""What an error of an API model is about: one clip, the server at this moment, or all that is asked for.

A protocol's codes and fields decide where there are any, then the words of its message. Sources: the error references
of OpenAI, OpenRouter and the Gemini API, and the messages of vLLM, SGLang, TGI, llama.cpp, LM Studio and LiteLLM.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emovlm.models.api.replies import TroubleError, seconds

Kind = Literal["clip", "refused", "passing", "configuration", "unclear"]
"""``clip``: it is too long or too large; ``refused``: a filter blocks it; ``passing``: may go by; ``configuration``: no
clip can be asked so; ``unclear``: the clip's or the configuration's, which only another clip can tell."""

KEY_STATUS = (401, 407)
KEY_CODES = {"invalid_api_key", "api_key_invalid", "authentication_error", "unauthenticated", "invalid_authentication"}
ACCOUNT_CODES = {
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated", "quota_exceeded",
    "failed_precondition", "permission_denied", "payment_required", "pup_limited_disabled",
}  # fmt: skip
MODEL_CODES = {"model_not_found", "invalid_model", "model_not_available", "modelnotfound"}
FILTER_CODES = {
    "content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked",
    "data_inspection_failed", "datainspectionfailed", "safety_violation",
}  # fmt: skip
LONG_CODES = {
    "context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "max_tokens_exceeded",
    "token_limit_exceeded", "string_too_long", "image_too_large", "payload_too_large", "request_too_large",
    "request_entity_too_large",
}  # fmt: skip
UNCLEAR_STATUS = (400, 415, 422, 424, 451)
PASSING_STATUS = (408, 409, 425, 429, 499)  # and those from 500

ACCOUNT = re.compile(
    r"insufficient[ _](quota|credit|fund|balance)|(out of|not enough|more) (credit|balance)|credit balance"
    r"|billing (hard )?limit|spend(ing)?[ -](limit|cap)"
    r"|\b(account|organi[sz]ation|project|subscription)\b[^.]{0,40}\b(suspended|deactivated|disabled|flagged|blocked"
    r"|terminated|restricted|banned|expired|not active|overdue)"
    r"|per[ _-]?day|daily|per[ _-]?month|monthly|\b[rt]pd\b|\blimit: 0\b"
)
KEY = re.compile(
    r"(api|access)[ _-]?key[^.]{0,40}(not valid|invalid|expired|incorrect|missing)|(invalid|incorrect) api"
)
FILTER = re.compile(
    r"content (management )?polic|usage (polic|guideline)|content filter|safety (system|polic|filter|guideline)"
    r"|\b(prompt|content|input|image|message)s?\b( \w+)? (flagged|blocked|rejected|filtered)|flagged (as|for|by)"
    r"|inappropriate|responsible ai|moderation|harmful|sensitive (content|word|information)|prohibited content"
)
LONG = re.compile(
    r"context[ _-]?(length|window|size|limit)|max_model_len|maximum (model |input |prompt |sequence )?length"
    r"|maximum (allowed )?number of (input |prompt )?tokens"
    r"|\b(input|prompt|sequence|request|text|message|content|payload|image|body|entity|file|string|conversation)s?\b"
    r"[^.:]{0,40}\btoo (long|large|big|many)"
    r"|too many (\w+ )?(tokens|images|frames)"
    r"|\b(token|image|frame|input|prompt|payload|request|body|sequence|file|content|message)s?\b[^.]{0,60}\bexceed"
    r"|longer than (the )?(model|max)|larger than (the )?(max|limit|allowed)"
    r"|at most [1-9]\d* (image|frame|picture|multi)|up to \d+ (image|frame)|maximum of \d+ (image|frame)"
    r"|only \d+ (image|frame)|limit(ed)? (of|to) \d+ (image|frame)|(fewer|less) than \d+ (image|frame)"
    r"|but passed \d+ image|range of input length|exceeded (the )?limit on"
    r"|(reduce|shorten) the (length|number|size)|must be at least 1, got -|input[^.]{0,40} must (be|have) (<|less)"
)
TOO_MUCH_AT_ONCE = re.compile(r"request too large|request is too large")  # per minute; waiting does not help
BUSY = re.compile(r"timed? ?out|deadline|rate limit|quota|concurren|overload|capacity")
MODEL = re.compile(
    r"\bmodels?\b.{0,80}(not[ _](found|exist|available|a valid)|does(n't| not) exist|deprecated|decommissioned)"
    r"|(invalid|unknown|unsupported|no such) model"
)
SIZE = re.compile(r"too (large|small|high|low)|at (least|most)|minimum|maximum|range|between|must be|greater|less than")
IMAGE_FORMAT = re.compile(r"image|mime|media type")
CODE_KEYS = ("code", "type", "status", "reason", "error_type", "error_code", "quotaid")
FIELD_KEYS = ("param", "parameter", "field", "loc")
WORD_KEYS = ("message", "msg", "detail", "details", "error", "errors", "error_description", "description", "raw")


@dataclass(frozen=True)
class Fault:
    """An error as it is read from its body.

    Attributes:
        says: the server's words; they may hold anything, even a key.
        status: of HTTP, or the one that a body with status 200 names; 0 if there was no answer.
        codes: all codes, types and reasons in it, in lower case.
        fields: the parameters of the request that it points at, in lower case and without underscores.
        replied: it came with status 200, as an answer would.
        wait_s: how long the server asks to wait.
    """

    says: str
    status: int
    codes: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    replied: bool = False
    wait_s: float | None = None


def fault_of(trouble: TroubleError) -> Fault:
    """Read an error, whatever the shape of its body."""
    told = list(_scalars(trouble.body))
    status, replied = trouble.status, trouble.status == 200
    codes = [str(value).lower() for key, value in told if key in CODE_KEYS]
    if replied:
        status = next((int(code) for code in codes if re.fullmatch("[45][0-9][0-9]", code)), status)
    return Fault(
        str(trouble) or words_of(trouble.body) or "no reason given", status, frozenset(codes),
        frozenset(_plain(str(value)) for key, value in told if key in FIELD_KEYS), replied,
        # Gemini says how long to wait in an entry RetryInfo of the body.
        trouble.wait_s or next((seconds(value) for key, value in told if key == "retrydelay"), None),
    )  # fmt: skip


def kind_of(fault: Fault, sent: Mapping[str, str]) -> Kind:
    """What an error is about.

    Args:
        sent: the parameters that were sent, each with its column of the systems table.
    """
    says, status, codes = fault.says.lower(), fault.status, fault.codes
    if status == 0:
        return "passing"
    if status < 500 and (status == 402 or of_key(fault) or codes & ACCOUNT_CODES or ACCOUNT.search(_all(fault))):
        return "configuration"
    if status == 429:
        return "clip" if TOO_MUCH_AT_ONCE.search(says) else "passing"
    if codes & FILTER_CODES or (status < 500 and FILTER.search(says)):
        return "refused"
    if status in UNCLEAR_STATUS and any(_names(fault, name) for name in sent if "tokens" not in name):
        return "configuration"
    if status in (413, 414) or codes & LONG_CODES or (LONG.search(says) and not (status >= 500 and BUSY.search(says))):
        return "clip"
    if status in PASSING_STATUS or status >= 500 or status == 200:
        return "passing"
    if status not in UNCLEAR_STATUS or codes & MODEL_CODES or MODEL.search(says) or column_of(fault, sent) is not None:
        return "configuration"
    return "passing" if fault.replied else "unclear"


def of_key(fault: Fault) -> bool:
    """Whether the server does not accept the key. It may repeat it then, so nothing of the message may be shown."""
    return (
        fault.status in KEY_STATUS or bool(fault.codes & KEY_CODES)
        or (fault.status in (400, 403, 404, 200) and KEY.search(fault.says.lower()) is not None)
    )  # fmt: skip


def code_of_filter(fault: Fault) -> str:
    """The code under which a filter blocks the prompt; empty if it has none."""
    return min(fault.codes & FILTER_CODES, default="")


def column_of(fault: Fault, sent: Mapping[str, str]) -> str | None:
    """The column of the systems table whose parameter an error names; None if it names none that was sent."""
    says = _plain(fault.says)
    for name, column in sent.items():
        if _names(fault, name) or re.search(rf"(?<![a-z]){name}(?![a-z])", says):
            return column
    return None


def _names(fault: Fault, name: str) -> bool:
    """Whether a field of the error names a parameter."""
    return any(name in field.split(".") for field in fault.fields)


def advice(fault: Fault, column: str | None, settings: Mapping[str, Any]) -> str:
    """What to change so that clips can be asked, in a sentence; empty where nobody can tell."""
    row, says = f"of the row of {settings['system']} in the systems table", fault.says.lower()
    named = re.search("unsupported|not (support|permit|allow)|unknown|unrecogni|unexpected|extra", says)
    if column == "max_new_tokens" or (column == "length_parameter" and not named and SIZE.search(says)):
        return "Change max_new_tokens in the config (of evaluation, or of enrichment where it is about texts)"
    if column == "length_parameter":
        now = settings[column]
        other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[now]
        return f"Write {other} in column length_parameter {row} (now it is {now})"
    if column == "family":
        return without_scores(settings)
    if column in ("temperature", "seed"):
        if settings[column] == "default":
            return f"Write a number in column {column} {row}"
        return f"Write default in column {column} {row}, so that it is not sent (now it is {settings[column]})"
    if column is not None:
        return f"Change column {column} {row}, or leave it empty"
    if fault.status == 404 or fault.codes & MODEL_CODES or MODEL.search(says):
        return f"See whether the server has the model of column weights {row}"
    return f"See whether it takes images of column image_format {row}" if IMAGE_FORMAT.search(says) else ""


def without_scores(settings: Mapping[str, Any]) -> str:
    """What to do where a server gives no scores for labels, in a sentence."""
    return (
        "Serve the model with vLLM 0.10.2 or newer, or let its reply decide: write openai in column family of the row "
        f"of {settings['system']} in the systems table, and reply in column decision of its conditions"
    )


def words_of(body: Any) -> str:
    """What an error says, from a body of any shape: text, HTML, or JSON with its words in places of its own."""
    if isinstance(body, str):
        return " ".join(re.sub(r"<[^<>]*>", " ", body).split())
    if isinstance(body, list):
        return "; ".join(filter(None, map(words_of, body)))
    if not isinstance(body, dict):
        return "" if body is None else str(body)
    said = next((words_of(body[key]) for key in WORD_KEYS if body.get(key)), "")
    where = ".".join(map(str, body["loc"])) if isinstance(body.get("loc"), list) else ""
    raw = words_of(_decoded(body["metadata"].get("raw"))) if isinstance(body.get("metadata"), dict) else ""
    return " ".join(filter(None, (f"{where}:" if where else "", said, raw)))


def _scalars(body: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Each single value of a body with the key under which it stands, also of JSON inside of text."""
    body = _decoded(body) if key == "raw" else body
    if depth > 10:
        return
    if isinstance(body, dict):
        for name, value in body.items():
            yield from _scalars(value, str(name).lower(), depth + 1)
    elif isinstance(body, list):
        for value in body:
            yield from _scalars(value, key, depth + 1)
    elif body is not None:
        yield key, body


def _decoded(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _plain(text: str) -> str:
    """In lower case and without underscores, so that a parameter's spellings are one: maxOutputTokens."""
    return text.lower().replace("_", "")


def _all(fault: Fault) -> str:
    """Message and codes together: the name of a quota says whether it is one of a day."""
    return " ".join([fault.says.lower(), *sorted(fault.codes)])
