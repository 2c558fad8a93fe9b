"""What counts as a hit: hand-judged examples, other tools where they agree with the rules, and how hits add up."""

import subprocess
import sys

import numpy as np
import pytest
import regex

from emovlm.core.errors import StudyError
from emovlm.frequency.blocks import Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Counts, Term
from emovlm.frequency.reference import count_reference
from emovlm.frequency.vocabulary import aliases, not_words

ENGLISH = [  # what it shows, text, term, hits
    ("plain", "fear, fearful", "fear", 1),
    ("capitals", "FEAR", "fear", 1),
    ("possessive", "fear's", "fear", 1),
    ("possessive, typographic", "the fear’s grip", "fear", 1),
    ("apostrophe before", "o’fear", "fear", 1),
    ("modifier apostrophe, a letter", "fear\u02bcs", "fear", 0),
    ("hyphen", "fear-less", "fear", 1),
    ("non-breaking hyphen", "fear\u2011less", "fear", 1),
    ("middle dot", "fear·joy", "fear", 1),
    ("underscore, a connector", "fear_less", "fear", 0),
    ("digit", "fear2", "fear", 0),
    ("superscript digit", "fear²", "fear", 0),
    ("roman numeral", "fearⅧ", "fear", 0),
    ("fraction, one that begins with a digit", "fear½", "fear", 0),
    ("letter with an accent before", "éfear", "fear", 0),
    ("letter with an accent after", "fearé", "fear", 0),
    ("mark after", "fear\u0301", "fear", 0),
    ("mark on another letter before", "e\u0301fear", "fear", 0),
    ("mark on a sign before", "<\u0338fear", "fear", 1),
    ("marks of Japanese before", "か\u3099fear", "fear", 1),
    ("within Chinese", "我fear你", "fear", 1),
    ("within Japanese", "のfearカ", "fear", 1),
    ("within Korean", "한fear국", "fear", 1),
    ("within Thai", "ก\u0e31fear\u0e31", "fear", 1),
    ("prolonged sound mark, of no script", "ーfear", "fear", 0),
    ("full width", "ｆｅａｒ ＦＥＡＲ", "fear", 2),
    ("bold of mathematics", "𝐟𝐞𝐚𝐫", "fear", 1),
    ("circled", "ⓕⓔⓐⓡ", "fear", 1),
    ("another alphabet's a", "feаr", "fear", 0),
    ("soft hyphen within", "fe\u00adar", "fear", 1),
    ("soft hyphen, then more", "fear\u00adful", "fear", 0),
    ("joiner within", "fe\u200car", "fear", 1),
    ("word joiner within", "fe\u2060ar", "fear", 1),
    ("joiner after", "fear\u200d", "fear", 1),
    ("zero-width space, a space", "fear\u200bless", "fear", 1),
    ("Kelvin sign", "shoc\u212aed", "shocked", 1),
    ("long s", "\u017fad", "sad", 1),
    ("ligature", "ﬂustered", "flustered", 1),
    ("dotless i", "dısgust", "disgust", 0),
    ("dotted capital I", "DİSGUST", "disgust", 0),
    ("trade mark sign, letters", "fear™", "fear", 0),
    ("capital sharp s", "GROẞ", "groß", 1),
    ("accent composed", "naïve", "naïve", 1),
    ("accent decomposed", "nai\u0308ve", "naïve", 1),
    ("accent, where the term has none", "naïve", "naive", 0),
    ("broken line, not rejoined", "fright-\nened", "frightened", 0),
    ("markup", "fear&amp;joy", "fear", 1),
    ("invalid bytes", b"\xff fear \xc3", "fear", 1),
    ("invalid bytes beside", b"\xc3fear\xe6\x81", "fear", 1),
    ("null character", "fe\x00ar", "fear", 0),
    ("words in sequence", "At  ease, at\nease at\u00a0ease", "at ease", 3),
    ("zero-width space between", "at\u200bease", "at ease", 1),
    ("soft hyphen between", "at \u00ad ease", "at ease", 1),
    ("a sign between", "at, ease; at-ease", "at ease", 0),
    ("part of a word", "great ease, at eased", "at ease", 0),
    ("hyphen in the term", "grossed-out, grossed out, GROSSED\u2011OUT, grossed－out", "grossed-out", 4),
    ("hyphen in the term, not rejoined", "grossed-\nout, grossed - out, grossedout", "grossed-out", 0),
    ("overlapping", "ha ha ha", "ha ha", 2),
]
CHINESE = [
    ("plain", "他很害怕。", "害怕", 1),
    ("a word of its clause", "他很不安。", "不安", 1),
    ("not a word of its clause", "这里不安全，他坐立不安。", "不安", 0),
    ("over the end of a clause", "无，助", "无助", 0),
    ("traditional script", "他很恐懼和憤怒", "恐惧", 1),
    ("mapped in this phrase alone", "他沈默了", "沉默", 1),
    ("beside Latin letters", "我fear恐惧", "恐惧", 1),
    ("ignorable within", "恐\u00ad惧", "恐惧", 1),
    ("variation selector within", "恐\U000e0100惧", "恐惧", 1),
    ("zero-width space within", "恐\u200b惧", "恐惧", 0),
    ("compatibility ideograph", "\uf967安", "不安", 1),
    ("radical", "伤\u2f3c", "伤心", 1),
    ("mark within", "恐\u0301惧", "恐惧", 0),
    ("invalid bytes within", "恐".encode() + b"\xff" + "惧".encode(), "恐惧", 0),
    ("full-width signs", "恐惧！（恐惧），恐惧", "恐惧", 3),
]
ENGINES = ["hyperscan", "python"]


