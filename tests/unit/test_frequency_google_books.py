"""Google Books exports as they come: v2 and v3, parts of speech, capitals, gaps between years, totals."""

import gzip

import pytest

from emovlm.core.errors import StudyError
from emovlm.frequency.google_books import NgramCount, count_google_books, read_totals
from emovlm.lexicon.terms import Term

# As in googlebooks-eng-all-1gram-20120701-f.gz: a row a year, spellings and parts of speech apart.
V2_F = """\
FEAR\t1980\t7\t5
Fear\t1980\t30\t20
Fear\t2000\t40\t21
Fear_NOUN\t1980\t30\t20
fear\t1979\t1000\t300
fear\t1980\t2000\t400
fear\t2001\t3000\t500
fear_NOUN\t1979\t700\t250
fear_NOUN\t1980\t1500\t350
fear_VERB\t1980\t500\t200
fear_NOUN_\t1980\t9\t9
feared\t1980\t11\t10
fearful\t1980\t12\t10
fearful_ADJ\t1980\t12\t10
"""
V2_H = """\
hAppy\t1980\t1\t1
happy\t1980\t500\t100
happy_ADJ\t1980\t480\t99
happy_ADV\t1980\t20\t10
happyish\t1980\t41\t3
"""
# As in 1-00004-of-00024.gz of 2020: a row a spelling, with gaps.
V3_A = "Fear\t1980,30,20\t2000,40,21\nFear_NOUN\t1980,30,20\nfear\t1979,1000,300\t1980,2000,400\t2001,3000,500\n"
V3_B = "FEAR\t1980,7,5\nfear_NOUN\t1979,700,250\t1980,1500,350\nfear_VERB\t1980,500,200\n_START_\t1980,9999,99\n"
BIGRAMS = """\
at ease\t1980\t60\t50
at ease_NOUN\t1980\t44\t40
at_ADP ease\t1980\t59\t50
At ease\t1980\t5\t4
at eased\t1980\t6\t4
"""
# As in googlebooks-eng-all-totalcounts-20120701.txt: it begins with a space and a tab.
TOTALS = " \t1979,1000000,4000,20\t1980,2000000,8000,40\t2000,5000000,9000,60\t2001,3000000,9000,50\t"


def terms(*texts):
    return [Term(text, "en", "emotion") for text in texts]


def written(tmp_path, **contents):
    paths = []
    for name, content in contents.items():
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(content.encode()))
        paths.append(path)
    return paths


def test_capitals_add_up_and_parts_of_speech_are_kept_apart(tmp_path):
    files = written(tmp_path, f=V2_F, h=V2_H)
    found = count_google_books({1: files}, terms("fear", "feared", "happy"))
    assert found["fear"] == NgramCount(
        7 + 30 + 40 + 1000 + 2000 + 3000, 5 + 20 + 21 + 300 + 400 + 500, {"NOUN": 30 + 700 + 1500, "VERB": 500}
    )
    assert found["feared"] == NgramCount(11, 10)
    assert found["happy"] == NgramCount(501, 101, {"ADJ": 480, "ADV": 20})


@pytest.mark.parametrize(
    ("years", "count"), [((1980, 1980), 2037), ((1979, 1980), 3037), ((1981, 1999), 0), ((2000, 2001), 3040)]
)
def test_both_exports_give_the_same_in_a_range_of_years(tmp_path, years, count):
    v2, v3 = written(tmp_path, f=V2_F), written(tmp_path, a=V3_A, b=V3_B)
    asked = terms("fear")
    assert count_google_books({1: v2}, asked, years)["fear"].count == count
    assert count_google_books({1: v3}, asked, years)["fear"].count == count
    assert count_google_books({1: v3}, asked)["fear"] == count_google_books({1: v2}, asked)["fear"]


def test_exports_may_be_plain_too_and_a_term_may_be_split_anywhere(tmp_path):
    lines = V2_F.splitlines(keepends=True)
    for stop in range(1, len(lines)):
        paths = [tmp_path / "1", tmp_path / "2"]
        paths[0].write_text("".join(lines[:stop]))
        paths[1].write_text("".join(lines[stop:]).rstrip("\n"))  # without the last line end
        assert count_google_books({1: paths}, terms("fear"))["fear"].count == 6077


