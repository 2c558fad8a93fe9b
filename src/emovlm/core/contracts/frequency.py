"""Frequency: how often words occur."""

from emovlm.core.contract import INT, TEXT, Column, table

TERM_FREQUENCY = table(
    "term frequency",
    "language source form emotion",
    language=Column("string", about="en or zh"),
    source=TEXT,
    form=Column("string", about="family (primary), noun or adjective"),
    emotion=TEXT,
    count=Column("float", nullable=True, about="in the source's unit; empty when censored"),
    per_million=Column("float", nullable=True, unit="1e-6", about="share of the source's tokens, where known"),
    listing=Column("string", about="complete, partial or censored (none listed): a missing term is cut off, not zero"),
    terms_listed=INT,
    terms_asked=INT,
)
