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
    censored=Column("bool", about="the source lists none of the terms: below its cut, not zero"),
    terms_listed=INT,
    terms_asked=INT,
)
