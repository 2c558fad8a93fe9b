"""The words to look for, and which terms each stands for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from emovlm.core.errors import StudyError
from emovlm.frequency.counts import Term
from emovlm.frequency.normal_form import HYPHENS, WORD, WORD_CHARACTER, normal_form
from emovlm.frequency.segments import CLAUSE, cut, simplified

GAPS = {" ": r"\p{White_Space}+", "-": rf"(?:[{HYPHENS}]|\p{{White_Space}}+)"}
"""What may stand between two words of a term, by what stands there in the term."""


@dataclass(frozen=True)
class Key:
    """What is looked for: a word or phrase in the normal form, Chinese simplified."""

    language: str
    text: str


class Vocabulary:
    """The terms, and what to look for in texts.

    Attributes:
        terms: as given.
        keys: what to look for, each once.
        holders: (keys) the terms that hold a key's counts, by their index.
        words: an English word -> its key's index.
        phrases: English terms of several words: the key's index, its words, and what finds it in the normal form.
        chinese: a Chinese word, simplified -> its key's index.
        any_chinese: finds where one of these stands in a text.
        names: (keys) the term by which a key's contexts are called, the first of its holders.

    Raises:
        StudyError: there are no terms, or one is not a word or phrase of its language.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        if not terms:
            raise StudyError("there are no terms to count")
        self.terms = tuple(terms)
        alias = aliases(terms)
        holders: dict[Key, list[int]] = {}
        for k, term in enumerate(terms):
            found = holders.setdefault(key_of(term), [])
            if k not in alias:
                found.append(k)
        self.keys = list(holders)
        self.holders = list(holders.values())
        self.words: dict[str, int] = {}
        self.phrases: list[tuple[int, list[str], regex.Pattern[str]]] = []
        self.chinese: dict[str, int] = {}
        for k, key in enumerate(self.keys):
            if key.language == "zh":
                self.chinese[key.text] = k
            elif WORD.fullmatch(key.text):
                self.words[key.text] = k
            else:
                self.phrases.append((k, WORD.findall(key.text), _phrase(key.text)))
        self.any_chinese = re.compile("|".join(map(re.escape, self.chinese)))
        self.names = [self.terms[some[0]].text for some in self.holders]


def key_of(term: Term) -> Key:
    """What is looked for of a term: its normal form, for Chinese simplified.

    Raises:
        StudyError: it is not a word or phrase of its language.
    """
    text = re.sub(r"\s+", " ", normal_form(term.text).strip())
    if term.language == "zh":
        if not CLAUSE.fullmatch(text):
            raise StudyError(
                f"{term.text!r} ({term.emotion}) cannot be found in Chinese text: the segmenter makes no word of it; "
                "write one word, without spaces"
            )
        return Key("zh", simplified(text))
    if term.language != "en":
        raise StudyError(f"{term.text!r} ({term.emotion}): language {term.language!r}; en and zh can be counted")
    if not regex.fullmatch(rf"{WORD_CHARACTER}+(?:[ {HYPHENS}]{WORD_CHARACTER}+)*", text, regex.V1):
        raise StudyError(
            f"{term.text!r} ({term.emotion}) cannot be found in English text: write words, with a space or a hyphen "
            "between two"
        )
    return Key("en", re.sub(f"[{HYPHENS}]", "-", text))


def aliases(terms: Sequence[Term]) -> dict[int, int]:
    """Terms of traditional script that are the same word as another of their class, by their indices.

    Texts are counted in simplified form. So such a word is counted once, for the simplified term, or for the first
    traditional one if there is none; its aliases hold zeros.
    """
    main: dict[tuple[Key, str], int] = {}
    for k, term in enumerate(terms):
        if term.script != "traditional":
            main.setdefault((key_of(term), term.emotion), k)
    for k, term in enumerate(terms):  # where no term is simplified, the first of the traditional ones
        if term.script == "traditional":
            main.setdefault((key_of(term), term.emotion), k)
    traditional = {k: main[key_of(term), term.emotion] for k, term in enumerate(terms) if term.script == "traditional"}
    return {k: other for k, other in traditional.items() if other != k}


def not_words(terms: Sequence[Term]) -> list[Term]:
    """The Chinese terms of which the segmenter makes no word even where one stands alone: their counts say nothing."""
    return [term for term in terms if term.language == "zh" and len(cut(key_of(term).text)) > 1]


def _phrase(text: str) -> regex.Pattern[str]:
    parts = re.split("([ -])", text)
    between = "".join(GAPS.get(part, regex.escape(part)) for part in parts)
    return regex.compile(f"(?<!{WORD_CHARACTER}){between}(?!{WORD_CHARACTER})", regex.V1)
