"""Correlate recognition by class, measured and published, with word frequency.

params: kinds (condition to vlm or vision: the conditions to correlate), seed, resamples.
"""

import pandas as pd

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import CORRELATIONS, PER_CLASS
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.lexicon.terms import read_classes
from emovlm.statistics.lexical.correlation import correlate
from emovlm.statistics.lexical.profiles import measured_profiles, published_profiles
from emovlm.statistics.values.published_values import read_published


def main(job: Job) -> None:
    inputs, published = job.inputs, read_published(job.inputs["published"])
    classes = read_classes(inputs["class_words"])
    profiles = pd.concat([
        measured_profiles(read_table(inputs["classes"], PER_CLASS), job.params["kinds"]),
        published_profiles(published["paper_lexical_figure"], published["mafw_recalls"], classes),
    ])  # fmt: skip
    frequency = read_table(inputs["frequency"], TERM_FREQUENCY)
    table = correlate(profiles, frequency, published["mafw_classes"], job.params)
    write_table(table, job.outputs["correlations"], CORRELATIONS)


if __name__ == "__main__":
    run(main)
