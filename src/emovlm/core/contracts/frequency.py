"""Frequency: how often words occur."""

from emovlm.core.contract import Column, table

COMPLETE, PARTIAL, CENSORED = "complete", "partial", "censored"
"""How much of what is added up a source lists: all terms, some, none."""
_OF_CORPUS = {"type": "int", "nullable": True}

TERM_COUNTS = table(
    "term counts",
    "language source term",
    language=Column("string", about="en or zh"),
    source=Column("string", about="a source of the study, with the language its id"),
    term=Column("string", about="word or phrase as the lexicon writes it"),
    emotion=Column("string", about="class that it stands for"),
    form=Column("string", about="noun, adjective, verb or adverb"),
    script=Column("string", nullable=True, about="of Chinese terms: simplified or traditional; else empty"),
    role=Column("string", about="name: it names the class; synonym: a reply may say it for the class"),
    count=Column(
        "float", nullable=True,
        about="occurrences, in the source's unit; empty where the source does not list the term: below its cut, not 0",
    ),
    documents=Column(**_OF_CORPUS, about="documents with the term; of a corpus, as all columns below, else empty"),
    possessive=Column(**_OF_CORPUS, about="occurrences with an apostrophe and s behind (fear's), among the count"),
    negated_before=Column(**_OF_CORPUS, about="occurrences with a negator before (no fear)"),
    negated_after=Column(**_OF_CORPUS, about="occurrences with a negator behind (fear not)"),
    person=Column(**_OF_CORPUS, about="occurrences with a word for a person near by"),
)  # fmt: skip
TERM_FREQUENCY = table(
    "term frequency",
    "language source form emotion",
    language=Column("string", about="en or zh"),
    source=Column("string", about="a source of the study, with the language its id"),
    form=Column("string", about="family (all terms that name the class), noun, adjective, verb or adverb"),
    emotion=Column("string", about="class; without a row where no term of the form names it"),
    count=Column("float", nullable=True, about="sum over the listed terms, in the source's unit; empty when censored"),
    per_million=Column("float", nullable=True, unit="1e-6", about="share of the source's tokens, where known"),
    listing=Column("string", about="complete: the source lists all terms; partial: some; censored: none"),
    terms_listed=Column("int", about="terms that the source lists"),
    terms_asked=Column("int", about="terms of the form that name the class"),
)
JOINT_COUNTS = table(
    "joint counts",
    "language source emotion other",
    language=Column("string", about="en or zh"),
    source=Column("string", about="a source of the study that is a corpus"),
    emotion=Column("string", about="class"),
    other=Column("string", about="another class, later in the order of classes"),
    documents=Column("int", about="documents with terms of both"),
)
TERM_CONTEXTS = table(
    "term contexts",
    "language source term draw",
    language=Column("string", about="en or zh"),
    source=Column("string", about="a source of the study that is a corpus"),
    term=Column("string", about="word or phrase as the lexicon writes it"),
    draw=Column("int", about="number of the drawn occurrence, from 1"),
    file=Column("string", about="of the corpus"),
    document=Column("int", about="number of the document in its file, from 0"),
    text=Column("string", about="the words around the occurrence"),
)
