"""A source of the study counted in shares, and gathered: a corpus, and an export of Google Books."""

import json

import pandas as pd
import pytest

from emovlm.core.contracts.frequency import JOINT_COUNTS, TERM_CONTEXTS, TERM_COUNTS
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.frequency.source_counts import count_source, gather_source
from emovlm.lexicon.terms import Term

TERMS = [
    Term("fear", "en", "fear", "noun"),
    Term("joy", "en", "happiness", "noun"),
    Term("恐惧", "zh", "fear", "noun", "simplified"),
    Term("面无表情", "zh", "neutral", "adjective", "simplified"),
]
CORPUS = {"source": "mine", "language": "en", "kind": "corpus", "files": "*.txt"}
BOOKS = {"source": "books", "language": "en", "kind": "google_books", "files": "*", "version": "v2", "n": 1,
         "years": "1990-1999", "tokens": 1e6}  # fmt: skip


def counted(source, files, folder, shares=1):
    found = [count_source(source, TERMS, files, 7, folder / f"store{shares}-{k}", (k, shares)) for k in range(shares)]
    return gather_source(source, TERMS, [json.loads(json.dumps(share)) for share in found])


@pytest.fixture
def files(tmp_path):
    for k in range(5):
        (tmp_path / f"{k}.txt").write_text("no fear, no fear\njoy and fear's friend\n" * (k + 1))
    return [str(tmp_path / f"{k}.txt") for k in range(5)]


def test_shares_add_up_to_the_whole_and_its_tables_can_be_written(files, tmp_path):
    whole, shared = counted(CORPUS, files, tmp_path), counted(CORPUS, files, tmp_path, shares=3)
    for name, contract in (("terms", TERM_COUNTS), ("joint", JOINT_COUNTS), ("contexts", TERM_CONTEXTS)):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(shared, name))
        write_table(getattr(whole, name), tmp_path / f"{name}.csv", contract)
        assert len(read_table(tmp_path / f"{name}.csv", contract)) == len(getattr(whole, name))
    rows = whole.terms.set_index("term")
    assert list(rows.index) == ["fear", "joy"], "terms of the source's language"
    assert rows.loc["fear", ["count", "documents", "possessive", "negated_before"]].tolist() == [45, 30, 15, 30]
    assert whole.joint[["emotion", "other", "documents"]].values.tolist() == [["fear", "happiness", 15]]
    assert whole.tokens == shared.tokens == 15 * 9  # s is a word: fear's
    assert whole.contexts["term"].value_counts().to_dict() == {"fear": 5, "joy": 5}


def test_the_store_holds_the_parts_of_the_corpus_alone_and_the_record_knows_them(files, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOVLM_NOTES", str(tmp_path / "notes"))
    for named, counts in ((files, 45), (files[:2], 9), (files[1:3], 15)):
        (tmp_path / "notes").unlink(missing_ok=True)
        assert counted(CORPUS, named, tmp_path).terms["count"].iloc[0] == counts
        there = {str(path) for path in (tmp_path / "store1-0").iterdir()}
        assert len(there) == len(named)
        assert {json.loads(line)["wrote"] for line in (tmp_path / "notes").read_text().splitlines()} == there


def test_a_term_that_the_segmenter_never_makes_a_word_has_no_count(tmp_path):
    (tmp_path / "a.txt").write_text("他面无表情。很恐惧。")
    source = {**CORPUS, "language": "zh"}
    assert counted(source, [str(tmp_path / "a.txt")], tmp_path).terms.set_index("term")["count"].to_dict() == (
        pytest.approx({"恐惧": 1, "面无表情": float("nan")}, nan_ok=True)
    )


def test_a_corpus_without_documents_is_an_error(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": null}\n')
    with pytest.raises(StudyError, match="no documents"):
        counted(CORPUS, [str(tmp_path / "a.jsonl")], tmp_path)
    with pytest.raises(StudyError, match=r"source mine, en: the corpus has no documents \(null text: 1"):
        counted(CORPUS, [str(tmp_path / "a.jsonl")], tmp_path, shares=2)


def test_an_export_is_added_up_over_its_years_and_what_it_does_not_list_is_censored(tmp_path):
    (tmp_path / "a").write_text("Fear\t1989\t5\t1\nFear\t1990\t7\t2\nfear\t1999\t80\t9\nfear_NOUN\t1999\t60\t9\n")
    found = counted(BOOKS, [str(tmp_path / "a")], tmp_path)
    assert found.terms["count"].tolist() == pytest.approx([87, float("nan")], nan_ok=True)
    assert found.tokens == 1e6 and found.joint.empty and found.contexts.empty
    write_table(found.terms, tmp_path / "terms.csv", TERM_COUNTS)
