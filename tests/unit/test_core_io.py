"""Tables are written whole, checked against their contracts, and equal tables are equal bytes."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emovlm.core.contract import Column, Table
from emovlm.core.errors import StudyError
from emovlm.core.files import as_cell, atomic, from_cell
from emovlm.core.io import read_table, read_tables, write_table

CONTRACT = Table(
    "heights",
    {"clip_id": Column("string"), "height": Column("float", unit="m"), "note": Column("string", nullable=True)},
    ("clip_id",),
    prefix="score_",
)


def heights(**changes) -> pd.DataFrame:
    return pd.DataFrame({"clip_id": ["b", "a"], "height": [1.5, 0.1], "note": [None, "low"], **changes})


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_table_comes_back_as_written_and_sorted_by_its_key(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    write_table(heights(score_x=[0.25, None]), path, CONTRACT)
    back = read_table(path, CONTRACT)
    assert back["clip_id"].tolist() == ["a", "b"]
    assert back["height"].tolist() == [0.1, 1.5]
    assert back["score_x"].isna().tolist() == [True, False]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_order_of_rows_does_not_reach_the_bytes(tmp_path, suffix):
    one, two = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    write_table(heights(), one, CONTRACT)
    write_table(heights().iloc[::-1], two, CONTRACT)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"extra": [1, 2]}, "unknown columns: extra"),
        ({"clip_id": ["a", "a"]}, "two rows for"),
        ({"height": [None, 1.0]}, "column height is empty in the row"),
        ({"height": ["tall", 1.0]}, "column height should be float"),
    ],
)
def test_a_table_that_breaks_its_contract_is_not_written(tmp_path, changes, said):
    with pytest.raises(StudyError, match=said):
        write_table(heights(**changes), tmp_path / "t.parquet", CONTRACT)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(StudyError, match="missing columns: height"):
        write_table(heights().drop(columns="height"), tmp_path / "t.parquet", CONTRACT)


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(StudyError, match="no such table"):
        read_table(tmp_path / "t.parquet", CONTRACT)
    (tmp_path / "t.parquet").write_text("not Parquet")
    with pytest.raises(StudyError, match="not a readable Parquet file"):
        read_table(tmp_path / "t.parquet", CONTRACT)
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(StudyError, match="the table is empty"):
        read_table(tmp_path / "t.csv", CONTRACT)


def test_shards_join_to_the_same_table_whatever_their_number(tmp_path):
    whole, parts = heights(), []
    for i in range(2):
        write_table(whole.iloc[i : i + 1], tmp_path / f"{i}.parquet", CONTRACT)
        parts.append(tmp_path / f"{i}.parquet")
    write_table(whole, tmp_path / "whole.parquet", CONTRACT)
    pd.testing.assert_frame_equal(read_tables(parts, CONTRACT), read_table(tmp_path / "whole.parquet", CONTRACT))


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@given(st.text() | st.from_regex(r"['=+@\t\r-]{1,3}.*"))
def test_no_cell_is_a_formula_and_every_text_comes_back(text):
    cell = as_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) and from_cell(cell) == text
    assert cell == text or text.lstrip("'")[0] in "=+-@\t\r"


def test_a_name_that_a_spreadsheet_would_run_is_written_as_text(tmp_path):
    names = ["=HYPERLINK(A1)", "'=1+1", "plain", "-2"]
    table = pd.DataFrame({"clip_id": names, "height": [-1.5, 1, 2, 3], "note": [None, "@SUM(A1)", "a-b", "+1"]})
    write_table(table, tmp_path / "t.csv", CONTRACT)
    written = (tmp_path / "t.csv").read_text()
    assert "\n'=HYPERLINK" in written and ",-1.5," in written and "'@SUM" in written
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "t.csv", CONTRACT).astype({"clip_id": str, "note": object}),
        table.sort_values("clip_id", ignore_index=True).astype({"clip_id": str, "note": object}),
    )