def test_the_long_s_and_other_letters_are_folded(tmp_path):
    path = tmp_path / "1"
    path.write_text(
        "\u017fad\t1700\t50\t5\nsad\t1700\t60\t6\nNAÏVE\t1900\t41\t2\nnaïve\t1900\t70\t9\nnaive\t1900\t80\t1\n"
    )
    found = count_google_books({1: [path]}, terms("sad", "naïve"))
    assert found["sad"].count == 110 and found["naïve"].count == 111


def test_chinese_terms_are_counted(tmp_path):
    path = tmp_path / "1"
    path.write_text("恐惧\t1980,50,5\t1990,60,6\n恐惧_NOUN\t1980,40,4\n恐惧感\t1980,70,7\n")
    found = count_google_books({1: [path]}, [Term("恐惧", "zh", "fear")])
    assert found["恐惧"] == NgramCount(110, 11, {"NOUN": 40})


def test_terms_of_two_words_need_files_of_2_grams(tmp_path):
    files, bigrams = written(tmp_path, f=V2_F), written(tmp_path, two=BIGRAMS)
    found = count_google_books({1: files}, terms("fear", "at ease"))
    assert found["at ease"] == NgramCount(censored="no files of 2-grams")
    assert found["fear"].count == 6077
    assert count_google_books({1: files, 2: bigrams}, terms("at ease", "fear"))["at ease"] == NgramCount(65, 54)


def test_a_term_that_is_not_listed_is_censored_and_not_zero(tmp_path):
    found = count_google_books({1: written(tmp_path, f=V2_F)}, terms("feary", "fear"), (1979, 2001))
    assert found["feary"].count is None and found["feary"].volumes is None
    assert "fewer than 40" in found["feary"].censored
    assert not found["fear"].censored


@pytest.mark.parametrize(
    ("content", "n", "version", "said"),
    [
        (BIGRAMS, 1, "", "given as 1-grams, but 'at ease' is a 2-gram"),
        (V2_F, 2, "", "given as 2-grams, but 'FEAR' is a 1-gram"),
        (V2_F, 1, "v3", r"not an export of Google Books Ngrams v3 \(ngram, and year,matches,volumes of each year\)"),
        (V3_A, 1, "v2", "not an export of Google Books Ngrams v2"),
        ("word,count\nfear,3\n", 1, "", "not an export of Google Books Ngrams v2 .* or v3 .*it has 'word,count'"),
        (V2_F + "fear\t1990\tmany\t1\n", 1, "", "it has 'fear.t1990.tmany.t1'"),
        ("", 1, "", "the file is empty"),
        (V2_F + "fear\t1980\t2000\t400\n", 1, "", "fear has two rows for 1980; is a file given twice"),
    ],
)
def test_other_files_are_told(tmp_path, content, n, version, said):
    (path,) = written(tmp_path, a=content)
    with pytest.raises(StudyError, match=said):
        count_google_books({n: [path]}, terms("fear" if n == 1 else "at ease"), version=version)


def test_a_truncated_export_is_told(tmp_path):
    (path,) = written(tmp_path, f=V2_F)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StudyError, match="truncated"):
        count_google_books({1: [path]}, terms("fear"))


def test_totals_are_summed_over_the_years(tmp_path):
    path = tmp_path / "totalcounts-1"
    path.write_text(TOTALS)
    assert read_totals(path) == 11_000_000
    assert read_totals(path, (1979, 1980)) == 3_000_000
    assert read_totals(path, (1981, 1999)) == 0
    (packed,) = written(tmp_path, totals=TOTALS)
    assert read_totals(packed, (2000, 2001)) == 8_000_000


@pytest.mark.parametrize("years", [(1978, 1980), (2000, 2002), (1500, 1600), (2005, 2010)])
def test_years_outside_the_totals_are_an_error(tmp_path, years):
    path = tmp_path / "totalcounts-1"
    path.write_text(TOTALS)
    with pytest.raises(StudyError, match=f"totals of 1979 to 2001, but the years {years[0]} to {years[1]} are asked"):
        read_totals(path, years)
    with pytest.raises(StudyError, match="the first is after the last"):
        read_totals(path, (1990, 1980))


@pytest.mark.parametrize("content", [V2_F, "", " \t", "1979,12,3\t1980,4,5,6", " \t1979,x,1,1"])
def test_other_files_are_no_totals(tmp_path, content):
    path = tmp_path / "totalcounts-1"
    path.write_text(content)
    with pytest.raises(StudyError, match="not a file of totals"):
        read_totals(path)
