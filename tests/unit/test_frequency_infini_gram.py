"""Indices that the vendor's own indexer builds hold as many of each term as the counter finds in the same texts."""

import json
import random
import shutil
import sys
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pytest
from tests import adversarial_texts, vendor_index
from tokenizers import Tokenizer, models

from emovlm.core.contracts.frequency import TERM_COUNTS
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.frequency import infini_gram
from emovlm.frequency.blocks import Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.index_files import files_of_indices, open_index
from emovlm.frequency.infini_gram import count_indexed, ends_a_word, goes_on_with_a_word
from emovlm.frequency.normal_form import decoded
from emovlm.frequency.source_counts import count_source, gather_source
from emovlm.frequency.tokenizer_file import read_tokenizer
from emovlm.lexicon.terms import Term, counted, read_terms

ROOT = Path(__file__).resolve().parents[2]
HARD = [
    "'sad", "she's sad, he’s sad", "“Fear”—FEAR", "fearless fear", "xfear éfear fearé 我fear你", "fear", "", "ﬂustered",
    "at  ease", "ill-at-ease, at\nease", "fe\u00adar", "fear\u2060s", "\u00adfear", "e\u0301fear", "Grossed - out",
    "grossed‐out GROSSED\nOUT", "<|endoftext|>fear<0xC3>", "fEaR Feared", "ｆｅａｒ 𝐟𝐞𝐚𝐫", "fear\u00ad\u00adless",
]  # fmt: skip
TERMS = [
    *(term for term in counted(read_terms()) if term.language == "en"),
    Term("at ease", "en", "neutral"), Term("grossed-out", "en", "disgust"), Term("not be", "en", "neutral"),
    Term("the", "en", "neutral"), Term("s", "en", "neutral"),
]  # fmt: skip


@pytest.fixture(scope="session")
def texts():
    """Paragraphs of the documentation of this project and of Python, and short texts that are hard to count."""
    pages = [(ROOT / "README.md").read_text(), *(page.read_text() for page in sorted((ROOT / "docs").rglob("*.md")))]
    return [*HARD, *(part for page in [*pages, *map(topics.get, sorted(topics))] for part in page.split("\n\n"))]


@pytest.fixture(scope="session")
def of_bytes(texts, tmp_path_factory):
    return vendor_index.build(tmp_path_factory.mktemp("bytes"), texts, None, "--shards", "2")


@pytest.fixture(scope="session")
def of_tokens(texts, tmp_path_factory):
    tokenizer = vendor_index.bytes_tokenizer(texts, 3000)
    return vendor_index.build(tmp_path_factory.mktemp("tokens"), texts, tokenizer)


def tokenizer_of(index):
    return str(index.parent / "gpt2/tokenizer.json")


def expected(texts, terms=TERMS):
    found = Counter(terms).count(Block.of([text.encode() for text in texts], "texts"))
    return {term.text: int(hits) for term, hits in zip(found.terms, found.hits, strict=True)}


def indexed(folder, terms=TERMS, tokenizer=None):
    return count_indexed(files_of_indices([str(folder)]), terms, tokenizer)


@pytest.mark.parametrize("read", [infini_gram.READ, 0])
@pytest.mark.parametrize("kind", ["of_bytes", "of_tokens"])
def test_an_index_holds_as_many_of_each_term_as_the_counter_finds(kind, read, texts, request, monkeypatch):
    """Whether the occurrences are read, or the index is asked what stands around them as where there are many."""
    monkeypatch.setattr(infini_gram, "READ", read)
    index, terms = request.getfixturevalue(kind), TERMS
    if read == 0 and kind == "of_tokens":
        terms = [term for term in TERMS if term.text not in ("the", "s")]
    found = indexed(index, terms, tokenizer_of(index) if kind == "of_tokens" else None)
    assert found == expected(texts, terms)
    assert found["fear"] > 50 and found["at ease"] > 2 and sum(found.values()) > 200
    if "the" in found:
        assert found["the"] > infini_gram.READ


def test_so_does_one_of_tokens_that_write_a_space_as_a_sign(texts, tmp_path):
    index = vendor_index.build(tmp_path, texts, vendor_index.metaspace_tokenizer(texts, 2000))
    assert indexed(index, TERMS, tokenizer_of(index)) == expected(texts)


