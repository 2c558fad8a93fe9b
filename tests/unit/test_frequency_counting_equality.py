"""The fast counter against the naive one, and what the fast one takes for granted about Unicode, OpenCC and jieba."""

import random
import re
import subprocess
import unicodedata
from pathlib import Path

import opencc
import pytest
import regex
from benchmarks.frequency_equality import compare
from tests.adversarial_texts import FAR, SIGNS

from emovlm.frequency.blocks import Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Term
from emovlm.frequency.folding import FOLDING, HAN, IN_PHRASES, byte_ranges, combines, folded, plain_spellings
from emovlm.frequency.neighbourhood import CUT
from emovlm.frequency.normal_form import IGNORABLE, NARROW, WIDE, WORD, normal_form
from emovlm.frequency.reference import count_reference
from emovlm.frequency.segments import CLAUSE, cut, cut_together, simplified
from emovlm.frequency.stretches import CLAUSE_END
from emovlm.frequency.word_count import character_kinds

ALL = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
COMPOSITIONS = [
    tuple(chr(int(part, 16)) for part in parts)
    for char in ALL
    if len(parts := unicodedata.decomposition(char).split()) == 2 and not parts[0].startswith("<")
]
STORY = """鲁镇的酒店的格局，是和别处不同的：都是当街一个曲尺形的大柜台，柜里面预备着热水，可以随时温酒。
做工的人，傍午傍晚散了工，每每花四文铜钱，买一碗酒，——这是二十多年前的事，现在每碗要涨到十文，——
靠柜外站着，热热的喝了休息。孔乙己是站着喝酒而穿长衫的唯一的人。他身材很高大；青白脸色，皱纹间时常夹些伤痕；
一部乱蓬蓬的花白的胡子。孔乙己便涨红了脸，额上的青筋条条绽出，争辩道，“窃书不能算偷……窃书！
……读书人的事，能算偷么？”引得众人都哄笑起来：店内外充满了快活的空气。"""  # Lu Xun, Kong Yiji (1919)


def test_the_fast_counter_equals_the_naive_one_on_random_texts_in_any_blocks():
    """``benchmarks/frequency_equality.py`` does the same on as many as one likes."""
    drawn, hits, differences = compare(2_000, seed=17)
    assert differences == []
    assert drawn >= 2_000 and hits > 3_000


def test_hits_amid_long_texts_have_the_same_surroundings():
    draw = random.Random(3)
    terms = [Term("fear", "en", "fear"), Term("害怕", "zh", "fear"), Term("at ease", "en", "neutral")]
    options = {"details": True, "contexts": 50, "words": True}
    counter = Counter(terms, **options)
    fillings = [*FAR, *SIGNS, "e", "e\u0301", "人", "not "]
    for _ in range(150):
        texts = []
        for _ in range(3):
            few = draw.sample(fillings, draw.randint(1, 4))
            sides = ["".join(draw.choice(few) for _ in range(draw.randint(0, 400))) for _ in range(3)]
            texts.append(draw.choice(["fear", "害怕", " at ease ", "ſ fear's"]).join(sides).encode())
        block = Block.of(texts, "file")
        assert counter.count(block).as_dict() == count_reference(terms, block, **options).as_dict()


def test_the_normal_form_of_a_normal_form_is_the_same():
    assert [char for char, form in folded().items() if not normal_form(char) == form == normal_form(form)] == []
    draw = random.Random(5)
    changing = [char for char, form in folded().items() if char != form or combines(char)]
    for _ in range(20_000):
        text = "".join(
            draw.choice(changing if draw.random() < 0.6 else "aIs<=αΑいかがᄀ가") for _ in range(draw.randint(1, 6))
        )
        assert normal_form(normal_form(text)) == normal_form(text)
    assert unicodedata.normalize("NFKC", WIDE) == NARROW


def test_only_the_characters_looked_at_fold_vanish_or_combine():
    looked_at = {char for first, end in FOLDING for char in map(chr, range(first, end))}
    others = [char for char in ALL[0x80:] if char not in looked_at]
    assert normal_form("\n".join(others)).split("\n") == others
    marks = [char for char in others if unicodedata.category(char)[0] == "M" or unicodedata.combining(char)]
    assert marks == [char for char in others if IGNORABLE.match(char)] == []


def test_texts_cut_before_an_ascii_or_a_chinese_character_keep_their_normal_form():
    """Neither is the second part of a composition, nor changes places with a mark."""
    seconds = {second for _, second in COMPOSITIONS}
    safe = [char for char in ALL if re.fullmatch(CUT, char.encode())]
    assert {*ALL[:0x80], *map(chr, range(*HAN))} <= set(safe)
    assert [char for char in safe if char in seconds or unicodedata.combining(char)] == []


def test_what_ends_a_clause_in_bytes_ends_it_in_the_normal_form_too():
    ends = [char for char in ALL if re.fullmatch(CLAUSE_END, char.encode())]
    assert set("，。、！？：；“”‘’（）《》「」『』【】〈〉—\u3000 \n\t,!?()") <= set(ends)
    firsts = {first for first, _ in COMPOSITIONS}
    assert [char for char in ends if CLAUSE.search(normal_form(char)) or not normal_form(char)] == []
    assert [char for char in ends if char in firsts] == []


