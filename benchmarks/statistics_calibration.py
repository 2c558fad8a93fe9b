"""How often the tests of the study reject what is true, and how often its intervals cover.

Studies are drawn whose truth is known (`drawn_studies.py`), of the paper's two test sets, and put through the study's
own functions. A test at 5% should reject in 4 to 6% of them, a 95% interval cover in 93 to 97%.
`make calibrate` writes the tables into docs/explanation/statistics.md.
"""

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks import drawn_studies as drawn
from benchmarks.measured import wrapped
from scipy.stats import binom, binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from emovlm.core.bootstrap import bootstrap_weights, resample
from emovlm.core.files import write_text
from emovlm.core.hashing import rng
from emovlm.statistics.calibration import BINS, bin_answers, ece_interval
from emovlm.statistics.comparisons import equivalence_p, sign_flip_p
from emovlm.statistics.intervals import percentile, with_runs, without_bias
from emovlm.statistics.metrics import METRICS, class_f1
from emovlm.statistics.power import smallest_difference, standard_error

LEVEL, COVERED = (0.04, 0.06), (0.93, 0.97)
BEGIN, END = "<!-- simulation: begin -->\n", "<!-- simulation: end -->\n"
SINGLE = [m.name for m in METRICS.values() if m.reads == "answers" and m.name != "macro_recall"]  # macro_recall is uar
COMPARED = ["accuracy", "uar", "macro_f1", "entropy", "neutral_share", "tail_recall"]
OF_RUNS = ["accuracy", "macro_f1", "entropy"]
MARGIN = 0.05  # of the equivalence
SHARP = {"over-confident": 1.5, "calibrated": 1.0}
DESIGNS = (drawn.MAFW, drawn.DFEW)
RUNS = [("are alike", 3, 0.0), ("differ", 3, 0.15), ("differ", 5, 0.15), ("differ much", 3, 0.4)]
N_EVENTS = 169  # micro-expressions of the default study
UNLIKE = (
    (20, 30),
    (80, 100),
)  # clips that one condition recognises and the other does not: of the tail and of all, about
Found = dict[str, list[float]]


def single_run(design: drawn.Design, trials: int, resamples: int) -> tuple[Found, Found, Found]:
    """Trial by trial: whether each test rejects, each interval covers, and the standard errors of differences."""
    people = [f"p{k:03}" for k in range(design.people)]
    truth = {m: float(design.metric(drawn.population(design), m)) for m in SINGLE}
    truth_f1 = class_f1(drawn.population(design))
    alike = drawn.replace(design, shared=0.8)
    edge = drawn.shift_for(alike, "macro_f1", MARGIN)
    rejected, covered, errors = defaultdict(list), defaultdict(list), defaultdict(list)
    for trial in progress(trials, design.name):
        generator = rng("calibration", design.name, trial)
        (a, b), (given_a, given_b), label = drawn.draw(design, generator)
        weights = bootstrap_weights(people, resamples, trial)
        spread_a, spread_b = resample(a, weights), resample(b, weights)
        total_a = a.sum(0)
        for metric in SINGLE:
            value, spread = (design.metric(t, metric).mean(-1) for t in (total_a, spread_a))
            found = percentile(spread, design.people, 0.95)
            if METRICS[metric].biased:
                found = without_bias(found, spread.mean() - value, value, METRICS[metric].bounds_for(design.names))
            covered[metric].append(found[0] <= truth[metric] <= found[1])
            if metric in COMPARED:
                spread = spread - design.metric(spread_b, metric).mean(-1)
                low, high = percentile(spread, design.people, 0.95)
                covered[f"difference of {metric}"].append(low <= 0 <= high)
                p = sign_flip(design, metric, (a, b), people, {"flips": resamples, "seed": trial})
                rejected[f"sign-flip, {metric}"].append(p <= 0.05)
                errors[metric].append(standard_error(spread, design.people))
        low, high = percentile(class_f1(spread_a).mean(-2), design.people, 0.95)
        for name, one in zip(design.names, (low <= truth_f1) & (truth_f1 <= high), strict=True):
            covered[f"F1 of {name}"].append(one)
        for name, p in mcnemar_of(given_a[0] == label, given_b[0] == label).items():
            rejected[name].append(p <= 0.05)
        (a, b), *_ = drawn.draw(alike, generator, shift=edge)
        spread = np.subtract(*(design.metric(resample(t, weights), "macro_f1").mean(-1) for t in (b, a)))
        rejected[f"equivalence at its margin ({MARGIN}), macro_f1"].append(
            equivalence_p(spread, MARGIN, design.people) <= 0.05
        )
    return rejected, covered, errors


def sign_flip(design: drawn.Design, metric: str, tables: tuple, people: list[str], settings: dict) -> float:
    """p of the study's own sign-flip test of two conditions' counts."""
    by_run = lambda given: np.subtract(*(design.metric(t, metric) for t in given))  # noqa: E731
    return sign_flip_p(list(tables), by_run, people, METRICS[metric], settings)


