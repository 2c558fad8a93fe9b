"""Compute metrics of all conditions, over all classes, by class and by training run, confusions and reliability.

params: seed, resamples, confidence, classes (in the study's order), tail (rare classes).
"""

from emovlm.core.contracts.statistics import CONFUSION, METRICS, PER_CLASS, PER_RUN, RELIABILITY
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.statistics.calibration import reliability_table
from emovlm.statistics.counts import read_answers
from emovlm.statistics.metric_tables import confusion_table, metrics_table, per_class_table, per_run_table

TABLES = {
    "metrics": (metrics_table, METRICS),
    "per_class": (per_class_table, PER_CLASS),
    "per_run": (per_run_table, PER_RUN),
    "confusion": (confusion_table, CONFUSION),
    "reliability": (reliability_table, RELIABILITY),
}


def main(job: Job) -> None:
    answers = read_answers(job.inputs["answers"])
    for name, (table, contract) in TABLES.items():
        write_table(table(answers, job.params), job.outputs[name], contract)


if __name__ == "__main__":
    run(main)
