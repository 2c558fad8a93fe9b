"""Find Chinese terms in many short texts at once. All but the key of a hit is made when it is asked for."""

import numpy as np

from emovlm.frequency.segments import CLAUSE, cut_together, simplified
from emovlm.frequency.surroundings import Hit
from emovlm.frequency.vocabulary import Vocabulary


class ChineseHits:
    """The hits of Chinese terms in texts in the normal form, in order.

    Args:
        texts: the texts.
        n_mixed: so many of them, the first, may be long and have nothing Chinese in them.

    Attributes:
        keys: (hits,) key of each, by its index in the vocabulary.
        texts: (hits,) index of its text.
    """

    def __init__(self, texts: list[str], n_mixed: int, vocabulary: Vocabulary) -> None:
        joined = "\n".join(texts)
        self._text_starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        spans = [clause.span() for clause in CLAUSE.finditer(joined)]
        clauses = simplified("\n".join(CLAUSE.findall(joined))).split("\n")
        if n_mixed:
            chosen = [n for n in range(len(spans)) if vocabulary.any_chinese.search(clauses[n])]
            spans, clauses = [spans[n] for n in chosen], [clauses[n] for n in chosen]
        self._spans = spans
        self._words = cut_together(clauses) if spans else []
        ends = [k for k, word in enumerate(self._words) if word == "\n"]
        self._ends = [-1, *ends, len(self._words)]
        wanted = vocabulary.chinese
        self._places = [k for k, word in enumerate(self._words) if word in wanted]
        self._clauses = np.searchsorted(np.array(ends, np.int64), self._places)
        self.keys = np.array([wanted[self._words[k]] for k in self._places], np.int64)
        starts = np.array([start for start, _ in spans], np.int64)
        self.texts = np.searchsorted(self._text_starts, starts, side="right")[self._clauses] - 1

    def hit(self, n: int) -> Hit:
        """One of the hits."""
        clause, place = int(self._clauses[n]), self._places[n]
        first, last = (at - int(self._text_starts[self.texts[n]]) for at in self._spans[clause])
        words = self._words[self._ends[clause] + 1 : self._ends[clause + 1]]
        left = self._words[self._ends[clause] + 1 : place]
        start = first + sum(map(len, left))
        kept = tuple(word for word in words if word != " ")  # a space: a character that ended the clause there
        word = self._words[place]
        return Hit(int(self.keys[n]), start, start + len(word), first, last, kept, len(left) - left.count(" "))
