"""A broken organism, one that recognises nothing, supports no claim about models, whatever its habits are."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.study_tables import frequency_of, listed_sources, plain_rows, with_margins
from tests.unit.statistics_answers import draw_answers

from emovlm.lexicon.estimator import permuted_counts, swapped_counts
from emovlm.lexicon.terms import read_classes
from emovlm.statistics.claims import Results
from emovlm.statistics.comparisons import compare
from emovlm.statistics.exposure_slopes import slopes_table
from emovlm.statistics.metric_tables import metrics_table
from emovlm.statistics.verdicts import judge

ROOT = Path(__file__).resolve().parents[2]
MAFW = pd.read_csv(ROOT / "resources/published/mafw_classes.csv")
CLASSES = [row["emotion"] for row in read_classes()]
CLAIMS = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
PRIMARY = {"primary_source": "google-books-2012", "primary_form": "family"}
SETTINGS = {
    "seed": 1, "resamples": 100, "confidence": 0.95, "classes": CLASSES, "lexicon": PRIMARY, **PRIMARY,
    "tail": ["contempt", "helplessness", "disappointment"], "alpha": CLAIMS["alpha"],
    "flips": 200,
}  # fmt: skip
NO_EVENTS = pd.DataFrame(columns=["sampler", "n", "measured"])


@cache
def frequency():
    return frequency_of([row for row in listed_sources() if row["source"] == "google-books-2012"])


@cache
def habits():
    """How often a system that recognises nothing names each class, by the start of its condition's name."""
    words = frequency().query("language == 'en' and form == 'family'").set_index("emotion")["count"].reindex(CLASSES)
    sizes = MAFW.set_index("emotion")["clips"].reindex(CLASSES)
    even = pd.Series(1.0, CLASSES)
    return {
        **dict.fromkeys(["freq", "rare-frequency", "long", "moments"], words), "unif": even, "rare-uniform": even,
        "rare-root": np.sqrt(words), "rare-swapped": pd.Series(swapped_counts(words.to_dict())),
        "rare-permuted": pd.Series(permuted_counts(words.to_dict(), SETTINGS["seed"])),
        "natural": sizes, "balanced": even, "square-root": np.sqrt(sizes), "effective-number": np.sqrt(sizes),
        "videomae-natural": sizes, "videomae-balanced": even,
    }  # fmt: skip


def habit_of(condition):
    return next(weights for start, weights in habits().items() if condition.startswith(start))


def exposures(conditions):
    """How often the captions of organisms name each class, by condition: as often as their habits say."""
    named = {c: habit_of(c) / habit_of(c).sum() * 6000 for c in conditions}
    return {c: pd.DataFrame(dict.fromkeys(range(1, 7), shares.round().clip(1))) for c, shares in named.items()}


def judged(answer):
    """CLAIMS by the study's own plan; ``answer`` makes the answers of the condition of a number and a name."""
    conditions = [row["condition"] for row in plain_rows(ROOT / "config/conditions.tsv")]
    answers = {condition: answer(number, condition) for number, condition in enumerate(conditions)}
    planned, sloped = (with_margins(plain_rows(ROOT / f"config/{t}.tsv"), CLAIMS) for t in ("comparisons", "slopes"))
    within = {c for row in sloped if row["kind"] == "within" for c in row["conditions"].split()}
    words = frequency().query("language == 'en' and form == 'family'").set_index("emotion")["count"]
    tables = {
        "metrics": metrics_table(answers, SETTINGS),
        "comparisons": compare(answers, planned, SETTINGS),
        "slopes": slopes_table(answers, exposures(within), words, sloped, SETTINGS),
        "event_coverage": NO_EVENTS,
    }
    return judge(CLAIMS, Results(tables, SETTINGS))[0].set_index("claim")


def permuted(answers, seed):
    """The same answers, given to other clips: what is left is chance."""
    orders = np.random.default_rng(seed)
    given = answers.groupby("replicate")["prediction"].transform(lambda p: orders.permutation(p.to_numpy()))
    return answers.assign(prediction=given)


@pytest.mark.parametrize("replicates", [1, 6])
@pytest.mark.parametrize("seed", range(2))
def test_answers_by_permuted_labels_support_no_claim_about_models(seed, replicates):
    def answer(number, condition):
        drawn = draw_answers([seed, number], 330, 40, skill=0.7, failed=0, classes=CLASSES, replicates=replicates)
        return permuted(drawn, [seed, number])

    assert "supported" not in set(judged(answer)["verdict"])


@pytest.mark.parametrize("replicates", [1, 3])
@pytest.mark.parametrize("seed", range(2))
def test_habits_without_recognition_support_no_claim_about_models(seed, replicates):
    """Systems that name emotions as often as their training did, whatever they see.

    Their F1 by class follows the words, and balanced habits recall rare classes more often: without the rule that
    systems at chance decide nothing, L1 and L2 are supported for some of these seeds.
    """

    def answer(number, condition):
        drawn = {"skill": 0, "failed": 0, "classes": CLASSES, "replicates": replicates}
        return draw_answers([seed, number], 330, 40, habit=habit_of(condition), **drawn)

    table = judged(answer)
    assert "supported" not in set(table["verdict"])
    assert table.loc[["L1", "L2"], "test"].str.contains("at chance").all()


def test_the_same_plan_supports_claims_where_systems_recognise_and_follow_words():
    """The tests above are worth something: with skill by class as the claims say, L1 and L2 are supported."""

    def answer(number, condition):
        share = habit_of(condition) / habit_of(condition).max()
        right = draw_answers([number, 0], 990, 40, skill=1, failed=0, classes=CLASSES, replicates=6)
        known = right["label"].map(0.2 + 0.7 * share.rank() / len(share))
        lucky = np.random.default_rng([number, 1]).random(len(right)) < known
        guess = np.random.default_rng([number, 2]).choice(CLASSES, len(right), p=share / share.sum())
        return right.assign(prediction=right["label"].where(lucky, guess))

    verdicts = judged(answer)["verdict"]
    assert verdicts[["L1", "L2"]].tolist() == ["supported", "supported"]
