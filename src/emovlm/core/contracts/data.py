"""Data: plans, ground truth and manifests of clips."""

from emovlm.core.contract import BOOL, FLOAT, INT, SECONDS, SECONDS_OR_NULL, TEXT, Column, table

CLIP_PLAN = table(
    "clip plan",
    "name",
    name=Column("string", about="file name without suffix, five digits as in MAFW"),
    split=Column("string", about="pretrain, train, validation or test"),
    label=Column("string", about="emotion class, by the study's name"),
    identity=Column("string", about="one rendered person; no identity is in two splits"),
    variant=Column("int", about="which action-unit variant of the class, modulo their number"),
    duration_s=SECONDS,
    fps=Column("float", unit="1/s"),
    intensity=Column("float", about="peak intensity as a share of the prototype's"),
    micro=Column("bool", about="the expression lasts only 0.25-0.5 s"),
    order=Column("string", nullable=True, about="of an order-dependent clip: the emotion before the label's"),
    seed=Column("int", about="everything else about the clip is drawn from it; mirrored clips share it"),
)
CLIP_TRUTH = table(
    "clip truth",
    "clip_id",
    "cue_",  # facts that have nothing to do with the face (synface.facts)
    clip_id=TEXT,
    identity=TEXT,
    label=TEXT,
    split=TEXT,
    micro=BOOL,
    order=Column("string", nullable=True, about="of an order-dependent clip: the emotion before the label's"),
    onset_s=Column("float", unit="s", nullable=True, about="of the label's expression, as the next three"),
    apex_s=SECONDS_OR_NULL,
    apex_end_s=SECONDS_OR_NULL,
    offset_s=SECONDS_OR_NULL,
    yaw_deg=Column("float", unit="deg"),
    blinks=INT,
    frames_sha256=Column("string", about="of the rendered pixels before compression"),
)
CUES = table(
    "cues",
    "cues",
    cues=Column("string", about="group of cues that a classifier was given instead of the face"),
    accuracy=Column("float", about="mean recall of the classes on test clips of unseen people"),
    low=FLOAT,
    high=FLOAT,
    chance=FLOAT,
    p=Column("float", about="one-sided, against chance"),
    p_holm=Column("float", about="corrected over the rows"),
    n=Column("int", about="test clips"),
)
FRAME_TRUTH = table(
    "frame truth",
    "clip_id frame_index",
    "au_",
    clip_id=TEXT,
    frame_index=INT,
    timestamp_s=SECONDS,
)
MANIFEST = table(
    "manifest",
    "clip_id",
    clip_id=TEXT,
    path=Column("string", about="relative to the dataset's folder, never outside it"),
    label=TEXT,
    split=Column("string", about="pretrain, train, validation or test: the clips that the study evaluates"),
    fold=Column("int", about="official fold that tests the clip, evaluated here or not; 0 where none does"),
    identity=Column("string", about="cluster for the bootstrap: person or source; the clip itself if unknown"),
)
DATASET_COUNTS = table(
    "dataset counts",
    "fold emotion",
    emotion=Column("string", about="class, by the study's name, or all"),
    fold=Column("int", about="official fold whose test clips are counted, 0: all clips"),
    found=Column("int", about="clips in the lists as they are here"),
    published=Column("int", nullable=True, about="clips in the published table, if one says"),
    difference=Column("int", nullable=True, about="found less published"),
)
