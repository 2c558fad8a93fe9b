"""Measure how often frame samplers see a micro-expression, by its length.

--params: rates (sampler to frames a second), bins, confidence, splits (the splits whose clips count).
"""

from emovlm.core.contracts.data import CLIP_TRUTH
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.contracts.statistics import EVENT_COVERAGE
from emovlm.core.io import read_table, write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.statistics.micro_expressions import event_coverage_table, micro_events


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--samples", nargs="+", required=True, metavar="SAMPLER=PATH")
    arguments.add_argument("--truth", required=True, help="CLIP_TRUTH table")
    arguments.add_argument("--out", required=True, help="EVENT_COVERAGE table")
    options = arguments.parse_args()
    paths = named_paths(options.samples, "sample")
    samples = {sampler: read_table(path, SAMPLE) for sampler, path in paths.items()}
    events = micro_events(read_table(options.truth, CLIP_TRUTH), options.params["splits"])
    write_table(
        event_coverage_table(samples, options.params["rates"], events, options.params), options.out, EVENT_COVERAGE
    )


if __name__ == "__main__":
    run(main)
