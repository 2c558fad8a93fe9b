"""Frames and sampling: what was decoded, what a system sees, what training draws."""

from emovlm.core.contract import INT, SECONDS, TEXT, Column, table

CLIP_INDEX = table(
    "clip index",
    "clip_id",
    clip_id=TEXT,
    status=Column("string", about="ok or failed"),
    reason=Column("string", nullable=True, about="why it failed"),
    n_frames=INT,
    fps=Column("float", unit="1/s"),
    duration_s=SECONDS,
    width=Column("int", unit="px"),
    height=Column("int", unit="px"),
)
FRAME_INDEX = table("frame index", "clip_id frame_index", clip_id=TEXT, frame_index=INT, timestamp_s=SECONDS)
SAMPLE = table(
    "frame sample",
    "clip_id position",
    clip_id=TEXT,
    position=Column("int", about="order in which the model sees the frame"),
    frame_index=INT,
    timestamp_s=SECONDS,
    role=Column("string", about="frame, keyframe or between"),
    gap=Column("int", about="number of the keyframe at or before the frame in time"),
)
SCHEDULE = table(
    "training schedule",
    "draw",
    draw=Column("int", about="0 .. n_draws - 1, in training order"),
    clip_id=TEXT,
)
