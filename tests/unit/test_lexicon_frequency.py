"""Word frequency by source: the project's own lexicon, its published counts and the installed wordfreq."""

from pathlib import Path

import pandas as pd
import pytest
from tests.study_tables import sources

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.errors import StudyError
from emovlm.lexicon.term_frequency import count_all, count_terms, wordfreq_counts
from emovlm.lexicon.terms import read_lexicon, terms_of

ROOT = Path(__file__).resolve().parents[2]
LEXICON = ROOT / "config/lexicon.tsv"
SOURCES = ROOT / "config/sources.tsv"
PUBLISHED = ROOT / "resources/published"
CLASSES = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety",
           "helplessness", "disappointment"]  # fmt: skip


@pytest.fixture(scope="module")
def lexicon():
    return read_lexicon(LEXICON)


def source_row(source, language="en"):
    return next(row for row in sources() if (row["source"], row["language"]) == (source, language))


def frequency(source, lexicon, language="en", form="family"):
    table = count_terms(source_row(source, language), lexicon, PUBLISHED / f"term_counts_{language}.csv")
    return table[table["form"] == form].set_index("emotion")


def edited(tmp_path, path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = tmp_path / path.name
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_the_lexicon_has_mafws_classes_in_their_order_and_dfews_seven_labels(lexicon):
    assert [row["emotion"] for row in lexicon] == CLASSES
    assert [row["dfew"] for row in lexicon if "dfew" in row] == [
        "angry",
        "disgust",
        "fear",
        "happy",
        "neutral",
        "sad",
        "surprise",
    ]


def test_noun_and_adjective_belong_to_the_word_family(lexicon):
    for row in lexicon:
        assert {row["noun"], row["adjective"]} <= set(terms_of(row, "en", "family"))


def test_every_published_english_and_chinese_word_is_used_once(lexicon):
    for language in ("en", "zh"):
        used = [term for row in lexicon for term in terms_of(row, language, "family")]
        assert sorted(used) == sorted(pd.read_csv(PUBLISHED / f"term_counts_{language}.csv")["term"])


def test_sources_agree_with_the_published_description_of_their_column():
    described = pd.read_csv(PUBLISHED / "term_sources.csv", dtype=str).set_index(["file", "column"])
    for row in sources():
        of_column = described.loc[(f"term_counts_{row['language']}.csv", row.get("column", "wordfreq"))]
        assert row["corpus"] == of_column["corpus"]
        if "tokens" in row:
            assert row["tokens"] == float(of_column["tokens"])


def test_a_family_adds_up_the_counts_of_its_forms(lexicon):
    helplessness = frequency("google-books-2012", lexicon).loc["helplessness"]
    assert helplessness["count"] == 1328626 + 756166 + 3944668
    assert helplessness["per_million"] == pytest.approx(helplessness["count"] / 468491999592 * 1e6)
    assert (helplessness["terms_listed"], helplessness["terms_asked"]) == (3, 3)


def test_noun_and_adjective_are_counted_alone(lexicon):
    assert frequency("google-books-2012", lexicon, form="noun").loc["fear", "count"] == 41513055
    assert frequency("google-books-2012", lexicon, form="adjective").loc["fear", "count"] == 4328527


def test_an_emotion_that_a_source_does_not_list_is_censored_not_zero(lexicon):
    captions = frequency("captions", lexicon)
    assert captions.loc["helplessness", "listing"] == "partial"
    nouns = frequency("captions", lexicon, form="noun").loc["helplessness"]
    assert nouns["listing"] == "censored" and pd.isna(nouns["count"]) and nouns["terms_listed"] == 0


def test_a_form_that_a_source_does_not_list_is_left_out_of_the_sum_and_of_the_listed_terms(lexicon):
    helplessness = frequency("google-books-2012", lexicon, "zh").loc["helplessness"]
    assert helplessness["count"] == 200281 + 99379
    assert (helplessness["terms_listed"], helplessness["terms_asked"]) == (2, 3)


def test_chinese_has_only_the_family(lexicon):
    table = count_terms(source_row("google-books-2012", "zh"), lexicon, PUBLISHED / "term_counts_zh.csv")
    assert set(table["form"]) == {"family"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_wordfreq_computed_live_equals_its_published_column(language):
    column = pd.read_csv(PUBLISHED / f"term_counts_{language}.csv").set_index("term")["wordfreq"]
    live = wordfreq_counts(language)
    for term, value in column.items():
        assert live.get(term, 0.0) == pytest.approx(value)


def test_wordfreq_needs_no_table_of_counts(lexicon):
    table = count_terms(source_row("wordfreq", "zh"), lexicon, "no/such/file.csv")
    assert table.set_index("emotion").loc["happiness", "per_million"] == pytest.approx(430.47, abs=0.01)


def test_all_sources_are_counted_into_one_table(lexicon):
    paths = {language: PUBLISHED / f"term_counts_{language}.csv" for language in ("en", "zh")}
    rows = [source_row("google-books-2012"), source_row("captions"), source_row("google-books-2012", "zh")]
    joined = TERM_FREQUENCY.conform(count_all(rows, lexicon, paths), "joined").to_pandas()
    assert len(joined) == (2 * 3 + 1) * 11
    assert set(joined["source"]) == {"google-books-2012", "captions"}
    assert joined["count"].isna().sum() == (joined["listing"] == "censored").sum() > 0


def test_two_rows_for_one_emotion_are_refused(tmp_path):
    doubled = edited(tmp_path, LEXICON, "contempt\t\t", "fear\t\t")
    with pytest.raises(StudyError, match="two rows for the emotion fear"):
        read_lexicon(doubled)


def test_a_word_under_two_emotions_is_refused(tmp_path):
    shared = edited(tmp_path, LEXICON, "sad sadder", "sad angry sadder")
    with pytest.raises(StudyError, match="angry stands under anger and under sadness"):
        read_lexicon(shared)


def test_an_unknown_column_names_the_table_and_its_columns(lexicon):
    row = {**source_row("web1t"), "column": "Web2T"}
    with pytest.raises(StudyError, match=r"term_counts_en.csv: no column 'Web2T'.*SUBTLEX"):
        count_terms(row, lexicon, PUBLISHED / "term_counts_en.csv")


def test_a_word_that_no_source_was_asked_for_is_refused(lexicon, tmp_path):
    path = edited(tmp_path, PUBLISHED / "term_counts_en.csv", "\nanger,", "\nrage,")
    with pytest.raises(StudyError, match="no row for 'anger'"):
        count_terms(source_row("web1t"), lexicon, path)


@pytest.mark.parametrize("cell", ["many", "-3"])
def test_a_cell_that_is_no_count_is_refused(lexicon, tmp_path, cell):
    path = edited(tmp_path, PUBLISHED / "term_counts_en.csv", ",7991036,", f",{cell},")
    with pytest.raises(StudyError, match="every cell must be a count or empty"):
        count_terms(source_row("web1t"), lexicon, path)


def test_a_missing_table_of_counts_is_named(lexicon):
    with pytest.raises(StudyError, match=r"nowhere.csv: no such table of counts"):
        count_terms(source_row("web1t"), lexicon, "nowhere.csv")
