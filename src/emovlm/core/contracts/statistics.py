"""Statistics: metrics, comparisons, correlations, contrasts, hits and verdicts."""

from emovlm.core.contract import FLOAT, FLOAT_OR_NULL, INT, TEXT, Column, table

_INTERVAL = {"low": FLOAT_OR_NULL, "high": FLOAT_OR_NULL}
_CLIPS = Column("string", about="which clips: all, or those flagged micro, order or plain")
_RUNS = {
    "replicates": Column("int", about="training runs that values are averaged over"),
    "lowest": Column("float", nullable=True, about="lowest value of a single run"),
    "highest": Column("float", nullable=True, about="highest value of a single run"),
}
METRICS = table(
    "metrics",
    "condition clips metric",
    condition=TEXT,
    clips=_CLIPS,
    metric=Column("string", about="accuracy, uar, macro_f1, tail_recall, entropy, ..."),
    value=FLOAT,
    **_INTERVAL,
    **_RUNS,
    n=Column("int", about="clips asked, failures included"),
    failed=Column("int", about="answers that are failures, over all runs"),
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
PER_RUN = table(
    "F1 by class and training run",
    "condition replicate emotion",
    condition=TEXT,
    replicate=Column("int", about="training run of the system, from 1"),
    emotion=TEXT,
    f1=FLOAT,
)
CONFUSION = table(
    "confusion",
    "condition label prediction",
    condition=TEXT,
    label=TEXT,
    prediction=Column("string", about="a class, or failed"),
    n=Column("int", about="answers, over all runs"),
)
COMPARISONS = table(
    "comparisons",
    "comparison",
    comparison=TEXT,
    claim=TEXT,
    a=TEXT,
    b=TEXT,
    clips=_CLIPS,
    metric=TEXT,
    test=Column("string", about="difference or equivalence"),
    family=TEXT,
    difference=Column("float", about="metric of a minus metric of b"),
    **_INTERVAL,
    **_RUNS,
    p=FLOAT,
    p_holm=Column("float", about="corrected within the family"),
    margin=FLOAT_OR_NULL,
    changed=Column("float", about="clips whose answer differs, on average over runs"),
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
    rho_given_size=Column("float", nullable=True, about="partial rho given the class's number of clips in MAFW"),
    p_given_size=Column("float", nullable=True, about="Freedman-Lane permutation, two-sided"),
    rho_given_size_and_reliability=Column("float", nullable=True, about="given Cronbach's alpha of the class as well"),
    p_given_size_and_reliability=Column("float", nullable=True, about="Freedman-Lane permutation, two-sided"),
)
CONTRASTS = table(
    "lexical contrasts",
    "contrast language",
    contrast=Column("string", about="intervention, permuted or control"),
    a=TEXT,
    b=TEXT,
    words=Column("string", about="real, or permuted: the word list that the captions of a followed"),
    language=TEXT,
    source=TEXT,
    form=TEXT,
    rho_a=Column("float", about="Spearman, mean over runs"),
    rho_b=Column("float", about="Spearman, mean over runs"),
    difference=FLOAT,
    low=Column("float", about="lowest difference with one class left out"),
    high=Column("float", about="highest difference with one class left out"),
    p=FLOAT,
    test=Column("string", about="what was permuted: runs or words"),
    runs_a=INT,
    runs_b=INT,
    n_classes=Column("int", about="classes that the source lists; censored ones are left out"),
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
