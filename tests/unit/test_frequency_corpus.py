"""A corpus counted in parts: the counts are those of hand and of Python's re, whatever parts, processes and stops."""

import json
import os
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from emovlm.core.errors import StudyError
from emovlm.frequency import corpus as module
from emovlm.frequency.corpus import Options, count_corpus
from emovlm.frequency.readers.forms import Reading
from emovlm.lexicon.terms import Term

TERMS = (Term("fear", "en", "fear"), Term("feared", "en", "fear"), Term("joy", "en", "happiness"))
WORDS = ["fear", "Fear", "feared", "joy", "joyful", "the", "of", "and", "fearless", "night"]


@pytest.fixture
def texts():
    """Texts of plain English words, for which a word of Python's re is a word of the counter's."""
    random.seed(11)
    return [" ".join(random.choices(WORDS, k=random.randint(1, 12))) for _ in range(400)]


@pytest.fixture
def mixed(tmp_path, texts):
    """One file of each form, with a quarter of the texts each."""
    quarters = [texts[i::4] for i in range(4)]
    paths = [tmp_path / name for name in ("a.txt", "b.jsonl", "c.jsonl.zst", "d.parquet")]
    paths[0].write_text("\n".join(quarters[0]))
    lines = ["".join(json.dumps({"text": text}) + "\n" for text in some) for some in quarters]
    paths[1].write_text(lines[1])
    paths[2].write_bytes(zstandard.ZstdCompressor().compress(lines[2].encode()))
    pq.write_table(pa.table({"text": quarters[3]}), paths[3], row_group_size=30)
    return [str(path) for path in paths]


def by_re(texts):
    """Hits and documents of each term, and documents by pair of classes."""
    found = [[len(re.findall(rf"\b{term.text}\b", text, re.I)) for text in texts] for term in TERMS]
    fear = [bool(a or b) for a, b in zip(found[0], found[1], strict=True)]
    joy = [bool(n) for n in found[2]]
    both = sum(a and b for a, b in zip(fear, joy, strict=True))
    return [sum(n) for n in found], [sum(map(bool, n)) for n in found], [[sum(fear), both], [both, sum(joy)]]


def check(counts, texts):
    hits, documents, joint = by_re(texts)
    assert counts.hits.tolist() == hits and counts.documents.tolist() == documents and counts.joint.tolist() == joint
    assert counts.total_documents == len(texts)
    assert counts.total_bytes == sum(map(len, texts))
    assert counts.total_words in (None, sum(len(text.split()) for text in texts))


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize("bytes_per_part", [50, 3000, 1 << 20])
def test_counts_are_those_of_re_whatever_the_parts_and_blocks(mixed, texts, size, bytes_per_part):
    found = count_corpus(mixed, TERMS, Reading(size=size), Options(words=True), bytes_per_part=bytes_per_part)
    check(found.counts, texts)
    assert [each.file for each in found.files] == mixed
    check(found.files[1].counts, texts[1::4])


def test_processes_count_the_same(mixed, texts, tmp_path):
    one = count_corpus(mixed, TERMS, None, Options(words=True, details=True))
    two = count_corpus(mixed, TERMS, None, Options(words=True, details=True), workers=2, bytes_per_part=2000)
    check(two.counts, texts)
    assert two.counts.as_dict() == one.counts.as_dict()


def test_drawn_contexts_do_not_depend_on_parts_and_processes(mixed):
    options = Options(contexts=3, seed=4)
    one = count_corpus(mixed, TERMS, None, options)
    two = count_corpus(mixed, TERMS, Reading(size=64), options, bytes_per_part=100, workers=2)
    assert one.counts.contexts == two.counts.contexts
    assert all(len(found) == 3 for found in one.counts.contexts.values())
    assert count_corpus(mixed, TERMS, None, Options(contexts=3, seed=5)).counts.contexts != one.counts.contexts


@pytest.fixture
def read(monkeypatch):
    """The files whose parts are read, as they are read."""
    seen = []
    read_blocks = module.read_blocks

    def spy(part, how):
        seen.append(os.path.basename(part.file))
        return read_blocks(part, how)

    monkeypatch.setattr(module, "read_blocks", spy)
    return seen


