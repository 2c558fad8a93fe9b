"""What the organism has read of each emotion: its name counted in the captions, as terms are counted in any corpus.

Of a crawl nobody knows how often a model read a word. Of the captions it is known: the writer recorded which ones name
an emotion, and each of those does so exactly once, in its answer: as the answer itself, or as the answer to a second
question that follows the description. Prompts and descriptions speak of brows and lips. The two numbers are therefore
equal, unless a study's own prompts list the class names (``{classes}``): then the count has these too, for the
organism does read them, and the record has not.
"""

import pandas as pd

from emovlm.frequency.blocks import Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Counts, Term
from emovlm.models.organism.template import END

AT_ONCE = 100_000  # captions of a block: some 20 MB
MARKS = ("<image>", END)
"""Of the chat template: they stand in the captions' text, but are no words of it."""


def exposure(captions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """How often some captions name each class: columns of ``EXPOSURE`` without variant and replicate.

    Args:
        captions: ``CAPTIONS``.
        classes: the names to count, as they are written in the captions; a row each.
    """
    terms = [Term(name, "en", name) for name in classes]
    text = captions["prompt"] + " " + captions["answer"]
    for mark in MARKS:
        text = text.str.replace(mark, " ", regex=False)
    counter, counts = Counter(terms, words=True), Counts(tuple(terms))
    for start in range(0, len(text), AT_ONCE):
        documents = [document.encode() for document in text.iloc[start : start + AT_ONCE]]
        counts.add(counter.count(Block.of(documents, "captions", start)))
    return pd.DataFrame({
        "emotion": classes,
        "counted": counts.hits,
        "recorded": captions["named"].value_counts().reindex(classes, fill_value=0).to_numpy(),
        "samples": len(captions),
        "per_million": counts.hits / counts.total_words * 1e6,
    })  # fmt: skip
