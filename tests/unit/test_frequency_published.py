"""Word frequency by source: the project's own lexicon, its published counts and the installed wordfreq."""

from pathlib import Path

import pandas as pd
import pytest
from tests.study_tables import frequency_of, listed_sources

from emovlm.core.contracts.frequency import TERM_COUNTS, TERM_FREQUENCY
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.frequency.estimates import estimate
from emovlm.frequency.published import count_listed, wordfreq_counts
from emovlm.lexicon.estimator import primary_frequency
from emovlm.lexicon.terms import Term, counted, read_terms

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "resources/published"
TERMS = counted(read_terms())
PRIMARY = {"primary_source": "google-books-2012", "primary_form": "family"}
# Sums by hand over the columns of the published tables: the estimate that claims rest on, whatever the lexicon's shape.
SUMS = {
    "en": {"anger": 27198697, "disgust": 5379904, "fear": 65482008, "happiness": 53359894, "neutral": 13713301,
           "sadness": 17095116, "surprise": 42217240, "contempt": 8610679, "anxiety": 30497871,
           "helplessness": 6029460, "disappointment": 12319536},
    "zh": {"anger": 892588, "disgust": 479660, "fear": 1001551, "happiness": 3843390, "neutral": 632358,
           "sadness": 701805, "surprise": 798784, "contempt": 193797, "anxiety": 1328779, "disappointment": 440274},
}  # fmt: skip


def source_row(source, language="en"):
    return next(row for row in listed_sources() if (row["source"], row["language"]) == (source, language))


def frequency(source, language="en", form="family"):
    table = frequency_of([source_row(source, language)])
    return table[table["form"] == form].set_index("emotion")


