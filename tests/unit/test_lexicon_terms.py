"""The lexicon in long form and the table of classes: what they hold, what is counted of them, what is refused."""

from pathlib import Path

import opencc
import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_cells
from emovlm.evaluation.replies.words import read_words
from emovlm.lexicon.terms import CLASSES, LEXICON, Term, counted, label_words, of_form, read_classes, read_terms

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "resources/published"
MAFW = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety",
        "helplessness", "disappointment"]  # fmt: skip
HEADER = "emotion\tlanguage\tterm\tform\tscript\trole\tsense\tsource\thead\n"
FEAR = "fear\ten\tfear\tnoun\t\tname\t\t\t\n"


@pytest.fixture(scope="module")
def terms():
    return read_terms()


def written(tmp_path, text):
    path = tmp_path / "lexicon.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_classes_are_mafws_in_their_order_with_dfews_seven_labels():
    classes = read_classes()
    assert [row["emotion"] for row in classes] == MAFW
    assert [row["dfew"] for row in classes if "dfew" in row] == [
        "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"
    ]  # fmt: skip


def test_the_package_and_the_default_study_have_the_same_tables(terms):
    assert read_terms(ROOT / "config/lexicon.tsv") == terms
    assert read_classes(ROOT / "config/classes.tsv") == read_classes()
    for mine, package in (("lexicon", LEXICON), ("classes", CLASSES)):
        assert (ROOT / f"config/{mine}.tsv").read_bytes() == Path(package).read_bytes()


def test_every_published_english_and_chinese_word_is_counted_once(terms):
    for language in ("en", "zh"):
        used = [term.text for term in counted(terms) if term.language == language]
        assert sorted(used) == sorted(pd.read_csv(PUBLISHED / f"term_counts_{language}.csv")["term"])


def test_a_family_holds_all_terms_that_name_a_class_and_each_form_its_own(terms):
    happiness = [term for term in counted(terms, ["happiness"]) if term.language == "en"]
    by_form = {
        form: {term.text for term in of_form(happiness, form)} for form in ("family", "noun", "adjective", "verb")
    }
    assert by_form == {
        "family": {"happy", "happier", "happiest", "happiness", "happily"}, "noun": {"happiness"},
        "adjective": {"happy", "happier", "happiest"}, "verb": set(),
    }  # fmt: skip


def test_chinese_terms_are_counted_in_simplified_script_which_opencc_maps_the_traditional_ones_to(terms):
    chinese = [term for term in terms if term.language == "zh"]
    simplified = {term.text: term for term in chinese if term.script == "simplified"}
    to_simplified = opencc.OpenCC("t2s")
    traditional = [term for term in chinese if term.script == "traditional"]
    assert len(traditional) == 38 + 20 and not any(term in traditional for term in counted(terms))
    for term in traditional:
        partner = simplified[to_simplified.convert(term.text)]
        assert (partner.emotion, partner.form, partner.role) == (term.emotion, term.form, term.role)
    trad = pd.read_csv(PUBLISHED / "term_counts_zh.csv").set_index("term")["trad"]
    names = {term.text for term in traditional if term.role == "name"}
    assert names == {other for term, other in trad.items() if other != term}


def test_where_a_form_or_a_translation_was_chosen_the_table_says_so():
    rows = [cells for _, cells in read_cells(LEXICON)]
    assert {cells["source"] for cells in rows if cells["language"] == "zh"} == {"study", "term_counts_zh.csv"}
    ambiguous = {cells["term"]: cells["sense"] for cells in rows if cells["sense"]}
    assert ambiguous["fear"] == "noun and verb" and "not about feeling" in ambiguous["neutral"]


