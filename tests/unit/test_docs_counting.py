"""The tutorial on counting words and the recipes of docs/how-to/counting-a-corpus.md run, and count as they say."""

import csv
import gzip
import random
import re
from pathlib import Path

import polars as pl
from tests import vendor_index
from tests.tutorial import ROOT, tree_on_path, typed

from emovlm.frequency.corpus import count_corpus
from emovlm.frequency.parts import files_of
from emovlm.lexicon.terms import counted, read_terms

DOCS = ROOT / "docs/how-to/counting-a-corpus.md"


def recipe(word):
    """The block of Python that has a word."""
    (found,) = [code for code in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if word in code]
    return found


def test_polars_counts_with_the_same_counter(tmp_path, monkeypatch):
    random.seed(8)
    words = ["fear", "joy", "happy", "我很快乐", "sadly", "the", "no", "他们害怕"]
    texts = [None if n % 9 == 0 else " ".join(random.choices(words, k=5)) for n in range(600)]
    monkeypatch.chdir(tmp_path)
    Path("captions").mkdir()
    for k in range(3):
        language = ["en"] * 150 + ["de"] * 50
        pl.DataFrame({"text": texts[k::3], "language": language}).write_parquet(
            f"captions/{k}.parquet", row_group_size=40
        )
    scope = {}
    exec(recipe("map_batches"), scope)
    kept = [text for k in range(3) for text in texts[k::3][:150] if text is not None]
    Path("kept.txt").write_text("\n".join(kept))
    expected = count_corpus(files_of(["kept.txt"]), counted(read_terms())).counts
    assert expected.hits.sum() > 500
    assert scope["counts"]["term"].to_list() == [term.text for term in expected.terms]
    assert scope["counts"]["count"].to_list() == expected.hits.tolist()
    assert scope["counts"]["documents"].to_list() == expected.documents.tolist()


def test_an_index_is_asked_for_all_terms(tmp_path, monkeypatch, capsys):
    texts = ["Fear, fearful and afraid", "no fear"] * 20
    vendor_index.build(tmp_path, texts, vendor_index.bytes_tokenizer(texts, 280))
    monkeypatch.chdir(tmp_path)
    Path("gpt2/tokenizer.json").rename("tokenizer.json")
    exec(recipe("count_indexed"), {})
    said = capsys.readouterr().out.splitlines()
    assert "fear 40" in said and "fearful 20" in said and "happy 0" in said


def test_google_books_give_rates_per_million(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("exports").mkdir()
    rows = "fear\t1979\t5000\t9\nfear\t1990\t300\t9\nFear\t1990\t100\t3\nfear_NOUN\t1990\t250\t5\n"
    Path("exports/googlebooks-eng-all-1gram-20120701-f.gz").write_bytes(gzip.compress(rows.encode()))
    totals = " \t1979,1000000,40,2\t1980,1000000,40,2\t1990,2000000,80,3\t2008,1000000,90,4"
    Path("exports/googlebooks-eng-all-totalcounts-20120701.txt").write_text(totals)
    exec(recipe("read_totals"), {})
    said = capsys.readouterr().out.splitlines()
    assert "fear 100.0" in said
    assert len([line for line in said if "censored: not listed" in line]) == len(said) - 1


def test_the_commands_of_the_tutorial_print_what_it_shows(tmp_path):
    clone = tmp_path / "clone"
    clone.mkdir()
    environment = {**tree_on_path(tmp_path / "bin"), "PYTHONPATH": str(ROOT / "src")}
    typed("counting-words", clone, environment)
    with open(clone / "counts/classes.csv", encoding="utf-8") as handle:
        counts = {row["emotion"]: int(row["count"]) for row in csv.DictReader(handle)}
    assert {emotion: n for emotion, n in counts.items() if n} == {"anger": 2, "fear": 3, "happiness": 3, "sadness": 1}
    assert "42 words, 6 documents" in (clone / "summary.txt").read_text(encoding="utf-8")
