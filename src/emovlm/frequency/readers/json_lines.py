"""Documents of JSON lines: the text of one key of each line's object."""

import json
import re
from collections.abc import Iterator
from typing import Any

from emovlm.frequency.blocks import Block
from emovlm.frequency.readers.lines import LONGEST, last_line_end, whole_documents
from emovlm.frequency.readers.streams import Stream

NOT_JSON = "not a JSON object"
NULL = "null text"
OTHER_TYPE = "text of another type"
LONG_LINE = f"JSON line longer than {LONGEST >> 20} MiB"
INVALID = "invalid UTF-8: counted with the wrong bytes replaced"
KEYS_WITHIN = 1 << 20  # bytes in which the first object is looked for
LONE = re.compile("[\ud800-\udfff]")  # half of a pair of \\u escapes
BOM = b"\xef\xbb\xbf"


def lacking(column: str) -> str:
    """The reason for which lines without the key are left out."""
    return f"no key {column!r}"


def json_blocks(stream: Stream, file: str, column: str, size: int, at_start: bool = True) -> Iterator[Block]:
    """The blocks of JSON lines. Blank lines are passed over; any other without a text is counted in ``skipped``.

    A line is read as ``json.loads`` reads it. jiter, which is several times as fast, refuses more than that does but
    accepts nothing else, so ``json.loads`` reads again what it refuses.

    Args:
        column: the key; ``a.b`` is ``b`` in the object ``a``, where no key is called ``a.b``.
        size: bytes to gather before a block is handed on.
        at_start: the stream begins with the file, where a byte-order mark may stand.
    """
    from jiter import from_json

    reasons = {KeyError: lacking(column), TypeError: NULL, ValueError: NOT_JSON, AttributeError: OTHER_TYPE}
    nested = column.split(".")
    first = position = 0
    went_on = False
    for held in whole_documents(stream, size, last_line_end):
        data = held.data.removeprefix(BOM) if at_start else held.data
        documents: list[bytes] = []
        skipped: dict[str, int] = {}
        lines = data.split(b"\n")
        if went_on:
            lines.pop(0)
        if held.cut:
            skipped[LONG_LINE] = int(not went_on)
            lines = []
        for line in lines:
            try:
                documents.append(from_json(line, cache_mode="keys")[column].encode())
            except (ValueError, KeyError, TypeError, AttributeError):
                if not line.strip():
                    continue
                try:
                    documents.append(_text(line, column, nested, skipped))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                    reason = reasons.get(type(error), NOT_JSON)
                    skipped[reason] = skipped.get(reason, 0) + 1
        yield Block.of(documents, file, first, skipped=skipped, read=stream.position - position)
        first, position, at_start, went_on = first + len(documents), stream.position, False, held.cut


def _text(line: bytes, column: str, nested: list[str], skipped: dict[str, int]) -> bytes:
    """The text of an unusual line.

    Raises:
        ValueError: the line is no JSON object.
        KeyError: it has no such key.
        TypeError: the text is null.
        AttributeError: the text is of another type.
    """
    try:
        read, valid = line.decode(), True
    except UnicodeDecodeError:
        read, valid = line.decode(errors="replace"), False
    value: Any = json.loads(read)
    if not isinstance(value, dict):
        raise ValueError
    for key in [column] if column in value else nested:
        if value is None:
            raise TypeError
        if not isinstance(value, dict):
            raise AttributeError
        value = value[key]
    if value is None:
        raise TypeError
    if not isinstance(value, str):
        raise AttributeError
    if not valid:
        skipped[INVALID] = skipped.get(INVALID, 0) + 1
    return LONE.sub("\ufffd", value).encode()


def keys_of(stream: Stream) -> list[str]:
    """The keys of the first line that is an object; none where that is not among the first few."""
    buffer = bytearray(KEYS_WITHIN)
    filled = stream.readinto(memoryview(buffer))
    for line in bytes(buffer[:filled]).removeprefix(BOM).split(b"\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return list(value)
    return []
