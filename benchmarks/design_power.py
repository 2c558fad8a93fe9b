"""What the design of the study can decide: errors and power of its evidence, by simulation.

    PYTHONPATH=src:. python benchmarks/design_power.py --write docs/explanation/statistics.md

The slopes on exposure are simulated clip by clip: 990 clips of 120 people, 11 classes, variants that read the names of
classes unequally often, training runs that differ. All other evidence is simulated as a figure of people and runs, with
the variation that pilot runs showed. Both go through the study's own functions. Prints Markdown, and with ``--write``
puts it between its markers in a file.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from benchmarks.drawn_studies import CHANCES, NODES
from benchmarks.measured import wrapped
from benchmarks.statistics_calibration import COVERED, LEVEL, cell, progress, table
from scipy.special import expit
from scipy.stats import t

from emovlm.core.bootstrap import bootstrap_weights
from emovlm.core.files import write_text
from emovlm.core.hashing import rng
from emovlm.statistics.exposure_slopes import fitted, slope_across, slope_within
from emovlm.statistics.intervals import with_runs

PEOPLE, CLIPS, CLASSES = 120, 990, 11
RUNS = (1, 3, 4, 5, 6, 8)
FULL = 4  # runs of the full study
CONFIDENCE, ALPHA, POWER = 0.95, 0.05, 0.8
EFFECTS = (0.4, 0.8, 1.6, 2.4)  # logits per tenfold exposure
MARKERS = "<!-- design: begin -->", "<!-- design: end -->"
# Times that captions name each class where one in thirty of the commonest class's does, in proportion to its word.
NAMED = np.array([65, 53, 42, 30, 27, 17, 14, 12, 9, 6, 5])
SHUFFLE = np.array([6, 9, 2, 0, 10, 5, 8, 1, 3, 7, 4])  # a permuted word list


@dataclass(frozen=True)
class Slope:
    """Clips whose chance to be recognised depends on how often their class was named, in logits.

    ``effect``: per tenfold exposure. ``person``, ``clip``: ease of a person's clips and of a clip. ``favour``: how much
    better a condition suits a person. ``run`` and ``run_class``: what training runs of a condition differ by, in all
    classes and in each.
    """

    name: str
    exposures: np.ndarray  # (A, K); of a slope across classes of the first condition alone
    within: bool = True
    effect: float = 0.0
    person: float = 0.7
    clip: float = 1.0
    favour: float = 0.3
    run: float = 0.5
    run_class: float = 1.0
    skill: float = 0.8

    @property
    def x(self) -> np.ndarray:
        """log10 of exposure, (A, K)."""
        return np.log10(self.exposures)

    @property
    def logits(self) -> np.ndarray:
        """Mean logit of each class in each condition, (A, K); the control of a slope across classes read nothing."""
        classes = self.skill + 0.5 * np.sin(3.0 * np.arange(self.x.shape[1]))  # unrelated to exposure
        seen = classes + self.effect * (self.x - self.x.mean())
        return seen if self.within else np.stack([seen[0], classes])

    def truth(self) -> float:
        """The slope that further people and runs have on average."""
        spread = np.sqrt(self.person**2 + self.clip**2 + self.favour**2 + self.run**2 + self.run_class**2)
        recall = expit(self.logits[..., None] + spread * NODES) @ CHANCES
        n = np.full(recall.shape[-1], CLIPS // CLASSES)
        return float((slope_within if self.within else slope_across)(recall[None], n, self.x[None])[0])

    def draw(self, generator: np.random.Generator, runs: int) -> tuple[np.ndarray, np.ndarray]:
        """One study: right answers (people, R, A, K) and clips (people, K)."""
        arms, classes = self.logits.shape
        label = np.arange(CLIPS * classes // CLASSES) % classes
        person = generator.permutation(len(label)) % PEOPLE
        ease = generator.normal(0, self.person, PEOPLE)[person] + generator.normal(0, self.clip, len(label))
        suits = generator.normal(0, self.favour, (arms, PEOPLE))
        trained = self.logits + generator.normal(0, self.run, (runs, arms, 1))
        trained = trained + generator.normal(0, self.run_class, (runs, arms, classes))
        chance = expit(trained[..., label] + suits[:, person] + ease)
        right = np.zeros((PEOPLE, runs, arms, classes), dtype=np.int64)
        answered = generator.random(chance.shape) < chance
        np.add.at(right, (person, slice(None), slice(None), label), np.moveaxis(answered, -1, 0))
        sizes = np.zeros((PEOPLE, classes), dtype=np.int64)
        np.add.at(sizes, (person, label), 1)
        return right, sizes

    def fit(self, generator: np.random.Generator, runs: int, resamples: int) -> dict[str, float]:
        """Figures of the slope in one study."""
        right, sizes = self.draw(generator, runs)
        people = [f"p{k:03}" for k in range(PEOPLE)]
        settings = {"seed": 1, "resamples": resamples, "confidence": CONFIDENCE}
        return fitted(right, sizes, np.repeat(self.x[None], runs, axis=0), self.within, people, settings)


def root(counts: np.ndarray, power: float) -> np.ndarray:
    """Exposures in proportion to counts^power, with the same total."""
    return counts**power / (counts**power).sum() * counts.sum()


UNIFORM, SQUARE_ROOT, FREQUENCY, PERMUTED = root(NAMED, 0.0), root(NAMED, 0.5), root(NAMED, 1.0), NAMED[SHUFFLE]
SWAPPED = np.stack([NAMED, NAMED[::-1]])[:, NAMED[::-1] != NAMED]
SLOPES = (
    Slope("all 5 variants", np.stack([FREQUENCY, SQUARE_ROOT, UNIFORM, PERMUTED, NAMED[::-1]])),
    Slope("naming: 3 variants", np.stack([FREQUENCY, SQUARE_ROOT, UNIFORM])),
    Slope("permuted and uniform", np.stack([PERMUTED, UNIFORM])),
    Slope("swapped pairs", SWAPPED.astype(float)),
    Slope("words: across, less a control", FREQUENCY[None], within=False),
)


@dataclass(frozen=True)
class Piece:
    """Evidence as pilot runs showed it: effect, SD of single runs, standard error over 60 people (495 clips)."""

    name: str
    effect: float
    sd: float
    se: float
    equal: bool = False  # to be shown equal, within the margin ``effect``


# Means and SD of single runs: three or two runs a piece (some SD from the range of three runs, divided by 1.69).
PIECES = (
    Piece("L2 evenness: entropy, balanced against natural", 0.016, 0.007, 0.004),
    Piece("L2 rare recall, collapsed organism", 0.11, 0.042, 0.015),
    Piece("L2 rare recall, classifier", 0.048, 0.030, 0.016),
    Piece("T1 rise from 1 to 5 frames/s", 0.056, 0.020, 0.013),
    Piece("T1 fall from 5 to 25 frames/s", 0.017, 0.010, 0.0075),
    Piece("T1 fall of one organism less that of another", 0.017, 0.014, 0.011),
    Piece("T2 order clips, classifier", 0.367, 0.013, 0.035),
    Piece("T2 order clips, one organism less another", 0.126, 0.10, 0.042),
    Piece("T2 equal, macro-F1, margin 0.05", 0.05, 0.015, 0.008, equal=True),
    Piece("T4 texts against keyframes", 0.021, 0.018, 0.0075),
    Piece("T4 texts against static texts", 0.020, 0.011, 0.007),
)


def needed(piece: Piece, runs: int, trials: int, resamples: int) -> np.ndarray:
    """Of each simulated study the smallest true effect (for ``equal``: margin) with which it would be decided for.

    A study's figure is the effect plus parts of people, of runs and of both. Half of the variance of single runs, but
    no more than that over people, is chance in each run's answers; the rest is of runs. There are 120 people.
    """
    se = piece.se / np.sqrt(PEOPLE / 60)
    chance = min(piece.sd**2 / 2, se**2)
    weights = bootstrap_weights([f"p{k:03}" for k in range(PEOPLE)], resamples, 1) / PEOPLE
    found = []
    for trial in range(trials):
        g = rng("design", piece.name, runs, trial)
        values = g.normal(0, se * np.sqrt(PEOPLE), (PEOPLE, 1)) + g.normal(0, np.sqrt(piece.sd**2 - chance), runs)
        values = values + g.normal(0, np.sqrt(chance * PEOPLE), (PEOPLE, runs))
        means, spread = values.mean(axis=0), weights @ values
        over = with_runs(spread, means, PEOPLE)
        spent, freedom = (over.se, over.freedom) if runs > 1 else (spread.std(ddof=1), PEOPLE - 1)
        level = 1 - ALPHA if piece.equal else (1 + CONFIDENCE) / 2
        reach = t.ppf(level, freedom) * spent
        found.append(abs(means.mean()) + reach if piece.equal else reach - means.mean())
    return np.array(found)


def calibration(trials: int, resamples: int) -> Iterator[str]:
    """Markdown: errors of the slopes without an effect, and coverage with one, with one run and with six."""
    rows = []
    for slope in SLOPES:
        for runs in (1, FULL):
            own = {"run": 0.0, "run_class": 0.0} if runs == 1 else {}
            null, there = replace(slope, **own), replace(slope, effect=0.8, **own)
            truth, errors, covered = there.truth(), [], []
            p, ends = ("p", ("low", "high")) if runs == 1 else ("p_runs", ("runs_low", "runs_high"))
            for trial in progress(trials, f"{slope.name}, {runs} runs"):
                g = rng("slopes", slope.name, runs, trial)
                errors.append(null.fit(g, runs, resamples)[p] <= ALPHA)
                found = there.fit(g, runs, resamples)
                low, high = found[ends[0]], found[ends[1]]
                covered.append(low <= truth <= high)
            rows.append([slope.name, str(runs), cell(np.mean(errors), LEVEL), cell(np.mean(covered), COVERED)])
    yield table(["slope", "runs", "found though absent (p), of 100", "true slope covered, of 100"], rows)


def power_of_slopes(trials: int, resamples: int) -> Iterator[str]:
    """Markdown: SD of single runs, and the slope that is found with 80% power, by number of runs."""
    rows = []
    for slope in SLOPES:
        for effect in EFFECTS:
            design = replace(slope, effect=effect)
            shares, sd = [], []
            for runs in RUNS:
                found = [design.fit(rng("power", slope.name, runs, k), runs, resamples) for k in range(trials)]
                low = "low" if runs == 1 else "runs_low"
                shares.append(f"{np.mean([one[low] > 0 for one in found]):.0%}")
                if runs > 1:
                    sd += [(one["highest"] - one["lowest"]) / WIDTH[runs] for one in found]
            rows.append([slope.name, f"{design.truth():.2f}", f"{np.mean(sd):.3f}", *shares])
    yield table(["slope", "true, recall per tenfold", "SD of single runs", *map(_runs, RUNS)], rows)


WIDTH = {3: 1.693, 4: 2.059, 5: 2.326, 6: 2.534, 8: 2.847}  # mean range of n normal values, in SD (Tippett 1925)


def _runs(runs: int) -> str:
    return f"{runs} run" + "s" * (runs > 1)


def power_of_pieces(trials: int, resamples: int) -> Iterator[str]:
    """Markdown: power at the effect seen in pilots, and the effect with 80% power, by number of runs."""
    seen, smallest = [], []
    for piece in PIECES:
        by_runs = [needed(piece, runs, trials, resamples) for runs in progress_over(piece.name)]
        head = [piece.name, f"{piece.effect:g}" if not piece.equal else "none", f"{piece.sd:g}"]
        seen.append([*head, *(f"{np.mean(each <= piece.effect):.0%}" for each in by_runs)])
        smallest.append([piece.name, *(f"{np.quantile(each, POWER):.3f}" for each in by_runs)])
    yield "Power at the effect that pilot runs showed (of equality: where there is no difference):\n"
    yield table(["evidence", "effect", "SD of single runs", *map(_runs, RUNS)], seen)
    yield "Smallest effect (of equality: smallest margin) that is decided with 80% power:\n"
    yield table(["evidence", *map(_runs, RUNS)], smallest)


def progress_over(what: str) -> Iterator[int]:
    """The numbers of runs; says when all are done."""
    for number, _ in enumerate(progress(len(RUNS), what)):
        yield RUNS[number]


def errors_of_one_run(trials: int, resamples: int) -> str:
    """Markdown: how often one run, judged over people alone, supports what further runs do not show."""
    absent = [replace(piece, name=f"none: {piece.name}") for piece in PIECES if not piece.equal]
    shares, full = ([np.mean(needed(piece, runs, trials, resamples) <= 0) for piece in absent] for runs in (1, FULL))
    return (
        f"Without an effect, evidence of one run is for it in {100 * min(shares):.0f} to {100 * max(shares):.0f} of "
        f"100 studies, since runs differ. Evidence of {FULL} runs is so in {100 * min(full):.1f} to "
        f"{100 * max(full):.1f} of them. The target is 2.5, one direction of a test at 5%.\n"
    )


def report(trials: int, resamples: int) -> str:
    """All tables as Markdown."""
    parts = [
        f"{CLIPS} clips of {PEOPLE} people, {CLASSES} classes; {trials:,} studies a row (errors and coverage: twice "
        f"as many; slopes: a fifth), {resamples:,} resamples. Bold: outside the target (4 to 6, 93 to 97). With one "
        "run the truth is that of the trained models.\n",
        *calibration(2 * trials, resamples),
        "Power of the slopes (share of studies in which the interval lies above 0):\n",
        *power_of_slopes(max(trials // 5, 1), resamples),
        *power_of_pieces(trials, resamples),
        errors_of_one_run(trials, resamples),
    ]
    return wrapped("\n".join(parts))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--trials", type=int, default=500)
    arguments.add_argument("--resamples", type=int, default=300)
    arguments.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the markers of this file")
    given = arguments.parse_args()
    tables = report(given.trials, given.resamples)
    print(tables)
    if given.write:
        before, rest = given.write.read_text(encoding="utf-8").split(MARKERS[0])
        write_text(given.write, f"{before}{MARKERS[0]}\n\n{tables}\n{MARKERS[1]}{rest.split(MARKERS[1])[1]}")


if __name__ == "__main__":
    main()