def test_a_lexicon_needs_five_columns_and_terms_may_be_of_several_words(tmp_path):
    text = "emotion\tlanguage\tterm\tform\trole\nawe\ten\tsense  of awe\tnoun\tname\nawe\ten\twow\tnoun\tsynonym\n"
    assert read_terms(written(tmp_path, text)) == [
        Term("sense of awe", "en", "awe", "noun"), Term("wow", "en", "awe", "noun", "", "synonym", "wow")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (FEAR + FEAR, "line 3, column term: fear stands in line 2 already; leave it in one row"),
        (
            FEAR + "awe\ten\tＦear\tnoun\t\tname\t\t\t\n",
            "line 3, column term: Ｆear stands in line 2 already, for fear; ",
        ),
        (
            FEAR + "awe\ten\tfear\tnoun\t\tsynonym\t\t\t\n",
            "line 3, column term: fear stands in line 2 already, for fear",
        ),
        ("fear\ten\t\tnoun\t\tname\t\t\t\n", "line 2, column term: nothing is written there; fill the cell"),
        ("\ten\tfear\tnoun\t\tname\t\t\t\n", "line 2, column emotion: nothing is written there; fill the cell"),
        ("fear\ten\tfear\t\t\tname\t\t\t\n", "line 2, column form: nothing is written there; fill the cell"),
        ("fear\ten\tfear\tfamily\t\tname\t\t\t\n", "line 2, column form: 'family' is not one of noun, adjective, verb"),
        ("fear\tfr\tpeur\tnoun\t\tname\t\t\t\n", "line 2, column language: 'fr' is not one of en, zh"),
        ("fear\ten\tfear\tnoun\t\tnoun\t\t\t\n", "line 2, column role: 'noun' is not one of name, synonym"),
        ("fear\tzh\t恐惧\tnoun\t\tname\t\t\t\n", "line 2, column script: nothing is written there; fill the cell"),
        (
            "fear\tzh\t恐惧\tnoun\tHans\tname\t\t\t\n",
            "line 2, column script: 'Hans' is not one of simplified, tradition",
        ),
        ("fear\ten\tfear\tnoun\tsimplified\tname\t\t\t\n", "line 2, column script: only Chinese terms have one; leave"),
        ("fear\ten\tfear\tnoun\t\tname\t\t\tfear\n", "line 2, column head: only synonyms have one; leave the cell"),
    ],
)
def test_a_wrong_row_is_named_with_its_line_and_column(rows, says, tmp_path):
    with pytest.raises(StudyError, match=f"lexicon.tsv, {says}"):
        read_terms(written(tmp_path, HEADER + rows))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("emotion\tnoun\tfamily\n", "there is no column 'noun'. A lexicon has the columns emotion, language, term"),
        ("emotion\tlanguage\tterm\tform\n", "the column role is missing. A lexicon has the columns emotion"),
    ],
)
def test_a_table_of_other_columns_is_no_lexicon(header, says, tmp_path):
    with pytest.raises(StudyError, match=f"lexicon.tsv: {says}"):
        read_terms(written(tmp_path, header + "\t".join("abcd"[: header.count("\t") + 1]) + "\n"))


def test_a_traditional_term_needs_no_simplified_partner(tmp_path):
    (term,) = read_terms(written(tmp_path, HEADER + "fear\tzh\t恐懼\tadjective\ttraditional\tname\t\t\t\n"))
    assert term.script == "traditional" and counted([term]) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("emotion\tdfew\nfear\tfear\nfear\t\n", "line 3: two rows for the emotion fear; merge them"),
        ("emotion\tdfew\n\tfear\n", "line 2, column emotion: a class needs a name"),
        (None, "no such table; config, key tables.classes, names it"),
    ],
)
def test_a_wrong_table_of_classes_is_told_with_its_line(text, says, tmp_path):
    path = tmp_path / "classes.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StudyError, match=f"classes.tsv.*{says}"):
        read_classes(path)


def test_labels_may_call_a_class_by_its_name_datasets_words_and_naming_nouns_and_adjectives(terms):
    words = label_words([{"emotion": "fear", "dfew": "scare", "labels-own": "Angst"}], terms)
    assert words == {"fear": ["Angst", "fear", "fearful", "fears", "scare", "恐惧", "恐懼"]}


def test_a_word_of_a_dataset_names_its_class_alone(tmp_path):
    path = tmp_path / "classes.tsv"
    path.write_text("emotion\tlabels-own\nfear\tworry\nanxiety\t\n")
    words = read_words(path).of(["fear", "anxiety"])
    assert (words["worry"], words["worried"], words["fears"], words["anxious"]) == (
        "fear",
        "anxiety",
        "fear",
        "anxiety",
    )
