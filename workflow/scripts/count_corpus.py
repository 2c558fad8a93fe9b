"""Count the lexicon's terms in one share of a corpus, in the files of a Google Books export or in an index.

params: source, a row of config/sources.tsv; classes, whose terms are counted; seed, of the draw of occurrences;
    shards, how many shares there are. The wildcard ``shard`` says which.
"""

from pathlib import Path

from emovlm.core.files import write_json
from emovlm.core.job import Job, run
from emovlm.frequency.source_counts import count_source
from emovlm.lexicon.terms import LEXICON, counted, read_terms


def main(job: Job) -> None:
    params = job.params
    terms = counted(read_terms(job.inputs.get("lexicon", LEXICON)), params["classes"])
    share = int(job.wildcards["shard"]), params["shards"]
    store = Path(job.outputs["counts"]).with_suffix("")  # a folder beside it
    write_json(
        job.outputs["counts"],
        count_source(params["source"], terms, job.inputs["files"], params["seed"], store, share),
    )


if __name__ == "__main__":
    run(main)
