"""Count the lexicon's words in every source.

params: sources, the rows of config/sources.tsv.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.lexicon.term_frequency import count_all
from emovlm.lexicon.terms import read_lexicon


def main(job: Job) -> None:
    lexicon = read_lexicon(job.inputs["lexicon"])
    frequency = count_all(job.params["sources"], lexicon, job.inputs["counts"])
    write_table(frequency, job.outputs["frequency"], TERM_FREQUENCY)


if __name__ == "__main__":
    run(main)
