"""Statistics: metrics, comparisons, correlations, hits and verdicts."""

from emovlm.core.contract import FLOAT, FLOAT_OR_NULL, INT, TEXT, Column, table

_INTERVAL = {"low": FLOAT_OR_NULL, "high": FLOAT_OR_NULL}
METRICS = table(
    "metrics",
    "condition metric",
    condition=TEXT,
    metric=Column("string", about="accuracy, uar, macro_precision, macro_f1, entropy, neutral_share, ..."),
    value=FLOAT,
    **_INTERVAL,
    n=Column("int", about="clips asked, failures included"),
    failed=INT,
)
PER_CLASS = table(
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
CONFUSION = table(
    "confusion",
    "condition label prediction",
    condition=TEXT,
    label=TEXT,
    prediction=Column("string", about="a class, or failed"),
    n=INT,
)
COMPARISONS = table(
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
CORRELATIONS = table(
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
HITS = table(
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
CLAIMS = table(
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
