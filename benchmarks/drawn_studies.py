"""Test sets and answers drawn from known chances, to see how often the statistics are right.

A clip is recognised with a chance of logistic(skill of its class + ease for its person + its own ease). A condition may
suit a person more than another does. Where two conditions use the same chances they can be exchanged, person by person.
What is not recognised gets another class, by habit, most often neutral; one answer in a hundred fails.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from emovlm.statistics.metrics import metric_from_counts

FAILS = 0.01
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
CHANCES = WEIGHTS / WEIGHTS.sum()  # of the nodes of a standard normal variable


@dataclass(frozen=True)
class Design:
    """A test set and the spread of what makes its clips easy, in logits.

    ``person``: ease of a person's clips; ``favour``: how much better a condition suits a person; ``clip``: ease of a
    clip. ``shared``: share of clips that both conditions answer alike. ``run`` and ``run_class``: what training runs
    differ by, in all classes and in each.
    """

    name: str
    classes: int
    clips: int
    people: int
    person: float = 0.0
    favour: float = 0.0
    clip: float = 1.0
    shared: float = 0.5
    run: float = 0.0
    run_class: float = 0.0

    @property
    def names(self) -> list[str]:
        """Classes, from the easiest to the hardest but for neutral; the last two and the first are the tail."""
        return [*(f"class {k}" for k in range(self.classes - 3)), "neutral", "rare 1", "rare 2"]

    @property
    def tail(self) -> list[str]:
        return ["class 0", "rare 1", "rare 2"]

    @property
    def skill(self) -> np.ndarray:
        """Logit of the chance to recognise each class, (K,)."""
        return np.linspace(2.2, -0.6, self.classes)

    @property
    def habit(self) -> np.ndarray:
        """Chances of the class given to a clip that is not recognised, (K, K), by its class."""
        weights = np.tile(np.linspace(1.0, 0.2, self.classes), (self.classes, 1))
        weights[:, self.classes - 3] = 3.0
        np.fill_diagonal(weights, 0.0)
        return weights / weights.sum(axis=1, keepdims=True)

    def metric(self, counts: np.ndarray, metric: str) -> np.ndarray:
        """A metric of counts (..., K, K + 1)."""
        return metric_from_counts(counts, metric, self.names, self.tail)


MAFW = Design("495 clips, 11 classes, 60 people", 11, 495, 60, person=0.7, favour=0.3)
DFEW = Design("700 clips, 7 classes, no people known", 7, 700, 700)


def _expected(design: Design, skill: np.ndarray, spread: float) -> np.ndarray:
    """Chances of the answers to each class: (..., K, K + 1) for skills (..., K)."""
    right = expit(skill[..., None] + spread * NODES) @ CHANCES
    answers = (1 - right)[..., None] * design.habit + right[..., None] * np.eye(design.classes)
    failed = np.full((*answers.shape[:-1], 1), FAILS)
    return np.concatenate([(1 - FAILS) * answers, failed], axis=-1) / design.classes


def population(design: Design, shift: float = 0.0) -> np.ndarray:
    """What answers are expected of a condition whose own skill is higher by ``shift`` logits: (K, K + 1), sum 1."""
    base = np.hypot(design.person, design.clip)
    own = _expected(design, design.skill + shift, np.hypot(base, design.favour))
    return design.shared * _expected(design, design.skill, base) + (1 - design.shared) * own


def populations_of_runs(design: Design, generator: np.random.Generator, runs: int = 4000) -> np.ndarray:
    """Expected answers of many training runs of a design without shared answers: (runs, K, K + 1)."""
    skill = design.skill + generator.normal(0, design.run, (runs, 1))
    skill = skill + generator.normal(0, design.run_class, (runs, design.classes))
    return _expected(design, skill, np.sqrt(design.person**2 + design.clip**2 + design.favour**2))


def shift_for(design: Design, metric: str, difference: float) -> float:
    """The shift of skill that lowers a metric by ``difference``."""
    target = design.metric(population(design), metric) - difference
    return brentq(lambda shift: design.metric(population(design, shift), metric) - target, -30, 0)


def draw(design: Design, generator: np.random.Generator, shift: float = 0.0, runs: int = 1) -> tuple:
    """One study: counts (people, R, K, K + 1) and answers (R, clips) of two conditions, and the clips' classes.

    The second condition's own skill is higher by ``shift``.
    """
    label = np.arange(design.clips) % design.classes
    person = generator.permutation(design.clips) % design.people
    ease = generator.normal(0, design.person, design.people)[person] + generator.normal(0, design.clip, design.clips)
    counts, given = [], []
    common = [_answer(design, generator, label, ease + design.skill[label]) for _ in range(runs)]
    same = generator.random((runs, design.clips)) < design.shared
    for moved in (0.0, shift):
        suits = generator.normal(0, design.favour, design.people)[person]
        own = np.zeros((runs, design.clips), dtype=int)
        for r in range(runs):
            skill = design.skill + moved + generator.normal(0, design.run)
            skill = skill + generator.normal(0, design.run_class, design.classes)
            own[r] = np.where(same[r], common[r], _answer(design, generator, label, ease + suits + skill[label]))
        table = np.zeros((design.people, runs, design.classes, design.classes + 1), dtype=np.int64)
        np.add.at(table, (person, np.arange(runs)[:, None], label, own), 1)
        counts.append(table)
        given.append(own)
    return counts, given, label


def _answer(design: Design, generator: np.random.Generator, label: np.ndarray, ease: np.ndarray) -> np.ndarray:
    """Class given to each clip, K where the system failed."""
    right = generator.random(len(label)) < expit(ease)
    ladder = design.habit.cumsum(axis=1)[label]
    other = (generator.random(len(label))[:, None] > ladder).sum(axis=1).clip(max=design.classes - 1)
    failed = generator.random(len(label)) < FAILS
    return np.where(failed, design.classes, np.where(right, label, other))


def draw_confident(design: Design, generator: np.random.Generator, clips: int, people: int, sharp: float) -> tuple:
    """Persons, confidences and whether right: a system whose logits are ``sharp`` times what they should be."""
    person = generator.permutation(clips) % people
    ease = 1.2 + generator.normal(0, design.person, people)[person] + generator.normal(0, 1.3, clips)
    return person, expit(sharp * ease), generator.random(clips) < expit(ease)


def calibration_error(design: Design, generator: np.random.Generator, sharp: float, bins: int) -> float:
    """The error of such a system over very many clips, in as many bins."""
    _, confidence, _ = draw_confident(design, generator, 2_000_000, 2_000_000, sharp)
    edges = np.quantile(confidence, np.arange(1, bins) / bins)
    gap = confidence - expit(logit(confidence) / sharp)
    return float(np.abs(np.bincount(np.searchsorted(edges, confidence), gap)).sum() / len(gap))


def with_runs_that_differ(design: Design, by: float) -> Design:
    """The design with training runs that differ by ``by`` logits in all classes, and as much again in each."""
    return replace(design, shared=0.0, run=by, run_class=by)