def mcnemar_of(right_a: np.ndarray, right_b: np.ndarray) -> dict[str, float]:
    """p of the exact test and of its mid-p variant, which counts half of the chance of what was seen."""
    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    exact = float(mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue)
    return {"McNemar, exact": exact, "McNemar, mid-p": exact - binom.pmf(min(only_a, only_b), only_a + only_b, 0.5)}


def power_at(design: drawn.Design, difference: float, trials: int, resamples: int) -> list[bool]:
    """Whether the sign-flip test finds a true difference of macro-F1, trial by trial."""
    people, shift = [f"p{k:03}" for k in range(design.people)], drawn.shift_for(design, "macro_f1", difference)
    found = []
    for trial in progress(trials, f"{design.name}: power"):
        (a, b), *_ = drawn.draw(design, rng("power", design.name, trial), shift=shift)
        found.append(sign_flip(design, "macro_f1", (a, b), people, {"flips": resamples, "seed": trial}) <= 0.05)
    return found


def several_runs(design: drawn.Design, runs: int, by: float, trials: int, resamples: int) -> tuple[Found, float]:
    """Of each interval for people and runs whether it covers, and how much accuracy differs between runs (SD)."""
    design = drawn.with_runs_that_differ(design, by)
    people = [f"p{k:03}" for k in range(design.people)]
    worlds = drawn.populations_of_runs(design, rng("runs", by))
    covered = defaultdict(list)
    for trial in progress(trials, f"{runs} runs that differ by {by}"):
        (a, b), *_ = drawn.draw(design, rng("calibration", runs, by, trial), runs=runs)
        weights = bootstrap_weights(people, resamples, trial)
        spread_a, spread_b = resample(a, weights), resample(b, weights)
        for metric in OF_RUNS:
            values_a, values_b, all_a, all_b = (
                design.metric(t, metric) for t in (a.sum(0), b.sum(0), spread_a, spread_b)
            )
            truth, bounds = design.metric(worlds, metric).mean(), METRICS[metric].bounds_for(design.names)
            low, high = with_runs(all_a, values_a, design.people, METRICS[metric].biased).interval(0.95, bounds)
            covered[metric].append(low <= truth <= high)
            width = bounds[1] - bounds[0]
            over_runs = with_runs(all_a - all_b, values_a - values_b, design.people)
            low, high = over_runs.interval(0.95, (-width, width))
            covered[f"difference of {metric}"].append(low <= 0 <= high)
    return covered, float(design.metric(worlds, "accuracy").std())


def calibration_errors(design: drawn.Design, trials: int, resamples: int) -> Found:
    """Whether the interval of the calibration error covers, trial by trial, of two systems."""
    covered = {}
    for name, sharp in SHARP.items():
        truth = drawn.calibration_error(design, rng("truth", design.name), sharp, BINS)
        covered[title := f"ece, {name} (true: {truth:.2f})"] = []
        for trial in progress(trials, f"{design.name}: ece, {name}"):
            person, confidence, right = drawn.draw_confident(
                design, rng("ece", design.name, sharp, trial), design.clips, design.people, sharp
            )
            answers = pd.DataFrame({
                "identity": person, "replicate": 1, "status": "ok", "label": np.where(right, "yes", "no"),
                "prediction": "yes", "score_yes": np.log(confidence), "score_no": np.log1p(-confidence),
            })  # fmt: skip
            binned = bin_answers(answers)
            low, high = ece_interval(binned, {"confidence": 0.95, "resamples": resamples, "seed": trial})
            covered[title].append(low <= truth <= high)
    return covered


def sign_tests() -> list[tuple[str, float, tuple]]:
    """The level that an exact two-sided sign test at 5% reaches with so many clips that only one side recognises."""

    def level(n: int) -> float:
        p = np.array([binomtest(k, n).pvalue for k in range(n + 1)])
        return binom.pmf(np.arange(n + 1), n, 0.5)[p <= 0.05].sum()

    return [(f"exact sign test of {few} to {many} clips, mean level", np.mean([level(n) for n in range(few, many + 1)]),
             LEVEL) for few, many in UNLIKE]  # fmt: skip


def event_coverage(n: int) -> list[tuple[str, float, tuple]]:
    """Exact figures, without simulation, of the test and the interval of event coverage."""
    possible = np.arange(n + 1)
    low, high = proportion_confint(possible, n, method="wilson")
    p = np.array([binomtest(k, n, 0.5, alternative="less").pvalue for k in possible])
    below = p <= 0.05
    at_margin = binom.pmf(possible, n, 0.5)
    shares = np.linspace(0.1, 0.9, 161)
    covered = [binom.pmf(possible, n, share)[(low <= share) & (share <= high)].sum() for share in shares]
    return [
        (f"binomial test of {n} events, hit share 0.5", at_margin[below].sum(), LEVEL),
        ("the same, with its interval below 0.5, as claim T3 asks", at_margin[below & (high < 0.5)].sum(), LEVEL),
        (f"Wilson's interval of {n} events, mean over shares 0.1 to 0.9", np.mean(covered), COVERED),
    ]


