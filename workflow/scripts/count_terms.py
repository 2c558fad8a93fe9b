"""Count the lexicon's terms in every source, and estimate how often each class is named.

params: sources, the rows of config/sources.tsv; classes, whose terms are counted.
"""

import pandas as pd

from emovlm.core.contracts.frequency import TERM_COUNTS, TERM_FREQUENCY
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.frequency.estimates import estimate
from emovlm.frequency.published import count_listed
from emovlm.lexicon.terms import LEXICON, counted, read_terms


def main(job: Job) -> None:
    terms = counted(read_terms(job.inputs.get("lexicon", LEXICON)), job.params["classes"])
    found = [count_listed(row, terms, job.inputs["counts"][row["language"]]) for row in job.params["sources"]]
    write_table(pd.concat([counts for counts, _ in found]), job.outputs["terms"], TERM_COUNTS)
    write_table(pd.concat([estimate(*each) for each in found]), job.outputs["frequency"], TERM_FREQUENCY)


if __name__ == "__main__":
    run(main)
