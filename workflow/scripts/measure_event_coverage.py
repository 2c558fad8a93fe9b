"""Measure how often frame samplers see a micro-expression, by its length.

params: rates (sampler to frames a second), bins, confidence, splits (the splits whose clips count).
"""

from emovlm.core.contracts.data import CLIP_TRUTH
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.contracts.statistics import EVENT_COVERAGE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.statistics.micro_expressions import event_coverage_table, micro_events


def main(job: Job) -> None:
    samples = {sampler: read_table(path, SAMPLE) for sampler, path in job.inputs["samples"].items()}
    events = micro_events(read_table(job.inputs["truth"], CLIP_TRUTH), job.params["splits"])
    table = event_coverage_table(samples, job.params["rates"], events, job.params)
    write_table(table, job.outputs["event_coverage"], EVENT_COVERAGE)


if __name__ == "__main__":
    run(main)
