"""A free reply as plain text: without thoughts, markup and the many forms of one character.

Fields of JSON, tags and LaTeX boxes become lines ``key: value``, so that one grammar reads them all
(:mod:`emovlm.evaluation.replies.sentences`).
"""

import html
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import regex as re

THOUGHTS = "think(?:ing)?|thoughts?|reasoning|reflection|scratchpad"
OTHER_MARKS = (  # of models that mark their thoughts otherwise: Kimi, Mistral, OpenThinker
    (r"◁\s*think\s*▷|\[think\]|<\|begin_of_thought\|>", "<think>"),
    (r"◁\s*/\s*think\s*▷|\[/think\]|<\|end_of_thought\|>", "</think>"),
)
FINAL, CLASS, REASON = "final answer", "emotion", "reason"
FIELD_TAGS = {
    **dict.fromkeys(("answer", "final_answer", "final", "result"), FINAL),
    **dict.fromkeys(("emotion", "label", "class", "category", "prediction", "output", "expression"), CLASS),
    **dict.fromkeys(("reason", "explanation", "analysis", "rationale", "evidence", "description"), REASON),
}
"""Tag -> key of the line that its content becomes."""
INLINE_TAGS = ("b", "i", "u", "s", "em", "strong", "span", "code", "mark", "small", "big", "font", "sub", "sup", "a")
BLOCK_TAGS = "br|hr|p|div|li|ul|ol|dl|dt|dd|tr|td|th|table|tbody|thead|html|body|h[1-6]"
SAME = str.maketrans({
    **dict.fromkeys("’‘ʼ´", "'"), **dict.fromkeys("‐‑⁃−", "-"), **dict.fromkeys("–—―", " — "),
    **dict.fromkeys("\r\v\f\x85\u2028\u2029", "\n"), "\t": " ",
})  # fmt: skip
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»‹›「」『』《》〈〉", '"'))


def plain_text(reply: str) -> str:
    """The lines of a reply that are read, case-folded.

    What a model thinks is left out: all between ``<think>`` and ``</think>``, all before a ``</think>`` whose beginning
    stands in the prompt, and all after a ``<think>`` that is never closed.
    """
    text = _lines_only(_without_thoughts(_same(html.unescape(reply))))
    text = re.sub(r"```[\w+-]*[ ]*\n|```|\\n(?=[A-Z\s\\]|$)", "\n", text)  # fences, and ends of lines that were escaped
    text = _without_json(_without_latex(text)).translate(QUOTES)
    text = _without_markdown(_lines_only(_without_tags(_without_braces(text))))
    return _lines_only(text).strip().casefold()


def _lines_only(text: str) -> str:
    """Without indents and empty lines."""
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", text))


def same(term: str) -> str:
    """A term as it stands in a plain text."""
    return re.sub(r"\s+", " ", _same(term)).strip().casefold()


def _same(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    # Characters that nobody sees, such as soft hyphens and marks of direction, are category Cf.
    return "".join(c for c in text if unicodedata.category(c) != "Cf").translate(SAME)


def _without_thoughts(text: str) -> str:
    for marks, mark in OTHER_MARKS:
        text = re.sub(marks, mark, text, flags=re.I)
    kept: list[str] = []
    begins, inside = 0, False
    for found in re.finditer(rf"<\s*(/?)\s*(?:{THOUGHTS})\b[^<>]*>", text, flags=re.I):
        if found[1] and not inside:
            kept = []  # what was closed here was opened by the prompt
        elif not found[1] and not inside:
            kept.append(text[begins : found.start()])
        inside, begins = not found[1], found.end()
    return "\n".join(kept if inside else [*kept, text[begins:]])


def _without_latex(text: str) -> str:
    r"""The contents of commands, from the inside out; that of ``\boxed`` is the final answer."""
    command = re.compile(r"\\+([a-zA-Z]+)\s*\{([^{}]*)\}")
    while command.search(text):
        text = command.sub(lambda found: f"\n{FINAL}: {found[2]}\n" if found[1].endswith("boxed") else found[2], text)
    return text


def _without_json(text: str) -> str:
    """Valid objects and lists as lines; what else looks like them stays."""
    decoder, kept, at = json.JSONDecoder(strict=False), [], 0
    while found := re.compile(r'\{\s*"|\[\s*["{]').search(text, at):
        try:
            value, end = decoder.raw_decode(text, found.start())
            lines = list(_lines(value, ""))
        except (ValueError, RecursionError):
            kept.append(text[at : found.end()])
            at = found.end()
            continue
        kept += [text[at : found.start()], "\n", *(f"{line}\n" for line in lines)]
        at = end
    return "".join([*kept, text[at:]])


def _lines(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _lines(each, _key(name))
    elif isinstance(value, list):
        for each in value:
            yield from _lines(each, key)
    else:
        if value is None or isinstance(value, bool):
            value = "yes" if value else "no"
        # One line, one sentence: all of a value belongs to its key.
        told = re.sub(r"[.!。!;；]\s+(?=\S)|\n+", " — ", str(value).strip())
        yield f"{key}: {told}" if key else told


def _key(name: str) -> str:
    """``topEmotion`` and ``top_emotion`` as two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", name).strip()


def _without_braces(text: str) -> str:
    """Objects that are no valid JSON: cut off, or with the quotes of Python."""
    text = re.sub(r"""[{,]?\s*(['"])(\w[\w -]*)\1\s*:\s*""", lambda found: f"\n{_key(found[2])}: ", text)
    return re.sub(r"[{}]", "\n", text)


def _without_tags(text: str) -> str:
    def plain(found: re.Match) -> str:
        closes, name = found[1], found[2].lower().replace("-", "_")
        if name in INLINE_TAGS:
            return ""
        if closes:
            return "\n"
        return f"\n{FIELD_TAGS[name]}: " if name in FIELD_TAGS else f"\n{_key(found[2])}\n"  # <fear> is meant as a word

    text = re.sub(r"<(del|strike)\b[^<>]*>.*?</\1\s*>", " ", text, flags=re.I | re.S)
    text = re.sub(rf"<\|[^<>|]*\|>|<!--.*?-->|</?(?:{BLOCK_TAGS})\b[^<>]*>", "\n", text, flags=re.I | re.S)
    return re.sub(r"<(/?)([a-zA-Z][\w-]*)[^<>]*>", plain, text)


def _without_markdown(text: str) -> str:
    text = re.sub(r"~~.*?~~|!\[[^\]]*\]\([^)]*\)|https?://\S+", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^[ |:=*_-]*[-=*_]{3}[ |:=*_-]*$", "", text, flags=re.M)  # lines across the page, heads of tables
    text = re.sub(r"^(?: *(?:#+|>|[-+*•·▪◦‣]|\(?\d+[.)、])(?=\s|[^\W\d]))+", "", text, flags=re.M)
    text = re.sub(r"\\+[a-zA-Z]*[()\[\]]?|[$#_]", " ", text)
    return text.replace("*", "").replace("`", "").replace("|", " , ")
