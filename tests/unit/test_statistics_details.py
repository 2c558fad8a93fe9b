"""Behind figures and tables their numbers by id: bins, cells and single runs."""

import pandas as pd
import pytest
from tests.unit.figures_tables import study

from emovlm.statistics.values.collect import collect


@pytest.fixture(scope="module", params=[1, 3], ids=["one run", "three runs"])
def tables(request):
    return study(replicates=request.param)


def values_of(tables, *names):
    return collect({name: tables[name] for name in names}, {})


def test_every_cell_of_a_confusion_that_is_not_zero_has_an_id_and_the_number_of_its_row(tables):
    values, table = values_of(tables, "confusion"), tables["confusion"]
    assert len(values) == (table["n"] > 0).sum() > 0
    row = table[table["n"] > 0].iloc[0]
    entry = values[f"confusion.{row.condition}.{row.label}.{row.prediction}"]
    asked = table[(table["condition"] == row.condition) & (table["label"] == row.label)]["n"].sum()
    assert (entry["value"], entry["n"]) == (row.n, asked)


def test_single_runs_have_ids_where_there_are_several(tables):
    values, table = values_of(tables, "per_run", "metrics", "sanity_checks"), tables["per_run"]
    several = table["replicate"].nunique() > 1
    row = table.iloc[0]
    assert (f"class.{row.condition}.{row.emotion}.run{row.replicate}.f1" in values) == several
    assert ("metric.freq-fps5.macro_f1.lowest" in values) == ("metric.freq-fps5.uar.runs" in values) == several
    assert ("sanity_check.organism-frequency.apex_accuracy.run1" in values) == several
    assert "metric.freq-fps5.failed" in values


def test_bins_of_event_coverage_and_reliability_have_ids(tables):
    reliability = pd.DataFrame({"condition": "freq-fps5", "bin": [0, 1], "confidence": [0.2, 0.9],
                                "accuracy": [0.3, 0.8], "low": 0.1, "high": 0.95, "n": [12, 40]})  # fmt: skip
    values = values_of({**tables, "reliability": reliability}, "event_coverage", "reliability")
    assert values["event_coverage.fps1.bin0.measured"]["value"] == pytest.approx(0.33)
    assert values["event_coverage.fps1.bin1.duration_s"]["value"] == 0.44
    assert values["reliability.freq-fps5.1.accuracy"]["text"] == "0.80 [0.10, 0.95]"
