"""What each table of the study holds: columns, types, units, keys.

Writers and readers both check (``core.io``), so a table that exists is a table that fits.
Identifiers: ``clip_id`` is ``<dataset>/<name>``; class names are the lexicon's.
"""

from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from emovlm.core.errors import StudyError

TYPES = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list<int>": pa.list_(pa.int64()),
}


@dataclass(frozen=True)
class Column:
    """One column: its type (a key of ``TYPES``), its unit and what it means."""

    type: str
    unit: str = ""
    nullable: bool = False
    about: str = ""


@dataclass(frozen=True)
class Table:
    """A table's name, columns and key.

    ``prefix`` names a family of further float columns (``score_`` for ``score_<class>``): their
    number depends on the dataset's classes, so the contract fixes only how they are called.
    """

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    prefix: str = field(default="")

    def conform(self, frame: pd.DataFrame, where: str) -> pa.Table:
        """Return ``frame`` as an Arrow table of exactly this contract, sorted by the key.

        Raises:
            StudyError: naming ``where`` and the first column or row that does not fit.
        """
        family = sorted(c for c in frame.columns if self.prefix and c.startswith(self.prefix))
        missing = [c for c in self.columns if c not in frame.columns]
        unknown = [c for c in frame.columns if c not in self.columns and c not in family]
        if missing or unknown:
            raise StudyError(
                f"{where}: not a {self.name} table"
                + (f"; missing columns: {', '.join(missing)}" if missing else "")
                + (f"; unknown columns: {', '.join(unknown)}" if unknown else "")
            )
        key = list(self.key)
        doubled = frame[frame.duplicated(key)]
        if len(doubled):
            raise StudyError(f"{where}: {self.name} has two rows for {dict(doubled[key].iloc[0])}")
        frame = frame.sort_values(key, kind="stable").reset_index(drop=True)
        columns = {**self.columns, **{c: Column("float", nullable=True) for c in family}}
        arrays = []
        for name, column in columns.items():
            if not column.nullable and frame[name].isna().any():
                row = frame[frame[name].isna()].iloc[0]
                raise StudyError(f"{where}: column {name} is empty in the row {dict(row[key])}")
            try:
                arrays.append(pa.Array.from_pandas(frame[name], type=TYPES[column.type]))
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise StudyError(f"{where}: column {name} should be {column.type}: {error}") from None
        return pa.table(arrays, names=list(columns))


def _table(name: str, key: str, prefix: str = "", /, **columns: Column) -> Table:
    return Table(name, columns, tuple(key.split()), prefix)


TEXT, INT, FLOAT, BOOL = Column("string"), Column("int"), Column("float"), Column("bool")
TEXT_OR_NULL, FLOAT_OR_NULL = Column("string", nullable=True), Column("float", nullable=True)
SECONDS = Column("float", unit="s")
SECONDS_OR_NULL = Column("float", unit="s", nullable=True)

# --- data -------------------------------------------------------------------------------------
CLIP_PLAN = _table(
    "clip plan",
    "name",
    name=Column("string", about="file name without suffix, five digits as in MAFW"),
    split=Column("string", about="pretrain, train or test"),
    label=Column("string", about="emotion class (the lexicon's)"),
    identity=Column("string", about="one rendered person; no identity is in two splits"),
    variant=Column("int", about="which published action-unit variant of the class"),
    duration_s=SECONDS,
    fps=Column("float", unit="1/s"),
    intensity=Column("float", about="peak intensity as a share of the prototype's"),
    micro=Column("bool", about="the expression lasts only 0.25-0.5 s"),
    order=Column("string", nullable=True, about="order-dependent pair this clip belongs to, if any"),
    seed=Column("int", about="everything else about the clip is drawn from it"),
)
CLIP_TRUTH = _table(
    "clip truth",
    "clip_id",
    clip_id=TEXT,
    identity=TEXT,
    label=TEXT,
    split=TEXT,
    micro=BOOL,
    order=TEXT_OR_NULL,
    onset_s=SECONDS_OR_NULL,
    apex_s=SECONDS_OR_NULL,
    apex_end_s=SECONDS_OR_NULL,
    offset_s=SECONDS_OR_NULL,
    yaw_deg=Column("float", unit="deg"),
    blinks=INT,
    frames_sha256=Column("string", about="of the rendered pixels before compression"),
)
FRAME_TRUTH = _table(
    "frame truth",
    "clip_id frame_index",
    "au_",
    clip_id=TEXT,
    frame_index=INT,
    timestamp_s=SECONDS,
)
MANIFEST = _table(
    "manifest",
    "clip_id",
    clip_id=TEXT,
    path=Column("string", about="relative to the dataset's folder, never outside it"),
    label=TEXT,
    split=Column("string", about="pretrain, train or test"),
    fold=Column("int", about="official fold, 0 where the dataset has none"),
    identity=Column("string", about="cluster for the bootstrap: person or source; the clip itself if unknown"),
)