def test_an_added_or_changed_file_counts_only_itself(mixed, texts, tmp_path, read):
    store = tmp_path / "store"
    count_corpus(mixed[:3], TERMS, store=store)
    assert read == ["a.txt", "b.jsonl", "c.jsonl.zst"]
    read.clear()
    check(count_corpus(mixed, TERMS, store=store).counts, texts)
    assert read == ["d.parquet"]
    read.clear()
    with open(mixed[0], "a") as handle:
        handle.write("\nfear")
    changed = count_corpus(mixed, TERMS, store=store)
    assert read == ["a.txt"]
    check(changed.counts, [*texts, "fear"])


def test_a_file_that_is_only_touched_is_not_counted_again(mixed, tmp_path, read):
    first = count_corpus(mixed, TERMS, store=tmp_path / "store")
    for file in mixed:
        os.utime(file, ns=(1, 1))
    read.clear()
    again = count_corpus(mixed, TERMS, store=tmp_path / "store")
    assert read == [] and again.counts.as_dict() == first.counts.as_dict()
    assert [each.sha256 for each in again.files] == [each.sha256 for each in first.files]


def test_a_file_of_the_same_size_and_other_bytes_is_counted_again(tmp_path, read):
    path = tmp_path / "a.txt"
    path.write_text("fear joy")
    count_corpus([str(path)], TERMS, store=tmp_path / "store")
    path.write_text("joy fear")
    path.write_text("joys joy")
    os.utime(path, ns=(1, 1))
    assert count_corpus([str(path)], TERMS, store=tmp_path / "store").counts.hits.tolist() == [0, 0, 1]


def test_other_terms_options_or_reading_count_again(mixed, tmp_path, read):
    store = tmp_path / "store"
    count_corpus(mixed, TERMS, store=store)
    for terms, how, options in (
        (TERMS[:2], None, None),
        (TERMS, Reading(documents="file"), None),
        (TERMS, None, Options(words=True)),
        (TERMS, None, Options(details=True)),
    ):
        read.clear()
        count_corpus(mixed, terms, how, options, store=store)
        assert len(read) == 4
    read.clear()
    count_corpus(mixed, TERMS, Reading(size=99), store=store)
    assert read == []


def test_a_run_that_was_stopped_goes_on(mixed, texts, tmp_path, monkeypatch, read):
    spy = module.read_blocks

    def stopped(part, how):
        if part.file == mixed[2]:
            raise KeyboardInterrupt
        return spy(part, how)

    monkeypatch.setattr(module, "read_blocks", stopped)
    with pytest.raises(KeyboardInterrupt):
        count_corpus(mixed, TERMS, store=tmp_path / "store")
    monkeypatch.setattr(module, "read_blocks", spy)
    read.clear()
    check(count_corpus(mixed, TERMS, store=tmp_path / "store").counts, texts)
    assert read == ["c.jsonl.zst", "d.parquet"]


def test_what_is_kept_and_damaged_is_told(mixed, tmp_path):
    count_corpus(mixed[:1], TERMS, store=tmp_path / "store")
    (kept,) = (tmp_path / "store").iterdir()
    kept.write_text("{")
    with pytest.raises(StudyError, match="damaged; delete it"):
        count_corpus(mixed[:1], TERMS, store=tmp_path / "store")


def test_what_was_left_out_is_in_the_counts(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"fear"}\n{"text":null}\nnonsense\n{"text":"joy \\ud800"}\n{"id":1}\n')
    counts = count_corpus([str(path)], TERMS).counts
    assert counts.skipped == {"null text": 1, "not a JSON object": 1, "no key 'text'": 1}
    assert counts.total_documents == 2 and counts.hits.tolist() == [1, 0, 1]


def test_a_corpus_without_documents_is_an_error(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("")
    with pytest.raises(StudyError, match=": no documents"):
        count_corpus([str(path)], TERMS)
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":null}\n' * 3)
    with pytest.raises(StudyError, match="no documents; null text: 3"):
        count_corpus([str(path)], TERMS)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_is_wrong_stops_the_count(mixed, tmp_path, workers):
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"caption":"fear"}\n' * 5)
    with pytest.raises(StudyError, match=r"wrong.jsonl: no key 'text' in any of 5 lines; the first has caption"):
        count_corpus([*mixed, str(wrong)], TERMS, workers=workers, bytes_per_part=60)
    content = (tmp_path / "c.jsonl.zst").read_bytes()
    (tmp_path / "c.jsonl.zst").write_bytes(content[:-10])
    with pytest.raises(StudyError, match=r"c.jsonl.zst: truncated: it ends after"):
        count_corpus(mixed, TERMS, workers=workers)
