"""Re-analyse the published table of frame shuffling: changes by kind of system, with exact tests over systems."""

from emovlm.core.contracts.statistics import REANALYSIS
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.statistics.reanalysis import reanalyse
from emovlm.statistics.values.published_values import read_published


def main(job: Job) -> None:
    published = read_published(job.inputs["published"])
    write_table(reanalyse(published["paper_frame_shuffle"]), job.outputs["reanalysis"], REANALYSIS)


if __name__ == "__main__":
    run(main)
