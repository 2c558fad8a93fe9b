"""Which classes one sentence of a reply gives: what is denied, in doubt, compared, conceded.

A sentence is cut into tokens: words that name a class, cues (:class:`emovlm.evaluation.replies.cues.Cues`), marks and
other words. Then it is read once from left to right. What denies a class denies all that follows, until

- a word that begins anew (*but*, *instead*), or a mark other than a comma;
- a comma, unless a list goes on after it (*not angry, sad or afraid*);
- *and* with another verb (*does not smile and looks sad*), or another subject with a verb.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

import regex as re

from emovlm.evaluation.replies.chinese import CHINESE
from emovlm.evaluation.replies.cues import ROLES
from emovlm.evaluation.replies.english import AUXILIARY, ENGLISH
from emovlm.evaluation.replies.plain_text import same

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts whose words are not parted by spaces, or have endings written to them: a term may stand anywhere there."""
LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]"
BEGIN, END = rf"(?<!{LETTER})(?<!{LETTER}[-'])", rf"(?!{LETTER})(?![-']{LETTER})"
LOOKING = r"(?:-(?:looking|filled|faced|stricken|like|driven|ridden|eyed))?"  # a sad-looking face is sad
TORN = frozenset(("ness", "less", "ful", "ly", "ment", "ed", "er", "ing"))  # endings that stand apart: sad ness
HIGHER = ("class", "comma", "subject")  # what an adverb before it is about, in place of a feeling: sadly, we ...
OPENERS = frozenset(("i", "we", "it", "he", "she", "they", "this", "that", "there", "the"))
BY_ITSELF = r"(?:it|this|that|i) (?!may|might|could|can)"  # subjects of a bare answer: it is fear, I think fear
HEDGED = (" may", " might", " could")
ITEM = ("class", "and", "idiom", "word")  # what an item of a list consists of
ANEW = frozenset(("so", "then", "only", "just", "simply", "merely", "more", "thus", "therefore", "it", "instead"))
LACKING = ("absence of", "lack of", "without", "lacking")
SHOWS = frozenset(("suggest", "suggests", "indicate", "indicates", "implies", "means", "points"))
NOUNS = ("emotion", "emotions", "expression", "sign", "signs", "feeling", "face", "look")
BETWEEN = frozenset((*AUXILIARY, *NOUNS, "clearly", "also", "itself", "here", "there", *"的情绪表迹象并也是很"))
"""Words that may stand between a class and what is said of it."""


@dataclass(frozen=True)
class Token:
    """A piece of a sentence. ``role``: ``class`` (of ``name``), ``idiom``, one of ``ROLES``, ``word``, ``mark``, ..."""

    role: str
    text: str
    name: str = ""


@dataclass(frozen=True)
class Mention:
    """A class that a sentence gives or denies. ``aside``: only as a concession or a reason."""

    name: str
    given: bool
    aside: bool = False


class Scanner:
    """Cuts sentences into tokens.

    Args:
        terms: the class that each word names (:meth:`emovlm.evaluation.replies.words.Words.of`).
    """

    def __init__(self, terms: Mapping[str, str]):
        self.names = {_spaced(term): name for term, name in terms.items()}
        named = f"(?:{_any_of(self.names)})"
        groups = [
            ("class", _any_of(term for term in self.names if " " in term)),
            ("idiom", f"{BEGIN}(?:{ENGLISH.idioms}){END}|{CHINESE.idioms}"),
            ("class", _any_of(term for term in self.names if " " not in term)),
            *(
                (role, f"{BEGIN}(?:{ENGLISH.of(role).replace('CLASS', named)}){END}|{CHINESE.of(role)}")
                for role in ROLES
            ),
            ("number", r"\d+(?:[.,]\d+)*\s*%?"),
            ("word", rf"{LETTER}+(?:['-]{LETTER}+)*|[{UNSPACED}]"),
            ("and", r"/|&|、"),
            ("comma", ","),
            ("mark", r"[^\s\"'%]"),
        ]
        found = (f"(?P<{role}_{i}>{pattern})" for i, (role, pattern) in enumerate(groups) if pattern)
        self.pattern = re.compile("|".join(found), re.V1)

    def tokens(self, sentence: str) -> list[Token]:
        """The tokens of a sentence of plain text, contractions written out."""
        found = []
        for match in self.pattern.finditer(sentence):
            role, text, name = match.lastgroup.rpartition("_")[0], match[0], ""
            if role == "class":
                name = self.names.get(_spaced(text)) or self.names[_spaced(re.sub(f"{LOOKING}$", "", text))]
            elif role == "number" and not re.search(r"[1-9]", text):
                role = "naught"
            found.append(Token(role, text, name))
        return found