def edited(tmp_path, path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = tmp_path / path.name
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_sources_agree_with_the_published_description_of_their_column():
    described = pd.read_csv(PUBLISHED / "term_sources.csv", dtype=str).set_index(["file", "column"])
    for row in listed_sources():
        if row["kind"] in ("published", "wordfreq"):
            of_column = described.loc[(f"term_counts_{row['language']}.csv", row.get("column", "wordfreq"))]
            assert row["corpus"] == of_column["corpus"]
            if "tokens" in row:
                assert row["tokens"] == float(of_column["tokens"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_primary_estimate_is_the_sum_of_all_terms_that_name_a_class(language):
    rows = primary_frequency(frequency_of([source_row("google-books-2012", language)]), PRIMARY, language)
    assert dict(zip(rows["emotion"], rows["count"], strict=True)) == SUMS[language]


def test_a_family_adds_up_the_counts_of_its_forms():
    helplessness = frequency("google-books-2012").loc["helplessness"]
    assert helplessness["count"] == 1328626 + 756166 + 3944668
    assert helplessness["per_million"] == pytest.approx(helplessness["count"] / 468491999592 * 1e6)
    assert (helplessness["terms_listed"], helplessness["terms_asked"]) == (3, 3)


def test_each_form_is_counted_alone():
    fear = {form: frequency("google-books-2012", form=form).loc["fear", "count"] for form in ("noun", "adjective")}
    assert fear == {"noun": 41513055 + 8860638, "adjective": 4328527}


def test_a_class_without_a_term_of_a_form_has_no_row_of_it_and_a_form_of_few_classes_is_no_estimate():
    assert len(frequency("google-books-2012", "zh", form="verb")) == 6
    assert frequency("google-books-2012", form="verb").empty  # five of eleven


def test_a_term_that_a_source_does_not_list_makes_a_sum_partial_and_left_out_of_the_primary_estimate():
    table = frequency_of([source_row("google-books-2012", "zh")])
    helplessness = table[table["form"] == "family"].set_index("emotion").loc["helplessness"]
    assert helplessness["count"] == 200281 + 99379
    assert (helplessness["terms_listed"], helplessness["terms_asked"], helplessness["listing"]) == (2, 3, "partial")
    assert "helplessness" not in set(primary_frequency(table, PRIMARY, "zh")["emotion"])


def test_a_class_of_which_a_source_lists_nothing_is_censored_not_zero():
    adjectives = frequency("google-books-fiction", form="adjective")
    gone = adjectives.loc["contempt"]
    assert gone["listing"] == "censored" and pd.isna(gone["count"]) and gone["terms_listed"] == 0
    assert (adjectives["count"].isna() == (adjectives["listing"] == "censored")).all()


def test_a_count_of_zero_is_a_count_where_the_source_knows_the_term():
    counts = pd.DataFrame({
        "language": "zh", "source": "novel", "term": ["怕", "恐", "懼", "惧", "喜", "爱"],
        "emotion": ["fear", "fear", "fear", "awe", "joy", "joy"], "form": "verb",
        "script": ["simplified", "simplified", "traditional", "simplified", "simplified", "simplified"],
        "role": ["name", "name", "name", "name", "name", "synonym"], "count": [3.0, 0.0, 100.0, 0.0, None, 50.0],
    })  # fmt: skip
    found = estimate(counts, 2e6).query("form == 'family'").set_index("emotion")
    assert found["listing"].to_dict() == {"fear": "complete", "awe": "complete", "joy": "censored"}
    assert found.loc[["fear", "awe"], "count"].tolist() == [3, 0]  # neither traditional terms nor synonyms are added
    assert found.loc[["fear", "awe"], "per_million"].tolist() == [1.5, 0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_wordfreq_computed_live_equals_its_published_column(language):
    column = pd.read_csv(PUBLISHED / f"term_counts_{language}.csv").set_index("term")["wordfreq"]
    live = wordfreq_counts(language)
    for term, value in column.items():
        assert live.get(term, 0.0) == pytest.approx(value)


def test_wordfreq_needs_no_table_of_counts():
    counts, tokens = count_listed(source_row("wordfreq", "zh"), TERMS, "no/such/file.csv")
    assert estimate(counts, tokens).set_index(["form", "emotion"]).loc[("family", "happiness"), "per_million"] == (
        pytest.approx(430.47, abs=0.01)
    )


def test_counts_and_estimates_of_all_sources_are_tables_that_can_be_written_and_read_again(tmp_path):
    found = [count_listed(row, TERMS, PUBLISHED / f"term_counts_{row['language']}.csv") for row in listed_sources()]
    counts, table = pd.concat([each for each, _ in found]), pd.concat([estimate(*each) for each in found])
    write_table(counts, tmp_path / "terms.csv", TERM_COUNTS)
    write_table(table, tmp_path / "frequency.csv", TERM_FREQUENCY)
    again = read_table(tmp_path / "terms.csv", TERM_COUNTS)
    assert len(again) == 8 * 58 + 5 * 48 and again["documents"].isna().all()
    assert again["script"].isna().sum() == 8 * 58 and set(again["role"]) == {"name"}
    assert again.query("source == 'subtlex' and term == 'anger'")["count"].item() == 991
    read = read_table(tmp_path / "frequency.csv", TERM_FREQUENCY)
    assert read["count"].isna().sum() == (read["listing"] == "censored").sum() > 0


@pytest.mark.parametrize("table", [TERM_COUNTS, TERM_FREQUENCY])
def test_every_column_of_the_tables_of_counts_is_explained(table):
    assert [name for name, column in table.columns.items() if not column.about] == []


def test_an_unknown_column_names_the_table_and_its_columns():
    row = {**source_row("web1t"), "column": "Web2T"}
    with pytest.raises(StudyError, match=r"term_counts_en.csv: no column 'Web2T'.*SUBTLEX"):
        count_listed(row, TERMS, PUBLISHED / "term_counts_en.csv")


def test_a_word_that_no_source_was_asked_for_is_refused():
    terms = [*TERMS, Term("rage", "en", "anger", "noun")]
    with pytest.raises(StudyError, match="no row for 'rage', which names anger in the lexicon; add its counts or take"):
        count_listed(source_row("web1t"), terms, PUBLISHED / "term_counts_en.csv")


@pytest.mark.parametrize("cell", ["many", "-3"])
def test_a_cell_that_is_no_count_is_refused(tmp_path, cell):
    path = edited(tmp_path, PUBLISHED / "term_counts_en.csv", ",7991036,", f",{cell},")
    with pytest.raises(StudyError, match="every cell must be a count or empty"):
        count_listed(source_row("web1t"), TERMS, path)


def test_a_missing_table_of_counts_is_named():
    with pytest.raises(StudyError, match=r"nowhere.csv: no such table of counts"):
        count_listed(source_row("web1t"), TERMS, "nowhere.csv")


def test_a_source_that_must_be_counted_is_not_looked_up():
    with pytest.raises(StudyError, match="source bible, en: its kind corpus is counted, not looked up"):
        count_listed({"source": "bible", "language": "en", "kind": "corpus"}, TERMS, "x.csv")