# --- frames and sampling ----------------------------------------------------------------------
CLIP_INDEX = _table(
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
FRAME_INDEX = _table("frame index", "clip_id frame_index", clip_id=TEXT, frame_index=INT, timestamp_s=SECONDS)
SAMPLE = _table(
    "frame sample",
    "clip_id position",
    clip_id=TEXT,
    position=Column("int", about="order in which the model sees the frame"),
    frame_index=INT,
    timestamp_s=SECONDS,
    role=Column("string", about="frame, keyframe or between"),
    gap=Column("int", about="number of the keyframe at or before the frame in time"),
)
SCHEDULE = _table(
    "training schedule",
    "draw",
    draw=Column("int", about="0 .. n_draws - 1, in training order"),
    clip_id=TEXT,
)

# --- frequency --------------------------------------------------------------------------------
TERM_FREQUENCY = _table(
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

# --- training ---------------------------------------------------------------------------------
CAPTIONS = _table(
    "captions",
    "sample",
    sample=INT,
    clip_id=TEXT,
    frames=Column("list<int>", about="frame indices, in the order shown"),
    prompt=Column("string", about="text before the answer; <image> marks each frame"),
    answer=TEXT,
    names_emotion=Column("bool", about="the answer names the emotion"),
)
TRAINING_LOG = _table("training log", "step", step=INT, loss=FLOAT, metric=FLOAT_OR_NULL)

# --- enrichment and evaluation ----------------------------------------------------------------
TEXTS = _table(
    "enrichment texts",
    "clip_id gap",
    clip_id=TEXT,
    gap=INT,
    text=TEXT,
    frames=Column("list<int>"),
)
ANSWERS = _table(
    "answers",
    "clip_id",
    "score_",
    clip_id=TEXT,
    label=TEXT,
    status=Column("string", about="ok, or failed with the reason beside it"),
    reason=TEXT_OR_NULL,
    prediction=Column("string", nullable=True, about="class of the highest label likelihood"),
    reply=Column("string", nullable=True, about="free greedy reply"),
    parsed=Column("string", nullable=True, about="class the reply names by strict parsing; empty if none or many"),
    n_frames=INT,
    n_tokens=Column("int", about="length of the prompt, visual tokens included"),
)

# --- statistics -------------------------------------------------------------------------------
_INTERVAL = {"low": FLOAT_OR_NULL, "high": FLOAT_OR_NULL}
METRICS = _table(
    "metrics",
    "condition metric",
    condition=TEXT,
    metric=Column("string", about="accuracy, uar, macro_precision, macro_f1, entropy, neutral_share, ..."),
    value=FLOAT,
    **_INTERVAL,
    n=Column("int", about="clips asked, failures included"),
    failed=INT,
)
PER_CLASS = _table(
    "per-class metrics",
    "condition emotion",
    condition=TEXT,
    emotion=TEXT,
    n=INT,
    precision=FLOAT,
    recall=FLOAT,
    f1=FLOAT,
    **_INTERVAL,
)
CONFUSION = _table(
    "confusion",
    "condition label prediction",
    condition=TEXT,
    label=TEXT,
    prediction=Column("string", about="a class, or failed"),
    n=INT,
)
COMPARISONS = _table(
    "comparisons",
    "comparison",
    comparison=TEXT,
    claim=TEXT,
    a=TEXT,
    b=TEXT,
    metric=TEXT,
    test=Column("string", about="difference or equivalence"),
    family=TEXT,
    difference=Column("float", about="metric of a minus metric of b"),
    **_INTERVAL,
    p=FLOAT,
    p_holm=Column("float", about="corrected within the family"),
    margin=FLOAT_OR_NULL,
    changed=Column("int", about="clips whose answer differs"),
    n=INT,
)
CORRELATIONS = _table(
    "lexical correlations",
    "subject language source form",
    subject=Column("string", about="a condition, or system/dataset of a publication"),
    origin=Column("string", about="measured or published"),
    kind=Column("string", about="vlm or vision"),
    language=TEXT,
    source=TEXT,
    form=TEXT,
    n_classes=Column("int", about="classes that the source lists; censored ones are left out"),
    rho=Column("float", about="Spearman"),
    p=Column("float", about="exact permutation, two-sided"),
    rho_low=Column("float", about="lowest rho with one class left out"),
    rho_high=Column("float", about="highest rho with one class left out"),
)
HITS = _table(
    "event hits",
    "sampler duration_s",
    sampler=TEXT,
    rate=Column("float", unit="1/s"),
    duration_s=Column("float", unit="s", about="mean event length of the bin"),
    expected=Column("float", about="mean of min(1, duration x rate) over the bin's events"),
    measured=Column("float", about="share of events with a sampled frame inside"),
    **_INTERVAL,
    n=INT,
)
CLAIMS = _table(
    "claims",
    "claim",
    claim=TEXT,
    statement=TEXT,
    test=TEXT,
    verdict=Column("string", about="supported, not supported or undecided"),
    effect=FLOAT_OR_NULL,
    **_INTERVAL,
    p=FLOAT_OR_NULL,
    margin=FLOAT_OR_NULL,
    n=INT,
)
