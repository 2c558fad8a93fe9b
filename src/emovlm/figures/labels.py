"""How systems, conditions and metrics are called in figures; ids without a name here are shown as they are."""

import re

import pandas as pd

from emovlm.statistics.metrics import METRICS

SYSTEMS = {
    "organism-frequency": "Organism, frequency captions",
    "organism-uniform": "Organism, uniform captions",
    "organism-long": "Organism, long prompts",
    "organism-moments": "Organism, moments alone",
    "organism-rare-frequency": "Organism, rare frequency captions",
    "organism-rare-root": "Organism, rare root captions",
    "organism-rare-uniform": "Organism, rare uniform captions",
    "organism-rare-permuted": "Organism, rare permuted captions",
    "organism-rare-swapped": "Organism, rare swapped captions",
    "organism-natural": "Organism, natural fine-tuning",
    "organism-balanced": "Organism, balanced fine-tuning",
    "organism-square-root": "Organism, square-root fine-tuning",
    "organism-effective-number": "Organism, effective-number fine-tuning",
    "videomae-natural": "Vision only, natural training",
    "videomae-balanced": "Vision only, balanced training",
}
STUDIES = {
    "embedded": "Embedded study (SynFace)",
    "full": "Embedded study (SynFace)",
    "pilot": "Pilot (SynFace)",
    "paper": "Embedded study (SynFace)",
    "quick": "Quick run (SynFace)",
    "paper-tiny": "Toy run (SynFace)",
    "broken": "Permuted labels (SynFace)",
}
CONTEXTS = {
    "msce": "MSCE",
    "static": "texts about keyframes",
    "msce-shuffled": "texts shuffled",
    "text-only": "texts alone",
    "truth": "true texts",
}
CLIPS = {"micro": "micro-expressions", "order": "order-dependent clips", "plain": "plain clips"}
LANGUAGES = {"en": "English", "zh": "Chinese"}


def system_label(system: str) -> str:
    """What a system is called in figures."""
    return SYSTEMS.get(system, system)


def study_label(study: str) -> str:
    """What a study is called above its panels, apart from published ones."""
    return STUDIES.get(study, study)


def context_label(frames: str, context: str) -> str:
    """What a model is shown in a condition: the texts that stand between its frames, or else the frames."""
    return re.sub(r"^fps(\d+)$", r"\1 frames/s", frames) if context == "none" else CONTEXTS.get(context, context)


def metric_label(metric: str) -> str:
    """What a metric is called on an axis or a page."""
    return METRICS[metric].label


def names_claims(conditions: pd.DataFrame) -> bool:
    """Whether any of ``conditions`` serves a claim."""
    return bool(conditions["claims"].astype(str).str.strip().any())


def one_a_system(conditions: pd.DataFrame) -> pd.DataFrame:
    """The first of the ``conditions`` of each system, with the column ``title``: the system and what it is shown."""
    first = conditions.drop_duplicates("system")
    titles = [f"{system_label(row.system)}\n{context_label(row.frames, row.context)}" for row in first.itertuples()]
    return first.assign(title=titles)


def of_claim(conditions: pd.DataFrame, claim: str) -> pd.DataFrame:
    """The rows of ``conditions`` that serve a claim, in the table's order; all, where no row names a claim.

    ``conditions`` is ``config/conditions.tsv``; its column ``claims`` names claims, separated by spaces.
    """
    if not names_claims(conditions):
        return conditions
    return conditions[[claim in str(claims).split() for claims in conditions["claims"]]]


def scores(metrics: pd.DataFrame, metric: str, clips: str = "all") -> pd.DataFrame:
    """The rows of METRICS for one metric on some clips: one a condition."""
    return metrics[(metrics["metric"] == metric) & (metrics["clips"] == clips)]


def runs_note(replicates: int) -> str:
    """A sentence about the small dots; empty where there is one training run."""
    return f"Means of {replicates} training runs; small dots: single runs." if replicates > 1 else ""


def absent(wanted: list[str], present: set[str]) -> str:
    """A sentence naming what was declared and not run; empty if nothing is missing."""
    missing = [name for name in wanted if name not in present]
    return f"Not run: {', '.join(missing)}." if missing else ""
