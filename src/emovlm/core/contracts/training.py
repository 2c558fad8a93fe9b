"""Training: captions and logs."""

from emovlm.core.contract import FLOAT, FLOAT_OR_NULL, INT, TEXT, Column, table

CAPTIONS = table(
    "captions",
    "sample",
    sample=INT,
    clip_id=TEXT,
    frames=Column("list<int>", about="frame indices, in the order shown"),
    prompt=Column("string", about="text before the answer; <image> marks each frame"),
    answer=TEXT,
    names_emotion=Column("bool", about="the answer names the emotion"),
)
TRAINING_LOG = table("training log", "step", step=INT, loss=FLOAT, metric=FLOAT_OR_NULL)
