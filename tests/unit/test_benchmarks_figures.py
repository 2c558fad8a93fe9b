"""The figures of benchmarks, the page made of them, and the longest chain of a study's jobs."""

import random
import sys
from itertools import pairwise

import pytest
from benchmarks import __main__ as command
from benchmarks import study_stages
from benchmarks.catalogue import BENCHMARKS, Benchmark, Need
from benchmarks.measured import Figures, run_measured
from benchmarks.page import page, read_figures
from tests.unit.drawn_records import drawn_records, record

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json
from emovlm.provenance.records.record import record_path, write_record


def longest(records, made, job):
    """Seconds of the longest chain that ends with a job, by going through all of them."""
    before = [longest(records, made, made[e["path"]]) for e in records[job]["inputs"] if e["path"] in made]
    return records[job]["seconds"] + max(before, default=0)


@pytest.mark.parametrize("seed", range(20))
def test_no_chain_of_jobs_takes_longer_than_the_critical_path(seed):
    draw = random.Random(seed)
    records = {
        f"job/{k}": record(f"job/{k}", [f"{j}.csv" for j in range(k) if draw.random() < 0.3] + ["config/a.tsv"],
                           [f"{k}.csv"], 0, draw.randint(1, 50))
        for k in range(9)
    }  # fmt: skip
    made = {f"{k}.csv": f"job/{k}" for k in range(9)}
    chain = study_stages.critical_path(records)
    assert sum(records[job]["seconds"] for job in chain) == max(longest(records, made, job) for job in records)
    for job, later in pairwise(chain):
        assert job in [made.get(each["path"]) for each in records[later]["inputs"]]


def test_the_stages_of_a_study_are_told_of_its_records(tmp_path, monkeypatch, capsys):
    for job, each in drawn_records().items():
        write_record({**each, "cpu_seconds": each["seconds"] / 2}, record_path(tmp_path / "results", job))
    file = tmp_path / "study_stages.json"
    monkeypatch.setattr(sys, "argv", ["study_stages", "--results", f"{tmp_path}/results", "--json", str(file)])
    study_stages.main()
    assert "critical path, 4 jobs, 270 s" in capsys.readouterr().out
    rows = {row["what"]: row for row in read_json(file)["rows"]}
    assert rows["`train_tower`, 1 job"]["study"] == 60 and rows["all 5 jobs"]["study"] == 150
    assert "3.00 GiB at most" in rows["`train_tower`, 1 job"]["also"]
    assert rows["time in which a job ran"]["limit"] == {"words": "the critical path, 4 jobs", "value": 270.0}
    assert page(read_figures(tmp_path)).count("| `train_tower`, 1 job | 60 s CPU; 40.0% of all") == 1


def test_a_ratio_says_how_many_times_better_the_study_is():
    figures = Figures("decode_speed")
    time = figures.row("decode", [1.0, 2.0, 9.0], "s CPU", [3.0, 4.0, 5.0], "another tool")
    assert (time["study"], time["study_range"], time["ratio"], time["runs"]) == (2.0, [1.0, 9.0], 2.0, 3)
    assert figures.row("count", 100.0, "MB/s", 200.0, "a faster tool")["ratio"] == 0.5
    assert figures.row("alone", (1.0, 3.0), "s")["ratio"] is None


def test_figures_become_a_table(tmp_path):
    figures = Figures("decode_speed", ("numpy", "no-such-package"), gpu="Some Card")
    figures.row("decode a | clip", [10.04, 10.06, 12.0], "ms", [1234.5, 1000.0, 2000.0], "another", ("none", 5.0), "so")
    figures.row("slower", 4.0, "ms", 1.0, "another")
    figures.note("A sentence.")
    figures.write(tmp_path / "decode_speed.json")
    text = page(read_figures(tmp_path))
    assert (
        "| what | study | instead | ratio | limit | n |\n| --- | --- | --- | --- | --- | --- |\n"
        "| decode a \\| clip | 10.1 ms [10, 12]; so | 1,230 ms [1,000, 2,000] (another) | 123 | none: 5 ms | 3 |\n"
        "| slower | 4 ms | 1 ms (another) | 0.25 | – | 1 |\n\n- A sentence.\n- Measured by `benchmarks/decode_speed.py`"
    ) in text
    assert "Some Card; Python 3.11" in text and ", numpy " in text and "no-such" not in text


def test_figures_that_do_not_fit_are_named(tmp_path):
    (tmp_path / "decode_speed.json").write_text("{")
    with pytest.raises(StudyError, match=r"decode_speed\.json: not JSON"):
        read_figures(tmp_path)
    figures = Figures("decode_speed")
    figures.row("decode", 1.0, "s")
    figures.write(tmp_path / "decode_speed.json")
    written = read_json(tmp_path / "decode_speed.json")
    del written["rows"][0]["runs"]
    write_json(tmp_path / "decode_speed.json", written)
    with pytest.raises(StudyError, match=r"row 1 should have the fields .*; see runs"):
        read_figures(tmp_path)
    (tmp_path / "decode_speed.json").rename(tmp_path / "unknown.json")
    with pytest.raises(StudyError, match="no benchmark unknown"):
        read_figures(tmp_path)


def test_what_cannot_run_is_skipped_with_a_sentence(tmp_path, monkeypatch, capsys):
    card = Benchmark("on_a_card", "A card", "Fast.", 1, Need("a graphics card", lambda: False))
    monkeypatch.setitem(BENCHMARKS, "on_a_card", card)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "on_a_card", "--figures", str(tmp_path)])
    command.main()
    assert capsys.readouterr().out.startswith("on_a_card is skipped: it needs a graphics card\n0 benchmarks")
    assert list(tmp_path.iterdir()) == []


def test_a_job_is_measured_in_its_own_process(tmp_path):
    """A gibibyte held here is not counted as the job's."""
    held = b"\1" * 2**30
    params = {"columns": ["a"], "rows": [{"a": 1}]}
    used = run_measured("list_rows", outputs={"rows": tmp_path / "rows.tsv"}, params=params)
    assert 0 < used.without_files < used.memory < len(held) and used.cpu_s > 0
