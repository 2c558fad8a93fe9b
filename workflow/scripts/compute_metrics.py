"""Compute metrics of all conditions, over all classes, by class and by training run, confusions and reliability.

--params: seed, resamples, confidence, classes (in the lexicon's order), tail (rare classes).
"""

from emovlm.core.contracts.statistics import CONFUSION, METRICS, PER_CLASS, PER_RUN, RELIABILITY
from emovlm.core.io import write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.statistics.calibration import reliability_table
from emovlm.statistics.counts import read_answers
from emovlm.statistics.metrics import confusion_table, metrics_table, per_class_table, per_run_table


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--answers", nargs="+", required=True, metavar="CONDITION=PATH")
    arguments.add_argument("--out-metrics", required=True)
    arguments.add_argument("--out-classes", required=True)
    arguments.add_argument("--out-runs", required=True)
    arguments.add_argument("--out-confusion", required=True)
    arguments.add_argument("--out-reliability", required=True)
    options = arguments.parse_args()
    answers = read_answers(named_paths(options.answers, "answers"))
    write_table(metrics_table(answers, options.params), options.out_metrics, METRICS)
    write_table(per_class_table(answers, options.params), options.out_classes, PER_CLASS)
    write_table(per_run_table(answers, options.params), options.out_runs, PER_RUN)
    write_table(confusion_table(answers, options.params), options.out_confusion, CONFUSION)
    write_table(reliability_table(answers, options.params), options.out_reliability, RELIABILITY)


if __name__ == "__main__":
    run(main)
