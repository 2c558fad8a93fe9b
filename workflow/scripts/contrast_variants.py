"""Compare how closely two variants follow the words, beside the claim about words.

params: claim (conditions and language that the claim about words names), seed, resamples, classes, primary_source,
    primary_form.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import CONTRASTS, PER_RUN
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.statistics.lexical.contrasts import contrast_variants


def main(job: Job) -> None:
    runs, frequency = read_table(job.inputs["runs"], PER_RUN), read_table(job.inputs["frequency"], TERM_FREQUENCY)
    contrasts = contrast_variants(runs, frequency, job.params["claim"], job.params)
    write_table(contrasts, job.outputs["contrasts"], CONTRASTS)


if __name__ == "__main__":
    run(main)
