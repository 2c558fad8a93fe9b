"""Enrichment and evaluation: texts and answers."""

from emovlm.core.contract import INT, TEXT, TEXT_OR_NULL, Column, table

TEXTS = table(
    "enrichment texts",
    "clip_id gap",
    clip_id=TEXT,
    gap=INT,
    text=TEXT,
    frames=Column("list<int>"),
    reason=Column("string", nullable=True, about="why a system gave no text"),
    refused=Column("bool", about="an API model refused to write it"),
)
REPLIES = ("parsed", "exact", "substring")
"""Columns of ``ANSWERS`` with the class that the free reply names, each by a rule of its own."""
ANSWERS = table(
    "answers",
    "clip_id replicate",
    "score_",
    clip_id=TEXT,
    dataset=TEXT,
    identity=Column("string", about="cluster for the bootstrap: person or source; the clip itself if unknown"),
    flag=Column(
        "string",
        nullable=True,
        about="of a rendered clip: order (its class depends on the order of frames), micro (a micro-expression), plain",
    ),
    replicate=Column("int", about="training run of the system, from 1"),
    fold=Column("int", about="fold of the model that answered, 0 if one model is for all clips"),
    label=TEXT,
    status=Column("string", about="ok, or failed with the reason beside it"),
    reason=TEXT_OR_NULL,
    refused=Column("bool", about="failed because an API model refused, to answer or to write a text to be shown"),
    prediction=Column(
        "string", nullable=True, about="class of the highest label likelihood, or the one that the reply names"
    ),
    reply=Column("string", nullable=True, about="free greedy reply"),
    cut=Column("bool", about="the reply was cut at the limit of tokens, where the system knows"),
    parsed=Column("string", nullable=True, about="the one class that the reply gives; empty if none or several"),
    exact=Column(
        "string", nullable=True, about="the class that the reply is, to the letter; empty if it is more or less"
    ),
    substring=Column("string", nullable=True, about="the class whose name occurs first in the reply, within words too"),
    n_frames=INT,
    n_tokens=Column("int", about="length of the prompt, visual tokens included"),
)