def one(text: str | bytes) -> Block:
    return Block.of([text if isinstance(text, bytes) else text.encode()], "file")


def counted(texts: list[str], terms: list[Term], **options: object) -> Counts:
    """Counts of both counters, which are the same."""
    block = Block.of([text.encode() for text in texts], "file")
    fast = Counter(terms, **options).count(block)
    assert fast.as_dict() == count_reference(terms, block, **options).as_dict()
    return fast


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("what", "text", "term", "hits"), ENGLISH, ids=[case[0] for case in ENGLISH])
def test_an_english_hit_is_what_a_person_judges_one(what, text, term, hits, engine):
    terms = [Term(term, "en", "fear")]
    assert Counter(terms, engine=engine).count(one(text)).hits.tolist() == [hits]
    assert count_reference(terms, one(text)).hits.tolist() == [hits]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("what", "text", "term", "hits"), CHINESE, ids=[case[0] for case in CHINESE])
def test_a_chinese_hit_is_what_a_person_judges_one(what, text, term, hits, engine):
    terms = [Term(term, "zh", "fear")]
    assert Counter(terms, engine=engine).count(one(text)).hits.tolist() == [hits]
    assert count_reference(terms, one(text)).hits.tolist() == [hits]


def ascii_text(seed: int) -> str:
    """Words of which many hold others, with all signs of ASCII between."""
    draw = np.random.default_rng(seed)
    words = ["fear", "fears", "Fear", "FEARED", "afraid", "sad", "sadly", "x", "9", "ease", "at", "the", "unfear"]
    signs = [" ", "\n", "_", *"!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~\t"]
    return "".join(draw.choice([*words, *words, *signs]) for _ in range(20_000))


def test_english_counts_of_ascii_text_are_those_of_grep(tmp_path):
    text = ascii_text(1)
    (tmp_path / "text").write_text(text)
    for word in ("fear", "feared", "afraid", "sad", "ease"):
        asked = ["grep", "-a", "-o", "-w", "-i", word, str(tmp_path / "text")]
        lines = subprocess.run(asked, capture_output=True, env={"LC_ALL": "C"}).stdout.splitlines()
        # grep -w goes on behind a match, so that it misses none: two whole words never touch
        assert counted([text], [Term(word, "en", "fear")]).hits.tolist() == [len(lines)]


def test_all_words_of_text_in_latin_greek_and_cyrillic_letters_are_those_of_regex():
    draw = np.random.default_rng(2)
    chars = [
        *"abcXYZ019_",
        *"éüñßøŁčΩςдЖё",
        *" \n\t.,;:'’-—…€™",
        "e\u0301",
        "nai\u0308ve ",
        "x" * 300,
        " plain words" * 40,
    ]
    texts = ["".join(draw.choice(chars) for _ in range(400)) for _ in range(30)]
    expected = sum(len(regex.findall(r"\w+", text.replace("™", "tm"))) for text in texts)
    assert counted(texts, [Term("fear", "en", "fear")], words=True).total_words == expected