@pytest.mark.parametrize("read", [infini_gram.READ, 0])
def test_and_one_of_random_texts_that_are_hard_to_count(tmp_path, read, monkeypatch):
    monkeypatch.setattr(infini_gram, "READ", read)
    terms = adversarial_texts.terms(chinese=False)
    documents = [decoded(text) for text in adversarial_texts.documents(random.Random(5), terms, 1500 if read else 150)]
    if not read:  # to go through a thousand marks in a row takes long where occurrences are not read
        documents = [text for text in documents if len(text) < 200]
    found, known = indexed(vendor_index.build(tmp_path, documents), terms), expected(documents, terms)
    assert found == known and sum(known.values()) > 50


def test_indices_in_several_folders_are_counted_together(texts, of_bytes, tmp_path):
    for name in ("a", "b"):
        vendor_index.build(tmp_path / name, HARD)
    once, twice = indexed(tmp_path / "a/index"), indexed(tmp_path / "*/index")
    assert twice == {term: 2 * count for term, count in once.items()} and once["fear"] > 5
    index = open_index(files_of_indices([str(tmp_path / "*/index"), str(of_bytes)]))
    assert index.documents == 2 * len(HARD) + len(texts)
    assert index.tokens == sum(len(text.encode()) + 1 for text in [*HARD, *HARD, *texts])


@pytest.mark.parametrize(
    ("before", "boundary"),
    [(b"", None), (b"a", False), (b" ", True), ("é".encode(), False), ("é".encode()[1:], None), ("’".encode(), True),
     ("我".encode(), True), (b" \xcc\x81", False), (b"\xcc\x81", None), (b"\xc2\xad", None), (b"a\xc2\xad", False),
     (b"_", False), (b"7", False), ("™".encode(), False)],
)  # fmt: skip
def test_what_ends_a_word_in_front_of_a_term(before, boundary):
    assert ends_a_word(before) is boundary
    assert ends_a_word(before, whole=True) is (before != b"\xcc\x81" if boundary is None else boundary)


@pytest.mark.parametrize(
    ("behind", "goes_on"),
    [(b"", None), (b"s", True), (b"'s", False), (b"\xcc", None), (b"\xcc\x81", True), (b"\xc2\xad", None),
     (b"\xc2\xads", True), ("’".encode()[:2], None), ("你".encode(), False), ("²".encode(), True),
     (b"\xe2\x80\x8bs", False)],
)  # fmt: skip
def test_what_goes_on_with_a_word_behind_a_term(behind, goes_on):
    assert goes_on_with_a_word(behind) is goes_on


def test_the_bytes_of_tokens_are_those_that_the_tokenizer_makes(texts, of_tokens):
    read, tokenizer = read_tokenizer(tokenizer_of(of_tokens)), Tokenizer.from_file(tokenizer_of(of_tokens))
    for text in texts[:300]:
        assert b"".join(read.tokens[token] for token in tokenizer.encode(text).ids).decode() == text


def test_a_source_of_the_kind_gives_rows_of_counts_and_rates(of_tokens, texts, tmp_path):
    source = {"source": "mine", "language": "en", "kind": "infini_gram", "files": str(of_tokens), "tokens": 1e5,
              "tokenizer": tokenizer_of(of_tokens)}  # fmt: skip
    terms = [*TERMS, Term("恐惧", "zh", "fear", "noun", "simplified")]
    share = count_source(source, terms, files_of_indices([str(of_tokens)]), 7, tmp_path / "store", (0, 1))
    found = gather_source(source, terms, [json.loads(json.dumps(share))])
    assert dict(zip(found.terms["term"], found.terms["count"], strict=True)) == expected(texts)
    assert found.tokens == 1e5 and found.joint.empty and found.contexts.empty
    write_table(found.terms[found.terms["form"] != ""], tmp_path / "terms.csv", TERM_COUNTS)


