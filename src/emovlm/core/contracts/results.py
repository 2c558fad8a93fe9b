"""The tables that a study may have in ``results/tables/``, by name: each is ``tables/<name>.csv``."""

from emovlm.core.contract import Table
from emovlm.core.contracts import statistics
from emovlm.core.contracts.data import CUES
from emovlm.core.contracts.training import EXPOSURE, SANITY_CHECKS

RESULT_TABLES: dict[str, Table] = {
    "metrics": statistics.METRICS,
    "per_class": statistics.PER_CLASS,
    "per_run": statistics.PER_RUN,
    "confusion": statistics.CONFUSION,
    "reliability": statistics.RELIABILITY,
    "comparisons": statistics.COMPARISONS,
    "correlations": statistics.CORRELATIONS,
    "estimator_agreement": statistics.ESTIMATOR_AGREEMENT,
    "concordance": statistics.CONCORDANCE,
    "specifications": statistics.SPECIFICATIONS,
    "slopes": statistics.SLOPES,
    "doses": statistics.DOSES,
    "contrasts": statistics.CONTRASTS,
    "event_coverage": statistics.EVENT_COVERAGE,
    "claims": statistics.CLAIMS,
    "evidence": statistics.EVIDENCE,
    "published_comparison": statistics.PUBLISHED_COMPARISON,
    "reanalysis": statistics.REANALYSIS,
    "exposure": EXPOSURE,
    "sanity_checks": SANITY_CHECKS,
    "cues": CUES,
}
