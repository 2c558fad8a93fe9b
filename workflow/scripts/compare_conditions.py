"""Compare conditions in pairs, as planned in config/comparisons.tsv.

params: seed, resamples, flips, confidence, classes, tail, alpha, comparisons (rows of the table, with their margins).
"""

from emovlm.core.contracts.statistics import COMPARISONS
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.statistics.comparisons import compare
from emovlm.statistics.counts import read_answers


def main(job: Job) -> None:
    answers = read_answers(job.inputs["answers"])
    write_table(compare(answers, job.params["comparisons"], job.params), job.outputs["comparisons"], COMPARISONS)


if __name__ == "__main__":
    run(main)
