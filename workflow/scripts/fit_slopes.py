"""Fit the planned slopes of recall on exposure, and list recall by exposure.

params: slopes (rows of the table), variants (of the captions, by condition), classes, seed, resamples, confidence,
    primary_source, primary_form.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import DOSES, SLOPES
from emovlm.core.contracts.training import EXPOSURE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.lexicon.estimator import primary_frequency
from emovlm.statistics.counts import read_answers
from emovlm.statistics.exposure_slopes import doses_table, slopes_table


def main(job: Job) -> None:
    params, answers = job.params, read_answers(job.inputs["answers"])
    exposures = {}
    if params["variants"]:
        counted = read_table(job.inputs["exposure"], EXPOSURE).pivot(
            index="emotion", columns=["variant", "replicate"], values="counted"
        )
        exposures = {condition: counted[variant] for condition, variant in params["variants"].items()}
    frequency = read_table(job.inputs["frequency"], TERM_FREQUENCY)
    words = primary_frequency(frequency, params).set_index("emotion")["count"]
    slopes = slopes_table(answers, exposures, words, params["slopes"], params)
    write_table(slopes, job.outputs["slopes"], SLOPES)
    doses = doses_table(answers, exposures, params["variants"], params)
    write_table(doses, job.outputs["doses"], DOSES)


if __name__ == "__main__":
    run(main)
