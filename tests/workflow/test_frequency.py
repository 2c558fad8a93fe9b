"""Corpora in the quick study: counted as grep counts them, by shares, and an added one alone."""

import json
import subprocess

import pandas as pd
import pytest

from tests import vendor_index
from tests.project import RESULTS

SOURCES = "config/quick/sources.tsv"
LAST = "three-kingdoms\tzh"  # a row to add others before


@pytest.fixture(scope="module")
def terms(project):
    return pd.read_csv(project.path / RESULTS / "lexicon/terms.csv")


def test_the_words_of_a_corpus_are_as_many_as_grep_finds(project, terms):
    corpus = project.path / RESULTS / "corpora/king-james-bible/en.jsonl"
    text = "\n".join(json.loads(line)["text"] for line in corpus.read_text().splitlines())
    assert not any(c.isalpha() for c in text if not c.isascii()), "else grep would have other words"
    mine = terms[terms["source"] == "king-james-bible"].set_index("term")["count"]
    words = [argument for term in mine.index for argument in ("-e", term)]
    found = subprocess.run(["grep", "-ohiw", *words], input=text, text=True, capture_output=True, check=True).stdout
    expected = pd.Series(found.lower().split()).value_counts().reindex(mine.index, fill_value=0)
    assert mine.astype(int).to_dict() == expected.to_dict() and mine["fear"] > 100


def test_a_word_that_a_corpus_does_not_have_counts_0_and_one_that_a_list_leaves_out_has_no_count(terms):
    wide = terms.pivot(index="term", columns="source", values="count")
    assert wide.loc["neutrality", "king-james-bible"] == 0
    assert pd.isna(wide.loc["neutrality", "google-books-fiction"])


def test_the_captions_name_each_emotion_as_often_as_their_writer_recorded(project):
    table = pd.read_csv(project.path / RESULTS / "tables/exposure.csv")
    assert (table["counted"] == table["recorded"]).all() and table["counted"].sum() > 0


def test_drawn_occurrences_hold_their_term_and_are_no_output_of_the_crate(project, terms):
    drawn = pd.read_csv(project.path / RESULTS / "corpora/contexts.csv")
    drawn = drawn[drawn["source"] == "king-james-bible"]
    assert len(drawn) and all(row.term in row.text for row in drawn.itertuples())
    hits = terms[terms["source"] == "king-james-bible"].set_index("term")["count"]
    assert drawn["term"].value_counts().to_dict() == {term: min(5, n) for term, n in hits[hits > 0].items()}


def test_an_added_corpus_is_counted_alone_in_as_many_jobs_as_its_row_says(project, edited):
    (project.path / "data").mkdir(exist_ok=True)
    for k in range(3):
        (project.path / f"data/{k}.txt").write_text("She is happy.\n" * (k + 1))
    columns = (project.path / SOURCES).read_text().splitlines()[0].split("\t")
    cells = {"source": "mine", "language": "en", "kind": "corpus", "files": "data/*.txt", "shards": "2",
             "corpus": "three files", "licence": "CC0-1.0", "citation": "none"}  # fmt: skip
    row = "\t".join(cells.get(column, "") for column in columns)
    edited(SOURCES, LAST, f"{row}\n{LAST}")
    target = str(RESULTS / "lexicon/terms.csv")
    assert project.would_run(target) == {"count_corpus": 2, "count_terms": 1}
    project.run(*(str(RESULTS / f"lexicon/counts/mine/en/{k}.json") for k in range(2)))
    shares = [json.loads((project.path / RESULTS / f"lexicon/counts/mine/en/{k}.json").read_text()) for k in range(2)]
    happy = [share["counts"]["hits"][share["counts"]["terms"].index("happy")] for share in shares]
    assert sum(happy) == 6 and sum(len(share["files"]) for share in shares) == 3
    edited(SOURCES, "data/*.txt", "data/*.md")
    done = project.snakemake(target, "--dry-run")
    assert done.returncode != 0
    assert "column files: data/*.md: no file matches the pattern" in done.stdout and "Traceback" not in done.stdout


def test_an_index_of_a_corpus_is_counted_by_one_job(project, edited):
    vendor_index.build(project.path / "data/indexed", ["She is happy, he was HAPPY.", "unhappy"] * 4)
    columns = (project.path / SOURCES).read_text().splitlines()[0].split("\t")
    cells = {"source": "indexed", "language": "en", "kind": "infini_gram", "files": "data/indexed/ind*",
             "corpus": "a sentence", "licence": "CC0-1.0", "citation": "none"}  # fmt: skip
    row = "\t".join(cells.get(column, "") for column in columns)
    edited(SOURCES, LAST, f"{row}\n{LAST}")
    target = str(RESULTS / "lexicon/terms.csv")
    assert project.would_run(target) == {"count_corpus": 1, "count_terms": 1}
    project.run(str(RESULTS / "lexicon/counts/indexed/en/0.json"))
    found = json.loads((project.path / RESULTS / "lexicon/counts/indexed/en/0.json").read_text())
    assert {term: found["terms"][term]["count"] for term in ("happy", "sad")} == {"happy": 8, "sad": 0}
    edited(SOURCES, "data/indexed/ind*", "data/indexed/texts")
    done = project.snakemake(target, "--dry-run")
    assert "column files: data/indexed/texts: no infini-gram index is there" in done.stdout
    assert done.returncode != 0 and "Traceback" not in done.stdout