def cut(path, to):
    path.write_bytes(path.read_bytes()[:to])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: cut(folder / "table.0", -3), r"table\.0: its [\d,]+ bytes fit no tokenized\.0 of [\d,]+ bytes"),
        (lambda folder: cut(folder / "tokenized.1", -2), r"table\.1: its .* one of them is cut off"),
        (lambda folder: cut(folder / "tokenized.1", 0), r"tokenized\.1: it is empty"),
        (lambda folder: cut(folder / "offset.0", -1), r"offset\.0: its [\d,]+ bytes are not 8 a document"),
        (lambda folder: (folder / "table.1").unlink(), r"the index is not complete, table\.1 is missing or may"),
        (lambda folder: (folder / "tokenized.0").unlink(), r"index is not complete, tokenized\.0 is missing or may"),
        (lambda folder: shutil.copy(folder / "offset.1", folder / "offset.0"), r"tokenized\.0: document \d+ does not"),
    ],
)  # fmt: skip
def test_a_damaged_index_is_an_error_that_names_the_file(of_bytes, tmp_path, damage, said):
    shutil.copytree(of_bytes, tmp_path / "index")
    damage(tmp_path / "index")
    with pytest.raises(StudyError, match=said):
        indexed(tmp_path / "index")


def test_a_folder_without_an_index_is_an_error(tmp_path):
    with pytest.raises(StudyError, match=r"none: no such folder; name those that hold an infini-gram index"):
        files_of_indices([str(tmp_path / "none")])
    (tmp_path / "texts.0").write_text("fear")
    with pytest.raises(StudyError, match=r"no infini-gram index is there; it has files tokenized\.0"):
        files_of_indices([str(tmp_path)])


def test_another_kind_of_index_than_the_row_says_is_an_error(of_bytes, of_tokens, tmp_path):
    with pytest.raises(StudyError, match=r"of tokens \(16 bits each\); name the tokenizer\.json"):
        indexed(of_tokens)
    with pytest.raises(StudyError, match="this index is of bytes and has no tokenizer"):
        indexed(of_bytes, tokenizer=tokenizer_of(of_tokens))
    with pytest.raises(StudyError, match=r"not of one kind .*8 bits a token.*16 bits a token"):
        count_indexed(files_of_indices([str(of_bytes), str(of_tokens)]), TERMS, None)
    tokens = np.fromfile(of_tokens / "tokenized.0", np.uint16)
    wide = np.where(tokens == 0xFFFF, 0xFFFFFFFF, tokens).astype(np.uint32)
    wide.tofile(tmp_path / "tokenized.0")
    (tmp_path / "table.0").write_bytes(bytes(3 * len(wide)))
    (np.flatnonzero(wide == 0xFFFFFFFF).astype(np.uint64) * 4).tofile(tmp_path / "offset.0")
    with pytest.raises(StudyError, match="32 bits a token; indices of 8"):
        indexed(tmp_path, tokenizer=tokenizer_of(of_tokens))


def test_a_tokenizer_that_is_not_the_index_s_is_an_error(of_tokens, texts, tmp_path):
    def refused(tokenizer):
        tokenizer.save(str(tmp_path / "other.json"))
        with pytest.raises(StudyError) as error:
            indexed(of_tokens, tokenizer=tmp_path / "other.json")
        return str(error.value)

    assert "its tokens are not those of" in refused(vendor_index.bytes_tokenizer(texts[::2], 3000))
    assert "its tokens are not those of" in refused(vendor_index.metaspace_tokenizer(texts, 3000))
    assert "it has a token" in refused(vendor_index.bytes_tokenizer(texts, 2900))
    assert "a tokenizer of the type Unigram" in refused(Tokenizer(models.Unigram([("a", -1.0)], 0)))
    assert "neither bytes (ByteLevel) nor written with ▁" in refused(Tokenizer(models.BPE({"a": 0}, [])))
    for content, said in (("{}", "not a tokenizer.json"), ("fear", "not a tokenizer.json"), (None, "cannot be read")):
        (tmp_path / "other.json").unlink()
        if content:
            (tmp_path / "other.json").write_text(content)
        with pytest.raises(StudyError, match=said):
            read_tokenizer(tmp_path / "other.json")
        (tmp_path / "other.json").touch()


def test_texts_that_were_indexed_backwards_are_an_error(texts, tmp_path):
    index = vendor_index.build(tmp_path, texts, vendor_index.bytes_tokenizer(texts, 3000), "--version", "5")
    with pytest.raises(StudyError, match="build it with --version 4"):
        indexed(index, tokenizer=tokenizer_of(index))


def test_without_the_package_it_is_said_what_to_install(of_bytes, monkeypatch):
    monkeypatch.setitem(sys.modules, "infini_gram.engine", None)
    with pytest.raises(StudyError, match=r"the package infini-gram, .* is not installed .*pip install infini-gram"):
        indexed(of_bytes)
