"""Put the study's own figures beside the published ones that they answer to.

params: conditions, a list of condition, dataset, system (as published) and published (which figures).
"""

from emovlm.core.contracts.statistics import METRICS, PUBLISHED_COMPARISON
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.statistics.published_comparison import published_comparison_table
from emovlm.statistics.values.published_values import read_published


def main(job: Job) -> None:
    metrics, published = read_table(job.inputs["metrics"], METRICS), read_published(job.inputs["published"])
    table = published_comparison_table(metrics, job.params["conditions"], published)
    write_table(table, job.outputs["published_comparison"], PUBLISHED_COMPARISON)


if __name__ == "__main__":
    run(main)
