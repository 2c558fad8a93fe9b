"""The naive counter: it says what is counted, and the fast one must equal it to the last unit."""

from collections.abc import Iterator, Sequence

import numpy as np

from emovlm.frequency.blocks import Block
from emovlm.frequency.counts import Counts, Term
from emovlm.frequency.drawing import occurrence_keys
from emovlm.frequency.normal_form import WORD, decoded, normal_form
from emovlm.frequency.segments import CLAUSE, count_chinese_words, cut
from emovlm.frequency.surroundings import REACH, Hit, context, look_around
from emovlm.frequency.vocabulary import Vocabulary


def find_english(text: str, vocabulary: Vocabulary) -> list[Hit]:
    """The hits of English terms in a text in the normal form, in order."""
    found = [(m.start(), m.end(), vocabulary.words[m[0]]) for m in WORD.finditer(text) if m[0] in vocabulary.words]
    for key, _, pattern in vocabulary.phrases:
        found += [(*m.span(), key) for m in pattern.finditer(text, overlapped=True)]
    return [Hit(key, start, end, start, end) for start, end, key in sorted(found)]


def find_chinese(text: str, vocabulary: Vocabulary) -> Iterator[Hit]:
    """The hits of Chinese terms in a text in the normal form, in order."""
    for clause in CLAUSE.finditer(text):
        segments = cut(clause[0])
        words = tuple(word for word, _ in segments)
        for place, (word, at) in enumerate(segments):
            if word in vocabulary.chinese:
                start = clause.start() + at
                yield Hit(vocabulary.chinese[word], start, start + len(word), *clause.span(), words, place)


def count_reference(
    terms: Sequence[Term],
    block: Block,
    *,
    words: bool = False,
    details: bool = False,
    contexts: int = 0,
    seed: int = 0,
) -> Counts:
    """Count some terms in a block, one document after the other. For the arguments see ``counter.Counter``."""
    vocabulary = Vocabulary(terms)
    counts = Counts(vocabulary.terms, 0 if words else None, most_contexts=contexts)
    for number, (start, end) in enumerate(zip(block.starts, block.ends, strict=True), block.first):
        one = Counts(vocabulary.terms, 0 if words else None, 1, int(end - start), most_contexts=contexts)
        text = normal_form(decoded(block.text[start:end]))
        if words:
            one.total_words = len(WORD.findall(text))
            one.total_words += count_chinese_words(text) if vocabulary.chinese else 0
        classes, numbers = set(), [0] * len(vocabulary.keys)
        for hit in [*find_english(text, vocabulary), *find_chinese(text, vocabulary)]:
            flags = look_around(hit, _before(text, hit.first), _after(text, hit.last))
            for k in vocabulary.holders[hit.key]:
                classes.add(one.classes.index(terms[k].emotion))
                one.hits[k] += 1
                one.documents[k] = 1
                if details:
                    for name in flags._fields:
                        getattr(one, name)[k] += getattr(flags, name)
            if contexts:
                shown = context(_before(text, hit.start), text[hit.start : hit.end], _after(text, hit.end))
                term, occurrence = vocabulary.names[hit.key], numbers[hit.key]
                (key,) = occurrence_keys(seed, term, block.file, np.array([number]), np.array([occurrence]))
                one.contexts.setdefault(term, []).append((int(key), block.file, number, shown))
                numbers[hit.key] += 1
        for a in classes:
            for b in classes:
                one.joint[a, b] = 1
        counts.add(one)
    return counts


def _before(text: str, at: int) -> str:
    return text[max(0, at - REACH) : at]


def _after(text: str, at: int) -> str:
    return text[at : at + REACH]