def test_what_is_part_of_a_word_is_read_from_the_table_as_from_the_text():
    kinds = character_kinds()
    for char, form in folded().items():
        if kinds[ord(char)] < 2:
            assert {bool(WORD.match(c)) for c in form} == {bool(kinds[ord(char)])}
        elif kinds[ord(char)] == 2:
            assert form == ""
    assert [c for c in ALL if c not in folded() and c >= "\x80" and bool(WORD.match(c)) != bool(kinds[ord(c)])] == []


def test_ranges_of_bytes_match_the_characters_given_and_no_others():
    draw = random.Random(8)
    chars = {*draw.sample(ALL, 300), *map(chr, range(0x7F0, 0x820)), *map(chr, range(0xFFF0, 0x10350)), "\x7f", "\x80"}
    pattern = re.compile(b"|".join(
        b"".join(b"[\\x%02x-\\x%02x]" % bounds for bounds in ranges) for ranges in byte_ranges(chars)
    ))  # fmt: skip
    near = {chr(ord(char) + step) for char in chars for step in (-64, -1, 0, 1, 64) if 0 <= ord(char) + step < 0xD7FF}
    assert {char for char in near | chars if pattern.fullmatch(char.encode())} == chars


def dictionary(name: str, folder: Path) -> list[tuple[str, list[str]]]:
    """The entries of one of OpenCC's dictionaries, by its own tool."""
    package = Path(opencc.__file__).parent / "clib"
    given, text = package / "share/opencc" / f"{name}.ocd2", folder / f"{name}.txt"
    asked = [package / "bin/opencc_dict", "-i", given, "-o", text, "-f", "ocd2", "-t", "text"]
    subprocess.run([str(part) for part in asked], check=True, capture_output=True)
    lines = [line.split("\t") for line in text.read_text().splitlines()]
    return [(key, values.split()) for key, values in lines]


def test_the_scan_looks_for_every_character_of_which_opencc_makes_one_of_a_term(tmp_path):
    mapped = dict(zip(ALL[0x80:], simplified("\n".join(ALL[0x80:])).split("\n"), strict=True))
    assert [char for char, other in mapped.items() if len(other) != 1] == []
    in_phrases = set()
    for key, values in dictionary("TSPhrases", tmp_path):
        assert CLAUSE.fullmatch(key), "a phrase goes over the end of a clause"
        for value in values:
            assert len(value) == len(key)
            in_phrases |= {a + b for a, b in zip(key, value, strict=True) if b not in (a, mapped.get(a, a))}
    assert in_phrases == set(IN_PHRASES.split())
    for char, other in [*mapped.items(), *IN_PHRASES.split()]:
        if CLAUSE.match(char):
            assert char in plain_spellings(other)
    for char, form in folded().items():
        if len(form) == 1 and CLAUSE.match(form) and not form.isascii():
            assert char in plain_spellings(form) and char in plain_spellings(simplified(form))


@pytest.fixture(scope="module")
def jieba():
    import jieba

    jieba.setLogLevel("ERROR")
    jieba.initialize()
    return jieba


def test_the_segmenter_cuts_as_jieba_does(jieba):
    assert [c for c in ALL if bool(CLAUSE.match(c)) != bool(jieba.re_han_default.match(c))] == []
    draw = random.Random(4)
    words = [word for word, n in jieba.dt.FREQ.items() if n and CLAUSE.fullmatch(word)]
    chars = [chr(code) for code in range(*HAN)]
    texts = [clause[0] for clause in CLAUSE.finditer(normal_form(STORY))]
    for _ in range(3_000):
        pieces = [
            draw.choice(words if draw.random() < 0.8 else [*chars[:2000], *"ab9.%+-_"])
            for _ in range(draw.randint(1, 12))
        ]
        texts.append(normal_form("".join(pieces)))
    for clause in (clause[0] for text in texts for clause in CLAUSE.finditer(text)):
        mapped = simplified(clause)
        assert [word for word, _ in cut(clause)] == [w for part in CLAUSE.findall(mapped) for w in jieba.cut(part)]
        assert all(mapped[at : at + len(word)] == word for word, at in cut(clause))


def test_clauses_cut_together_are_cut_as_each_alone():
    clauses = ["他并不害怕", "俓恐惧", "ok", "100%的", "无能为力", "俓", "一个男人"]
    together = " ".join(cut_together([simplified(clause) for clause in clauses])).split("\n")
    assert [line.split() for line in together] == [[word for word, _ in cut(clause)] for clause in clauses]


def test_a_word_of_ascii_is_the_same_by_both_patterns():
    text = "".join(map(chr, range(128))).lower()
    assert regex.findall(WORD.pattern, text, regex.V1) == [
        "0123456789",
        "abcdefghijklmnopqrstuvwxyz",
        "_",
        "abcdefghijklmnopqrstuvwxyz",
    ]
