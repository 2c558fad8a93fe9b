"""The kinds of sources of word counts: rows of ``config/sources.tsv``."""

from dataclasses import dataclass

from emovlm.core.registry import Registry
from emovlm.lexicon.terms import LANGUAGES


@dataclass(frozen=True)
class SourceKind:
    """A kind of source.

    Attributes:
        name: what a row's ``kind`` calls it.
        about: what it is, in a sentence.
        needs: the columns that a row of this kind must fill.
        may: columns that it may fill. Where files are among them, they or a package with its hash and members are
            needed.
        languages: of whose terms it has counts.
    """

    name: str
    about: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    languages: tuple[str, ...] = LANGUAGES


SOURCES: Registry[SourceKind] = Registry("kind of source")
FILES = ("files", "package", "sha256", "members")

SOURCES.add(
    SourceKind("published", "Counts that others published: a column of a table of counts.", ("column",), ("tokens",))
)
SOURCES.add(SourceKind("wordfreq", "The large list of the package wordfreq, per billion words."))
SOURCES.add(
    SourceKind(
        "google_books",
        "Raw exports of Google Books Ngrams, added up over years.",
        ("version", "n", "files"),
        ("years", "totals", "tokens"),
    )
)
SOURCES.add(
    SourceKind(
        "corpus", "Texts whose words are counted: plain, JSONL or Parquet.", (), (*FILES, "text", "documents", "shards")
    )
)
SOURCES.add(
    SourceKind(
        "infini_gram",
        "Indices that infini-gram built of a corpus, of its bytes or tokens.",
        ("files",),
        ("tokenizer", "tokens"),
        ("en",),  # words of Chinese are made by a segmenter, and an index finds strings
    )
)
