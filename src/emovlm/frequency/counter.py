"""Count terms in blocks of documents, fast: equal to ``reference.py`` to the last unit."""

from collections.abc import Sequence

import numpy as np

from emovlm.frequency.blocks import Block
from emovlm.frequency.counts import Counts, Term
from emovlm.frequency.drawing import occurrence_keys
from emovlm.frequency.finding import Finder, Found
from emovlm.frequency.neighbourhood import Neighbourhood
from emovlm.frequency.scanning import Patterns, scanner
from emovlm.frequency.surroundings import Flags, context, look_around
from emovlm.frequency.vocabulary import Vocabulary
from emovlm.frequency.word_count import count_words


class Counter:
    """Counts terms in blocks. Making one takes about a second, in which patterns are compiled.

    Args:
        terms: what to count.
        engine: ``hyperscan`` or ``python``, which count the same; None takes Hyperscan where it is installed.
        words: count all words too. In Chinese that means to segment the whole text, which takes far longer.
        details: look around each hit, for a possessive ending, negators and people; else these counts are zeros.
        contexts: how many occurrences of each term to draw.
        seed: of this draw.

    Attributes:
        terms: as given.

    Raises:
        StudyError: a term cannot be counted, or the engine is not installed.
    """

    def __init__(
        self,
        terms: Sequence[Term],
        *,
        engine: str | None = None,
        words: bool = False,
        details: bool = False,
        contexts: int = 0,
        seed: int = 0,
    ) -> None:
        self.vocabulary = Vocabulary(terms)
        self.terms = self.vocabulary.terms
        patterns = Patterns(self.vocabulary)
        self._finder = Finder(self.vocabulary, patterns, scanner(patterns, engine))
        self._words, self._details, self._contexts, self._seed = words, details, contexts, seed
        # (keys, terms) which terms hold a key's counts, and (keys, classes) of which classes they are.
        self._holds = np.zeros((len(self.vocabulary.keys), len(self.terms)), np.int64)
        classes = Counts(self.terms).classes
        self._of_class = np.zeros((len(self.vocabulary.keys), len(classes)), np.int64)
        for key, terms in enumerate(self.vocabulary.holders):
            self._holds[key, terms] = 1
            self._of_class[key, [classes.index(self.terms[k].emotion) for k in terms]] = 1

    def count(self, block: Block) -> Counts:
        """Counts of the terms in a block.

        Raises:
            StudyError: it is longer than can be scanned, 4 GiB.
        """
        counts = Counts(
            self.terms,
            count_words(block.text, chinese=bool(self.vocabulary.chinese)) if self._words else None,
            block.n_documents,
            block.n_bytes,
            most_contexts=self._contexts,
        )
        found = self._finder.find(block)
        if len(found.keys):
            self._tally(found, counts)
            if self._details:
                self._look_around(block, found, counts)
            if self._contexts:
                self._draw(block, found, counts)
        return counts

    def _tally(self, found: Found, counts: Counts) -> None:
        """Hits, documents and joint documents."""
        pairs = np.unique(np.stack([found.documents, found.keys]), axis=1)
        self._give("hits", found.keys, counts)
        self._give("documents", pairs[1], counts)
        _, first = np.unique(pairs[0], return_index=True)
        of_class = np.maximum.reduceat(self._of_class[pairs[1]], first)  # (documents, classes)
        counts.joint += of_class.T @ of_class

    def _look_around(self, block: Block, found: Found, counts: Counts) -> None:
        """Possessives, negations and people."""
        around = Neighbourhood(block, found, self.vocabulary)
        flags = np.array([look_around(*around.of_unit(k)) for k in range(len(found.keys))])
        for name, true in zip(Flags._fields, flags.T, strict=True):
            self._give(name, found.keys[true], counts)

    def _draw(self, block: Block, found: Found, counts: Counts) -> None:
        """Contexts of the occurrences with the least keys, of each term."""
        around = Neighbourhood(block, found, self.vocabulary)
        for key in np.unique(found.keys).tolist():
            name = self.vocabulary.names[key]
            places = np.flatnonzero(found.keys == key)
            documents = block.numbers(found.documents[places])
            number = np.arange(len(places)) - np.searchsorted(documents, documents)  # in its document
            drawn = occurrence_keys(self._seed, name, block.file, documents, number)
            least = np.lexsort((places, drawn))[: self._contexts]
            counts.contexts[name] = sorted([*counts.contexts.get(name, []), *(
                (int(drawn[k]), block.file, int(documents[k]), context(*around.of_hit(int(places[k]))))
                for k in least
            )])[: self._contexts]  # fmt: skip

    def _give(self, name: str, keys: np.ndarray, counts: Counts) -> None:
        """Add one for each of some keys to the terms that hold them."""
        getattr(counts, name)[:] += np.bincount(keys, minlength=len(self._holds)) @ self._holds
