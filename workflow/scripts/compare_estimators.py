"""Compare the estimators of word frequency: pair by pair, and the sources of each language and form together.

params: form (the primary one, by which languages are compared), seed, resamples.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import CONCORDANCE, ESTIMATOR_AGREEMENT
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.statistics.lexical.agreement import agree, concord


def main(job: Job) -> None:
    frequency = read_table(job.inputs["frequency"], TERM_FREQUENCY)
    agreement = agree(frequency, job.params["form"])
    write_table(agreement, job.outputs["estimator_agreement"], ESTIMATOR_AGREEMENT)
    write_table(concord(frequency, agreement, job.params), job.outputs["concordance"], CONCORDANCE)


if __name__ == "__main__":
    run(main)