def mentions(found: Sequence[Token]) -> tuple[Mention, ...]:
    """The classes that the tokens of a sentence give or deny, in their order."""
    return tuple(_Reading(found).read())


def prefers(found: Sequence[Token]) -> bool:
    """Whether a sentence says of a class that it is likelier or fits better than others."""
    return any(token.role == "better" for token in found)


def is_bare(found: Sequence[Token]) -> bool:
    """Whether a sentence is hardly more than the name of a class: *Fear*, *It is fear*, *fear, not anger*."""
    for token in found:
        if token.role in ("hedge", "uncertain", "number") or (
            token.role == "subject" and not re.match(BY_ITSELF, token.text)
        ):
            return False
        letter_of_option = token.text.isascii() and len(token.text) == 1
        if token.role == "word" and token.text not in ENGLISH.fillers | CHINESE.fillers and not letter_of_option:
            return False
    return any(token.role == "class" for token in found)


def is_unknown(found: Sequence[Token]) -> bool:
    """Whether a sentence says that there is no answer: *unclear*, *hard to say*, *none*."""
    return any(token.role in ("uncertain", "naught") or token.text in ("none", "unknown", "未知") for token in found)


class _Reading:
    """One sentence being read; a method ``_<role>`` says what a token of that role does."""

    def __init__(self, found: Sequence[Token]):
        self.tokens = found
        self.mentions: list[Mention] = []
        self.at: list[int] = []  # the token of each mention
        self.denies = ""  # the role of the cue that denies what follows
        self.covered = False  # has it denied a class yet?
        self.list = ""  # ``open`` within a list that is denied, ``closed`` from its last item on
        self.less = ""  # the word that ends an open comparison: less angry *than* sad
        self.aside = ""  # ``concession``, ``reason``, or ``first`` of a reason that begins the sentence
        self.hedged = self.lacking = False

    def read(self) -> list[Mention]:
        for i, token in enumerate(self.tokens):
            getattr(self, f"_{token.role}", self._other)(i, token)
        return self.mentions

    def _other(self, i: int, token: Token) -> None:
        pass

    def _class(self, i: int, token: Token) -> None:
        following = self.tokens[i + 1] if i + 1 < len(self.tokens) else Token("", "")
        if following.text in TORN:
            return
        if token.text.endswith("ly") and (following.role in HIGHER or following.text in OPENERS):
            return
        self.mentions.append(Mention(token.name, not self.denies, bool(self.aside)))
        self.at.append(i)
        self.covered |= bool(self.denies)

    def _verbal(self, i: int, token: Token) -> None:
        with_verb = token.role == "uncertain" or (i and self.tokens[i - 1].text in AUXILIARY)
        about = self._about(i) if with_verb else []
        if not any(each.role == "class" for each in _item(self.tokens[i + 1 :])[0]):
            self._deny(about)  # anger is not visible
        self._open(token.role)

    _uncertain = _verbal

    def _nominal(self, i: int, token: Token) -> None:
        self._open("" if self.denies and token.text in ENGLISH.exceptions else "nominal")
        self.lacking = token.text in LACKING

    def _word(self, i: int, token: Token) -> None:
        if self.lacking and self.denies == "nominal" and token.text in SHOWS:
            self.denies = ""  # the lack of a smile suggests sadness

    def _less(self, i: int, token: Token) -> None:
        self._open("nominal")
        self.less = "as" if token.text.endswith("much") else "than"

    def _than(self, i: int, token: Token) -> None:
        between = [each.role for each in self.tokens[max(i - 1, 0) : i + 2 : 2]] == ["class", "class"]
        if token.text == "than" or token.text == self.less or (token.text == "over" and between):
            self.denies, self.less = ("" if token.text == self.less else "nominal"), ""

    def _absent(self, i: int, token: Token) -> None:
        if about := self._about(i):
            self._deny(about)
        else:
            self._open("verbal")

    def _naught(self, i: int, token: Token) -> None:
        if about := self._about(i, marks=True):
            self._deny(about)  # anger: 0%
        else:
            self._open("nominal")  # 0% anger

    def _better(self, i: int, token: Token) -> None:
        if about := self._about(i):
            self._keep(about[:1])

    def _correct(self, i: int, token: Token) -> None:
        self._keep([])
        self.denies = self.aside = ""

    def _stop(self, i: int, token: Token) -> None:
        if self.hedged and any(mention.given for mention in self.mentions):
            ahead = _Reading(list(takewhile(lambda each: each.role != "stop", self.tokens[i + 1 :])))
            if any(mention.given for mention in ahead.read()) and not ahead.hedged:
                self._keep([])  # it may be anger, but it is fear
        self.denies = self.aside = ""
        self.hedged = False

    def _mark(self, i: int, token: Token) -> None:
        if i == 0 or self.tokens[i - 1].role not in ("verbal", "nominal"):  # not: fear
            self.denies = ""

    def _concede(self, i: int, token: Token) -> None:
        self.denies, self.aside = "", "concession"

    def _reason(self, i: int, token: Token) -> None:
        self.denies, self.aside = "", "reason" if self.at else "first"

    def _subject(self, i: int, token: Token) -> None:
        self.hedged |= token.text.endswith(HEDGED)
        if self.denies == "nominal" or self.covered:
            self.denies = ""

    def _and_verb(self, i: int, token: Token) -> None:
        self.denies = ""

    def _hedge(self, i: int, token: Token) -> None:
        self.hedged = True

    def _not_only(self, i: int, token: Token) -> None:
        half = not any(each.role in ("stop", "comma", "and") for each in self.tokens[i + 1 :])
        self._open("nominal" if half else "")  # what else it is was never said

    def _comma(self, i: int, token: Token) -> None:
        if self.aside != "reason":
            self.aside = ""
        if self.denies and not self._list_goes_on(i):
            self.denies = ""

    def _open(self, role: str) -> None:
        self.denies, self.covered, self.list = role, False, ""

    def _list_goes_on(self, i: int) -> bool:
        """Whether what follows a comma is a further item of a list that is denied."""
        item, rest = _item(self.tokens[i + 1 :])
        if self.list == "closed" or not item or not _is_item(item):
            return False
        if item[0].role == "and":
            goes_on = self.list == "open" or item[0].text not in ("and", "和")  # , or afraid
            self.list = "closed"
            return goes_on
        if any(token.role == "and" for token in item):
            self.list = "closed"
            return True
        following = _item(rest)[0]
        more = bool(following) and _is_item(following)
        goes_on = more or self.list == "open"
        self.list = "open" if more else "closed"
        return goes_on

    def _about(self, i: int, marks: bool = False) -> list[int]:
        """Numbers of the mentions that a cue right after them is about, the last first: *fear and anger are absent*."""
        k = i - 1
        while k >= 0 and (self.tokens[k].text in BETWEEN or (marks and self.tokens[k].role == "mark")):
            k -= 1
        found, joined = [], False
        while k in self.at:
            found.append(self.at.index(k))
            before = self.tokens[k - 1].role if k else ""
            joined |= before == "and"
            k = k - 2 if before == "and" or (joined and before == "comma") else -1
        return found

    def _deny(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.mentions[number] = replace(self.mentions[number], given=False)

    def _keep(self, numbers: Sequence[int]) -> None:
        """Deny all mentions so far but these."""
        self._deny([number for number in range(len(self.mentions)) if number not in numbers])


def _item(found: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """The tokens up to the next comma or mark, and those after a comma."""
    for i, token in enumerate(found):
        if token.role in ("mark", "stop", "comma"):
            return found[:i], found[i + 1 :] if token.role == "comma" else []
    return found, []


def _is_item(found: Sequence[Token]) -> bool:
    """Whether tokens can be an item of a list of classes, or its last item behind *or*."""
    if found[0].text in ANEW or any(token.text in AUXILIARY or token.role not in ITEM for token in found):
        return False
    return found[0].role == "and" or any(token.role == "class" for token in found)


def _spaced(term: str) -> str:
    return re.sub(r"[\s_-]+", " ", same(term)).strip()


def _any_of(terms: Iterable[str]) -> str:
    """The pattern of terms, the longest first. Their words may be parted by spaces or hyphens, and they stand between
    the edges of words. Terms of one length share their edges: an edge for each takes seconds to compile.
    """

    def edges(term: str) -> tuple[str, str]:
        begin = "" if re.match(f"[{UNSPACED}]", term) else BEGIN
        return begin, "" if re.search(f"[{UNSPACED}]$", term) else f"{LOOKING}{END}"

    found = []
    for (_, (begin, end)), alike in groupby(sorted(terms, key=(by := lambda term: (-len(term), edges(term)))), by):
        parts = "|".join(r"[\s-]+".join(map(re.escape, term.split(" "))) for term in alike)
        found.append(f"{begin}(?:{parts}){end}")
    return "|".join(found)
