"""Published figures: each beside what the study's own condition of that kind gave."""

import pandas as pd
import pytest

from emovlm.core.contracts.statistics import PUBLISHED_COMPARISON
from emovlm.core.errors import StudyError
from emovlm.statistics.published_comparison import published_comparison_table
from emovlm.statistics.values.published_values import NEEDED, read_published

PUBLISHED = read_published({name: f"resources/published/{name}.csv" for name in NEEDED})


def own(condition, **values):
    return [
        {"condition": condition, "clips": clips, "metric": metric, "value": value, "low": value - 0.1,
         "high": value + 0.1, "n": 495, "failed": 3}
        for metric, value in values.items() for clips in ("all", "plain")
    ]  # fmt: skip


def answers_to(published, system="Qwen2.5-VL", dataset="mafw"):
    return {"condition": "c", "dataset": dataset, "system": system, "published": published}


METRICS = pd.DataFrame(own("c", macro_precision=0.3, macro_recall=0.4, macro_f1=0.5, accuracy=0.6))


def test_a_condition_may_answer_to_several_published_figures():
    found = published_comparison_table(METRICS, [answers_to("shuffle.ordered msce.keyframes fps.5")], PUBLISHED)
    table = PUBLISHED_COMPARISON.conform(found, "published_comparison").to_pandas().set_index(["figure", "metric"])
    assert table["published"].to_dict() == {
        ("fps.5", "macro_f1"): 0.2768, ("msce.keyframes", "macro_f1"): 0.2449,
        ("shuffle.ordered", "macro_f1"): 0.2449, ("shuffle.ordered", "macro_precision"): 0.2849,
        ("shuffle.ordered", "macro_recall"): 0.2727,
    }  # fmt: skip
    assert set(table.loc[("shuffle.ordered", "macro_recall"), ["value", "low", "high"]].round(2)) == {0.4, 0.3, 0.5}
    assert set(table["n"]) == {495} and set(table["failed"]) == {3}


def test_the_other_datasets_figures_are_its_own():
    found = published_comparison_table(METRICS, [answers_to("shuffle.shuffled", "EmotionQwen", "dfew")], PUBLISHED)
    assert found.set_index("metric")["published"]["macro_f1"] == 0.4895


@pytest.mark.parametrize(("figure", "system", "dataset"), [
    ("shuffle.sorted", "Qwen2.5-VL", "mafw"), ("msce.msce", "Qwen3-VL", "mafw"), ("fps.5", "Qwen2.5-VL", "dfew"),
    ("fps.5", "SmolVLM2", "mafw"),
])  # fmt: skip
def test_a_figure_that_was_never_published_is_an_error(figure, system, dataset):
    with pytest.raises(StudyError, match=f"condition c: no {figure} of {system} on {dataset} was published"):
        published_comparison_table(METRICS, [answers_to(figure, system, dataset)], PUBLISHED)


def test_a_study_without_the_papers_systems_has_an_empty_table():
    assert (
        len(
            PUBLISHED_COMPARISON.conform(
                published_comparison_table(METRICS, [], PUBLISHED), "published_comparison"
            ).to_pandas()
        )
        == 0
    )
