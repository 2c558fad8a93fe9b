"""Training: captions, logs, and what a trained organism has learned."""

from emovlm.core.contract import FLOAT, FLOAT_OR_NULL, INT, TEXT, Column, table

CAPTIONS = table(
    "captions",
    "sample",
    sample=INT,
    clip_id=TEXT,
    frames=Column("list<int>", about="frame indices, in the order shown"),
    prompt=Column("string", about="text before the answer; <image> marks each frame"),
    answer=TEXT,
    named=Column("string", nullable=True, about="the emotion that the answer names, if any"),
)
TRAINING_LOG = table("training log", "step", step=INT, loss=FLOAT, metric=FLOAT_OR_NULL)
LABEL_COUNTS = table(
    "label counts",
    "emotion",
    emotion=TEXT,
    count=Column("int", about="how often the training named it"),
)
EXPOSURE = table(
    "exposure",
    "variant replicate emotion",
    variant=Column("string", about="of the pretraining captions"),
    replicate=INT,
    emotion=TEXT,
    counted=Column("int", about="occurrences of the class's name in the captions, prompts and answers, as terms are"),
    recorded=Column("int", about="captions that name the class, as their writer recorded it: each does so once"),
    samples=Column("int", about="captions in all"),
    per_million=Column("float", unit="1e-6", about="share of the captions' words"),
)
SANITY_CHECKS = table(
    "sanity_checks",
    "system replicate measure",
    system=TEXT,
    replicate=INT,
    measure=Column("string", about="apex_accuracy, apex_accuracy_frequent, caption_precision, caption_recall"),
    value=FLOAT,
    low=FLOAT,
    high=FLOAT,
    chance=Column("float", about="what the same answers reach on other clips"),
    n=Column("int", about="clips"),
)
