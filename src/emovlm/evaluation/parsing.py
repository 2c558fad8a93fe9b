"""The class that a free reply names: by its grammar, exactly, and as a substring.

The grammar is stated in docs/explanation/statistics.md. In short: thoughts and markup are left out
(:mod:`emovlm.evaluation.replies.plain_text`); a class is named by the words of its emotion
(:mod:`emovlm.evaluation.replies.words`) unless they are denied or in doubt (:mod:`emovlm.evaluation.replies.clauses`);
and what a reply calls its answer goes before what it discusses. Only a reply that gives one class has an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import regex as re

from emovlm.core.contracts.answers import REPLIES
from emovlm.evaluation.replies.chinese import CHINESE
from emovlm.evaluation.replies.clauses import Mention, Scanner, is_bare, is_unknown, mentions, prefers
from emovlm.evaluation.replies.english import ENGLISH
from emovlm.evaluation.replies.plain_text import plain_text
from emovlm.evaluation.replies.words import Words, read_words

CONCLUSION, FIELD, BARE, OTHER, ASIDE = 3, 4, 5, 6, 7  # tiers of statements; 1 and 2 are answers that are called so
STATEMENTS = [(tier, re.compile(f"{ENGLISH.statements[tier]}|{CHINESE.statements[tier]}")) for tier in range(1, BARE)]
OF_SENTENCES = ("aside", "options", "question", "announced", "cut", "frame", "changes", "corrects", "agrees", "refuses")
CUES = {name: re.compile(f"{getattr(ENGLISH, name)}|{getattr(CHINESE, name)}") for name in OF_SENTENCES}
LONG = [
    (re.compile(pattern), long)
    for pattern, long in (
        (r"\bca n't\b|\bcan't\b|\bcannot\b|\bcant\b", "can not"),
        (r"\bwo n't\b|\bwon't\b|\bwont\b", "will not"),
        (r"\bain't\b", "is not"),
        (r"\b(is|are|was|were|do|does|did|would|could|should|has|have|had|must)n'?t\b", r"\1 not"),
        (r"\b(it|he|she|that|there|this|what|here)'s\b", r"\1 is"),
        (r"\blet's\b", "let us"), (r"\bi'm\b", "i am"), (r"'re\b", " are"), (r"'ve\b", " have"), (r"'ll\b", " will"),
        (r"'d\b", " would"), (r"(?<=\w)'s\b", " s"),
        (r"\b(e\.g|i\.e|vs|etc|approx|cf|mr|mrs|ms|dr)\.", r"\1"),
        (r"\.{2,}|(?<=\s)-+(?=\s)|--+|[→⇒]|[-=]>", " — "),
        (r",? (?:right|correct|yes|no|ok|(?:is|are|does|do)(?: not)? (?:it|he|she|they)(?: not)?)\s*\?", "."),
    )
]  # fmt: skip
"""Contractions, abbreviations, dashes and questions that are none, written out."""
HEADS = (
    "final answer|answer|conclusion|verdict|emotion|label|class|reason|reasoning|explanation|analysis|答案|情绪|结论"
)
"""Headings: what stands alone in a line and says what the next line is."""
LEFT_OPEN = r"(?:[:,、]|(?<!: ?)\b(?:not|no|is|are|a|an|the|and|or|nor|of|than)|[不是非])"
"""What a line may end in if the sentence goes on in the next."""


def parse_label(reply: str, classes: Sequence[str], words: Words | None = None) -> str | None:
    """The one class that ``reply`` gives, or None if it gives none or several.

    Args:
        reply: as the model wrote it, thoughts included.
        classes: to choose from; any labels.
        words: which words stand for which emotion; the package's classes and lexicon if not given.
    """
    return _decided(_statements(reply, _scanner(tuple(classes), words or read_words())))


def exact_label(reply: str, classes: Sequence[str]) -> str | None:
    """The class that the reply is, up to case, surrounding white space and a final full stop."""
    said = reply.strip()
    said = (said[:-1] if said.endswith((".", "。")) else said).strip().casefold()
    return next((name for name in classes if name.strip().casefold() == said), None)


def substring_label(reply: str, classes: Sequence[str]) -> str | None:
    """The class whose name is the first to occur anywhere in the reply, within words too, whatever the case.

    Of two names that begin at one place it is the longer. This is the naive rule of scripts that ask ``if label in
    reply``; it takes ``not anger`` for anger and ``fearless`` for fear.
    """
    said = reply.casefold()
    found = [(said.find(name.casefold()), -len(name), name) for name in classes if name.casefold() in said]
    return min(found)[2] if found else None


def read_reply(reply: str, classes: Sequence[str], words: Words | None = None) -> dict[str, str | None]:
    """The class that a reply names by each of ``core.contracts.answers.REPLIES``."""
    by_rule = parse_label(reply, classes, words), exact_label(reply, classes), substring_label(reply, classes)
    return dict(zip(REPLIES, by_rule, strict=True))


@dataclass(frozen=True)
class Statement:
    """A sentence with the classes it names, and how directly: ``tier`` 1 is a final answer, 7 a remark."""

    tier: int
    mentions: tuple[Mention, ...]
    changes: bool  # does it speak of what came later or before?


@lru_cache(maxsize=16)
def _scanner(classes: tuple[str, ...], words: Words) -> Scanner:
    return Scanner(words.of(classes))


def _statements(reply: str, scanner: Scanner) -> list[Statement]:
    """What a reply states, without what it takes back."""
    text = plain_text(reply)
    for pattern, long in LONG:
        text = pattern.sub(long, text)
    sentences, found, asked = _sentences(text), [], ()
    for sentence in sentences:
        statement = _statement(sentence, scanner)
        if asked and not statement.mentions and CUES["agrees"].match(sentence):
            statement = replace(statement, tier=BARE, mentions=asked)  # Is it anger? Yes.
        asked = mentions(scanner.tokens(sentence)) if CUES["question"].search(sentence) else ()
        if CUES["corrects"].match(sentence) and any(mention.given for mention in statement.mentions):
            found = []
        elif statement.tier == OTHER and CUES["refuses"].search(sentence):
            found = [each for each in found if each.tier < OTHER]
        found.append(statement)
    if found and _is_cut(text, sentences[-1], found[-1].tier):
        found[-1] = replace(found[-1], mentions=())
    return found


def _sentences(text: str) -> list[str]:
    """Sentences of plain text; a line ends one, unless it breaks off."""
    text = re.sub(rf"^((?:\w+ )?(?:{HEADS}))\s*$", r"\1:", text, flags=re.M)
    text = re.sub(rf"({LEFT_OPEN})\s*\n\s*", r"\1 ", text)
    text = re.sub(r"\.(?!\d)|[。!;]", "\n", text).replace("?", "?\n")
    return [line for line in map(str.strip, text.split("\n")) if re.search(r"[^\s\p{P}]", line)]


def _statement(sentence: str, scanner: Scanner) -> Statement:
    changes = bool(CUES["changes"].search(sentence))
    if CUES["question"].search(sentence) or CUES["options"].match(sentence):
        return Statement(OTHER, (), changes)
    if aside := CUES["aside"].match(sentence):
        return Statement(ASIDE, mentions(scanner.tokens(sentence[aside.end() :])), changes)
    for tier, pattern in STATEMENTS:
        *_, begins = [None, *pattern.finditer(sentence)]
        said = sentence[begins.end() :] if begins else ""
        tokens = scanner.tokens(said)
        if found := mentions(tokens):
            return Statement(tier, found, changes)
        if re.search(r"\w\w|\p{Han}", said) and (tier < CONCLUSION or is_unknown(tokens)):
            return Statement(tier, (), changes)
    tokens = scanner.tokens(sentence)
    found = mentions(tokens)
    if any(mention.given for mention in found) and is_bare(tokens):
        return Statement(BARE, found, changes)
    if found and prefers(tokens):
        return Statement(CONCLUSION, found, changes)
    return Statement(OTHER, () if CUES["frame"].search(sentence) else found, changes)


def _is_cut(text: str, last: str, tier: int) -> bool:
    """Whether a reply ends in the middle of its last sentence, so that one cannot know what it would have given."""
    if CUES["cut"].search(last):
        return True
    return tier >= OTHER and bool(CUES["announced"].match(text)) and not re.search(r"[.!?。;\"')\]—]\s*$", text)


def _decided(statements: Sequence[Statement]) -> str | None:
    """The class that the most direct statements give."""
    by_tier = {tier: [each for each in statements if each.tier == tier] for tier in range(1, ASIDE + 1)}
    direct = [each for tier in (CONCLUSION, FIELD, BARE) for each in by_tier[tier]]
    if direct and not by_tier[CONCLUSION]:  # Happy. Later on she becomes sad.
        direct = [each for each in statements if each in direct or (each.tier == OTHER and each.changes)]
    for chosen in (by_tier[1], by_tier[2], direct, by_tier[OTHER], by_tier[ASIDE]):
        if chosen:
            given = _given(chosen)
            if given or chosen[0].tier < OTHER:
                return given.pop() if len(given) == 1 else None
            if any(each.mentions for each in chosen):
                return None
    return None


def _given(statements: Sequence[Statement]) -> set[str]:
    """The classes given and not taken back; concessions and reasons count only where nothing else is given."""
    given: set[str] = set()
    for statement in statements:
        main = [mention for mention in statement.mentions if not mention.aside]
        chosen = main if any(mention.given for mention in main) else statement.mentions
        for mention in chosen:
            (given.add if mention.given else given.discard)(mention.name)
    return given
