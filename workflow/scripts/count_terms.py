"""Gather the counts of the lexicon's terms in every source, and estimate how often each class is named.

params: sources, the rows of config/sources.tsv; shards, by source and language how many jobs counted it; classes, whose
    terms are counted.
"""

import pandas as pd

from emovlm.core.contracts.frequency import JOINT_COUNTS, TERM_CONTEXTS, TERM_COUNTS, TERM_FREQUENCY
from emovlm.core.files import read_json
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.frequency.estimates import estimate
from emovlm.frequency.published import count_listed
from emovlm.frequency.source_counts import gather_source
from emovlm.lexicon.terms import LEXICON, counted, read_terms


def main(job: Job) -> None:
    terms = counted(read_terms(job.inputs.get("lexicon", LEXICON)), job.params["classes"])
    shares = job.inputs.get("shares", {})
    found, joint, contexts = [], [], []
    for source in job.params["sources"]:
        of_source = f"{source['source']}/{source['language']}"
        if n := job.params["shards"].get(of_source):
            gathered = gather_source(source, terms, [read_json(shares[f"{of_source}/{k}"]) for k in range(n)])
            found.append((gathered.terms, gathered.tokens))
            joint.append(gathered.joint)
            contexts.append(gathered.contexts)
        else:
            found.append(count_listed(source, terms, job.inputs["counts"][source["language"]]))
    tables = [(pd.concat([counts for counts, _ in found]), "terms", TERM_COUNTS),
              (pd.concat([estimate(*each) for each in found]), "frequency", TERM_FREQUENCY),
              (together(joint, JOINT_COUNTS), "joint", JOINT_COUNTS),
              (together(contexts, TERM_CONTEXTS), "contexts", TERM_CONTEXTS)]  # fmt: skip
    for table, name, contract in tables:
        write_table(table, job.outputs[name], contract)


def together(tables, contract):
    return pd.concat(tables) if tables else pd.DataFrame(columns=list(contract.columns))


if __name__ == "__main__":
    run(main)