@pytest.mark.parametrize(("text", "words"), [
    ("他很害怕", 3),  # 他 很 害怕
    ("他很害怕。He feels fear!", 6),
    ("卡拉OK和T恤", 5),  # 卡拉 ok 和 t 恤
    ("2024年3月", 4),  # 2024 年 3 月
    ("4S店", 1),  # one word of the segmenter, in which the English 4s is counted
    ("こんにちは", 0),
    ("", 0),
])  # fmt: skip
def test_all_words_of_chinese_text_are_counted_once(text, words):
    assert counted([text], [Term("恐惧", "zh", "fear")], words=True).total_words == words


def test_in_a_count_of_english_terms_only_english_words_are_counted():
    assert counted(["他感到恐惧。He feels fear!"], [Term("fear", "en", "fear")], words=True).total_words == 3
    assert counted(["fear"], [Term("fear", "en", "fear")]).total_words is None


def test_documents_are_counted_once_a_term_and_once_a_pair_of_classes():
    terms = [
        Term("fear", "en", "fear"),
        Term("afraid", "en", "fear"),
        Term("sad", "en", "sadness"),
        Term("joy", "en", "joy"),
    ]
    counts = counted(["fear fear sad", "afraid", "sad sad", "", "no word"], terms)
    assert counts.classes == ["fear", "sadness", "joy"]
    assert counts.hits.tolist() == [2, 1, 3, 0]
    assert counts.documents.tolist() == [1, 1, 2, 0]
    assert counts.joint.tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert (counts.total_documents, counts.total_bytes) == (5, 13 + 6 + 7 + 0 + 7)


def test_no_phrase_goes_from_one_document_into_the_next():
    terms = [Term("at ease", "en", "neutral"), Term("恐惧", "zh", "fear")]
    assert counted(["at", "ease", "恐", "惧", "at ease"], terms).hits.tolist() == [1, 0]


def test_a_traditional_term_whose_simplified_form_is_listed_too_is_counted_once():
    terms = [Term("憤怒", "zh", "anger", script="traditional"), Term("愤怒", "zh", "anger", script="simplified"),
             Term("厭惡", "zh", "disgust", script="traditional")]  # fmt: skip
    assert aliases(terms) == {0: 1}
    counts = counted(["愤怒，憤怒，憤怒", "厭惡厌恶"], terms)
    assert counts.hits.tolist() == [0, 3, 2]
    assert counts.documents.tolist() == [0, 1, 1]


def test_terms_of_which_the_segmenter_makes_no_word_are_told():
    terms = [
        Term("恐惧", "zh", "fear"),
        Term("面无表情", "zh", "neutral"),
        Term("憤怒", "zh", "anger"),
        Term("xyz", "en", "fear"),
    ]
    assert not_words(terms) == [terms[1]]


def test_a_word_of_two_classes_counts_for_both():
    terms = [Term("upset", "en", "anger"), Term("Upset", "en", "sadness")]
    counts = counted(["upset"], terms)
    assert counts.hits.tolist() == [1, 1]
    assert counts.joint.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(("text", "flag", "n"), [
    ("fear's grip, fear’s, fear＇s", "possessive", 3),
    ("fears, fear s, fear'so, fear- s, fear 's", "possessive", 0),
    ("no fear", "negated_before", 1),
    ("I do not really feel fear", "negated_before", 1),
    ("I do not, as far as I know, fear", "negated_before", 0),  # four words between
    ("Don't fear! Don’t fear!", "negated_before", 2),
    ("at't fear", "negated_before", 0),
    ("fear not, fear never, fear. Not now", "negated_after", 3),
    ("fear is not", "negated_after", 0),
    ("a man in fear", "person", 1),
    ("fear on her face", "person", 1),
    ("fear " + "a " * 10 + "man", "person", 0),
    ("fear " + "a " * 9 + "man", "person", 1),
    ("man " + "a " * 9 + "fear", "person", 1),
    ("man " + "a " * 10 + "fear", "person", 0),
    ("man " + "x" * 100 + " fear", "person", 0),  # farther than 100 characters
    ("mankind in fear", "person", 0),
])  # fmt: skip
def test_what_stands_around_an_english_hit(text, flag, n):
    terms = [Term("fear", "en", "fear")]
    assert getattr(counted([text], terms, details=True), flag).tolist() == [n]
    assert getattr(counted([text], terms), flag).tolist() == [0]  # not asked for