def progress(trials: int, what: str):
    """Numbers of trials; says now and then how far it is."""
    start = time.monotonic()
    for trial in range(trials):
        yield trial
        if (trial + 1) % 500 == 0 or trial + 1 == trials:
            print(f"{what}: {trial + 1} of {trials} trials, {time.monotonic() - start:.0f} s", file=sys.stderr)


def cell(share: float, target: tuple[float, float]) -> str:
    """A share in per cent, bold where it is outside the target."""
    text = f"{100 * share:.1f}"
    return text if target[0] <= round(share, 3) <= target[1] else f"**{text}**"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]) + "\n"


def by_design(kinds: list[Found], target: tuple[float, float]) -> str:
    """A table with a column a design."""
    head = ["%", *(design.name for design in DESIGNS)]
    names = list(dict.fromkeys(name for kind in kinds for name in kind))
    return table(head, [[name, *(cell(np.mean(kind[name]), target) if name in kind else "-" for kind in kinds)]
                        for name in names])  # fmt: skip


def gather_f1(covered: Found) -> Found:
    """The intervals of F1 by class as one row, and the class that is covered worst."""
    of_classes = {name: values for name, values in covered.items() if name.startswith("F1 of ")}
    rest = {name: values for name, values in covered.items() if name not in of_classes}
    worst = min(of_classes.values(), key=np.mean)
    return {**rest, "F1 by class, mean over classes": np.concatenate(list(of_classes.values())).tolist(),
            "F1 by class, worst class": worst}  # fmt: skip


def simulate(trials: int, resamples: int) -> dict:
    """What was found in all trials, by part; :func:`report` says it."""
    found = [single_run(design, trials, resamples) for design in DESIGNS]
    smallest = [smallest_difference(np.mean(errors["macro_f1"]), design.people, 0.05)
                for (*_, errors), design in zip(found, DESIGNS, strict=True)]  # fmt: skip
    return {
        "single": found,
        "smallest": smallest,
        "ece": [calibration_errors(design, trials, resamples // 2) for design in DESIGNS],
        "power": [power_at(*pair, trials // 2, resamples) for pair in zip(DESIGNS, smallest, strict=True)],
        "runs": [several_runs(drawn.MAFW, runs, by, trials, resamples // 2) for _, runs, by in RUNS],
    }


def report(found: dict, resamples: int) -> str:
    """All tables as Markdown."""
    trials = len(found["single"][0][0]["sign-flip, accuracy"])
    covered = [{**gather_f1(single[1]), **ece} for single, ece in zip(found["single"], found["ece"], strict=True)]
    head = [f"{runs} runs that {name} (SD of accuracy {sd:.3f})"
            for (name, runs, _), (_, sd) in zip(RUNS, found["runs"], strict=True)]  # fmt: skip
    powers = [f"- {design.name}: {100 * np.mean(power):.0f}% (`mde` {size:.3f})"
              for power, design, size in zip(found["power"], DESIGNS, found["smallest"], strict=True)]  # fmt: skip
    parts = [
        f"{trials:,} trials of each, {resamples:,} resamples (half as many for `ece` and several runs). One standard "
        f"error of a share is {100 * np.sqrt(0.05 * 0.95 / trials):.1f} points. Bold: outside the target.\n",
        "Tests: rejected although true, of 100 (target 4 to 6).\n",
        by_design([single[0] for single in found["single"]], LEVEL),
        "Intervals over people: true value covered, of 100 (target 93 to 97).\n",
        by_design(covered, COVERED),
        f"Intervals over people and training runs, {drawn.MAFW.name} (target 93 to 97).\n",
        table(
            ["%", *head],
            [
                [metric, *(cell(np.mean(several[metric]), COVERED) for several, _ in found["runs"])]
                for metric in found["runs"][0][0]
            ],
        ),
        "Calculated, without simulation: event coverage, and how far a test that counts clips can reach its level.\n",
        table(
            ["", "%"],
            [[name, cell(share, target)] for name, share, target in [*event_coverage(N_EVENTS), *sign_tests()]],
        ),
        "Power to find a true difference of macro-F1 as large as the mean `mde`, where 80% are expected:\n",
        *powers,
        "",
    ]
    return wrapped("\n".join(parts))


def put(text: str, path: Path) -> None:
    """Replace what stands between the two marks of a file."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    write_text(path, f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--write", type=Path, help="a file with the marks between which the tables go")
    given = parser.parse_args()
    text = report(simulate(given.trials, given.resamples), given.resamples)
    print(text)
    if given.write:
        put(text, given.write)


if __name__ == "__main__":
    main()
