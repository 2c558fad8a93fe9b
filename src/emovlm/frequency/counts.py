"""What is counted of terms, as numbers that add up: over blocks, files and shards, in any order."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emovlm.lexicon.terms import Term

PER_TERM = ("hits", "documents", "possessive", "negated_before", "negated_after", "person")


@dataclass
class Counts:
    """Counts of some terms in some documents.

    Attributes:
        terms: what was counted, in the order of the arrays.
        hits: (terms,) occurrences.
        documents: (terms,) documents with at least one.
        possessive: (terms,) occurrences with an apostrophe and s behind (*fear's*); they are among ``hits``.
        negated_before, negated_after: (terms,) occurrences with a negator before (*no fear*) or behind (*fear not*).
        person: (terms,) occurrences with a word for a person near by.
        joint: (classes, classes) documents with terms of both classes; the diagonal has those with one of a class.
        total_documents, total_bytes: what was read.
        total_words: words by the same rule; None where they were not counted.
        skipped: documents that were left out, by reason.
        contexts: term -> the drawn occurrences, as (key, file, document, text); those with the least keys are kept,
            so that the draw does not depend on blocks or shards.
    """

    terms: tuple[Term, ...]
    total_words: int | None = 0
    total_documents: int = 0
    total_bytes: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    contexts: dict[str, list[tuple[int, str, int, str]]] = field(default_factory=dict)
    most_contexts: int = 0

    def __post_init__(self) -> None:
        for name in PER_TERM:
            setattr(self, name, np.zeros(len(self.terms), np.int64))
        self.joint = np.zeros((len(self.classes),) * 2, np.int64)

    @property
    def classes(self) -> list[str]:
        """The classes of the terms, in the order in which they occur."""
        return list(dict.fromkeys(term.emotion for term in self.terms))

    def add(self, other: "Counts") -> None:
        """Add the counts of other documents to these.

        Raises:
            ValueError: they are of other terms.
        """
        if other.terms != self.terms:
            raise ValueError("counts of different terms do not add up")
        for name in PER_TERM:
            getattr(self, name)[:] += getattr(other, name)
        self.joint += other.joint
        self.total_documents += other.total_documents
        self.total_bytes += other.total_bytes
        words = (self.total_words, other.total_words)
        self.total_words = None if None in words else sum(words)
        for reason, n in other.skipped.items():
            self.skipped[reason] = self.skipped.get(reason, 0) + n
        for term, found in other.contexts.items():
            self.contexts[term] = sorted([*self.contexts.get(term, []), *found])[: self.most_contexts]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; the terms by their texts."""
        return {
            "terms": [term.text for term in self.terms],
            **{name: getattr(self, name).tolist() for name in PER_TERM},
            "joint": self.joint.tolist(), "total_documents": self.total_documents, "total_bytes": self.total_bytes,
            "total_words": self.total_words, "skipped": self.skipped, "most_contexts": self.most_contexts,
            "contexts": {term: [list(each) for each in found] for term, found in self.contexts.items()},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: dict[str, Any], terms: tuple[Term, ...]) -> "Counts":
        """Counts from plain values.

        Raises:
            ValueError: they are of other terms.
        """
        if values["terms"] != [term.text for term in terms]:
            raise ValueError("counts of different terms")
        found = cls(terms, values["total_words"], values["total_documents"], values["total_bytes"],
                    dict(values["skipped"]), most_contexts=values["most_contexts"])  # fmt: skip
        for name in PER_TERM:
            getattr(found, name)[:] = values[name]
        found.joint[:] = values["joint"]
        found.contexts = {term: [tuple(each) for each in rows] for term, rows in values["contexts"].items()}
        return found