@pytest.mark.parametrize(("text", "flag", "n"), [
    ("他并不害怕", "negated_before", 1),
    ("他没有感到害怕", "negated_before", 1),
    ("没有，害怕", "negated_before", 0),  # in another clause
    ("害怕不", "negated_after", 0),
    ("一个男人很害怕", "person", 1),
    ("一个男人站着，很害怕", "person", 1),
    ("很害怕，那个女人", "person", 1),
    ("一个男人站着，" + "今天天气很好，" * 3 + "很害怕", "person", 0),  # more than ten words before
    ("人民害怕", "person", 0),
    ("他的害怕's", "possessive", 0),
])  # fmt: skip
def test_what_stands_around_a_chinese_hit(text, flag, n):
    assert getattr(counted([text], [Term("害怕", "zh", "fear")], details=True), flag).tolist() == [n]


def test_contexts_are_drawn_by_where_a_hit_stands_whatever_the_blocks():
    terms = [Term("fear", "en", "fear"), Term("害怕", "zh", "fear")]
    texts = [f"word {k}\n  of Fear {k} and FEAR, 他害怕{k}次".encode() for k in range(50)]
    whole = Counter(terms, contexts=4, seed=1).count(Block.of(texts, "file"))
    parts = Counts(whole.terms, most_contexts=4)
    for k in (3, 0, 1, 2):  # in any order
        parts.add(Counter(terms, contexts=4, seed=1).count(Block.of(texts[k * 13 : k * 13 + 13], "file", k * 13)))
    assert parts.contexts == whole.contexts
    assert {term: len(found) for term, found in whole.contexts.items()} == {"fear": 4, "害怕": 4}
    _, file, document, text = whole.contexts["fear"][0]
    assert (file, text) == ("file", f"word {document} of fear {document} and fear, 他害怕{document}次")
    assert Counter(terms, contexts=4, seed=2).count(Block.of(texts, "file")).contexts != whole.contexts


def test_each_occurrence_is_as_likely_to_be_drawn():
    texts = [b"fear " * 4] * 500
    counts = Counter([Term("fear", "en", "fear")], contexts=500).count(Block.of(texts, "file"))
    drawn = np.bincount([document // 100 for _, _, document, _ in counts.contexts["fear"]], minlength=5)
    assert drawn.min() > 75 and drawn.max() < 125  # 100 each; the standard deviation is 8


def test_the_text_may_be_any_buffer():
    buffer = bytearray(b"fear \xe5\xae\xb3\xe6\x80\x95 fe\xc2\xadar\n\x00rest fear")
    view = memoryview(buffer)[:20]  # as a reader fills it again and again
    terms = [Term("fear", "en", "fear"), Term("害怕", "zh", "fear")]
    for engine in ENGINES:
        for text in (view, bytes(view), bytearray(view)):
            counts = Counter(terms, engine=engine, words=True, details=True, contexts=1).count(
                Block(text, np.array([18]), "file")
            )
            assert (counts.hits.tolist(), counts.total_words) == ([2, 1], 3)


def test_an_empty_block_and_empty_documents_hold_nothing():
    terms = [Term("fear", "en", "fear"), Term("害怕", "zh", "fear")]
    for texts in ([], [b""], [b"", b""]):
        counts = Counter(terms, words=True, details=True, contexts=1).count(Block.of(texts, "file"))
        assert (counts.hits.sum(), counts.total_documents, counts.total_words) == (0, len(texts), 0)


def test_without_hyperscan_the_other_engine_counts(monkeypatch):
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    assert Counter([Term("fear", "en", "fear")]).count(one("fear")).hits.tolist() == [1]
    with pytest.raises(StudyError, match="hyperscan is not installed"):
        Counter([Term("fear", "en", "fear")], engine="hyperscan")
    with pytest.raises(StudyError, match="unknown engine 'grep'"):
        Counter([Term("fear", "en", "fear")], engine="grep")


@pytest.mark.parametrize(("terms", "message"), [
    ([], "no terms"),
    ([Term("", "en", "fear")], "'' .fear. cannot be found in English"),
    ([Term("fear!", "en", "fear")], "'fear!' .fear. cannot be found"),
    ([Term("恐惧", "en", "fear")], "'恐惧' .fear. cannot be found in English"),
    ([Term("恐 惧", "zh", "fear")], "'恐 惧' .fear. cannot be found in Chinese"),
    ([Term("peur", "fr", "fear")], "language 'fr'; en and zh"),
])  # fmt: skip
def test_a_term_that_cannot_be_found_is_an_error_that_names_it(terms, message):
    with pytest.raises(StudyError, match=message):
        Counter(terms)
