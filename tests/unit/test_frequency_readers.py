"""Readers of corpora against other readers: json.loads, gzip, zstandard, DuckDB, and documents found by hand."""

import gzip
import json
import random
import re

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from emovlm.core.errors import StudyError
from emovlm.frequency.parts import files_of, plan_parts
from emovlm.frequency.readers import lines
from emovlm.frequency.readers.forms import Form, Reading, form_of
from emovlm.frequency.readers.json_lines import NOT_JSON, NULL, OTHER_TYPE, lacking
from emovlm.frequency.readers.line_loop import count_lines
from emovlm.frequency.readers.lines import NEAR_END
from emovlm.frequency.readers.read import Part, read_blocks, why_no_text
from emovlm.frequency.readers.texts import INVALID, LONG

SIZES = (1, 7, 64, 1 << 20)


def documents(part, how=None):
    """The documents of all blocks; each block is checked."""
    found = []
    for block in read_blocks(part, how):
        assert block.first == len(found)
        starts, ends = block.starts.tolist(), block.ends.tolist()
        assert block.n_documents == len(ends) and block.n_bytes == sum(map(int.__sub__, ends, starts))
        filled = [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
        for some in (filled, filled[:1]):
            where = np.array([(start + end) // 2 for start, end in some], np.int64)
            assert list(zip(*(bounds.tolist() for bounds in block.bounds(where)), strict=True)) == some
        assert block.numbers(block.starts).tolist() == list(range(block.first, block.first + len(ends)))
        found += [block.text[start:end] for start, end in zip(starts, ends, strict=True)]
        for end in ends:
            assert block.text[end : end + len(block.between)] == block.between
        if ends:
            assert ends[-1] + len(block.between) == len(block.text)
    return found


def skipped(part, how=None):
    total = {}
    for block in read_blocks(part, how):
        for reason, n in block.skipped.items():
            total[reason] = total.get(reason, 0) + n
    return total


def in_parts(path, how, bytes_per_part):
    """The documents of the parts of a file, one after another."""
    return [doc for part in plan_parts([str(path)], how, bytes_per_part) for doc in documents(part, how)]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.txt", Form("text")), ("a.txt.gz", Form("text", "gz")), ("README", Form("text")),
        ("a.b.zst", Form("text", "zst")),
        ("a.jsonl", Form("jsonl")), ("a.00.json.gz", Form("jsonl", "gz")), ("A.NDJSON.ZST", Form("jsonl", "zst")),
        ("a.parquet", Form("parquet")), ("jsonl/a", Form("text")), (".gz", Form("text")),
    ],
)  # fmt: skip
def test_a_files_name_says_its_form(name, form):
    assert form_of(name) == form


def test_the_form_said_goes_before_the_name(tmp_path):
    path = tmp_path / "corpus.dz"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    with pytest.raises(StudyError, match="taken for text, but it begins as gzip"):
        documents(path)
    assert documents(path, Reading("text.gz")) == [b"one", b"two"]
    with pytest.raises(StudyError, match=r"form 'text.bz2' is not known; it is one of text, text.gz"):
        Reading("text.bz2")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n", b"\r\n"])
def test_lines_are_those_of_python(tmp_path, size, end):
    path = tmp_path / "a.txt"
    path.write_bytes("one two\n\nthree 不安\r\n \tfour\0five".encode() + end)
    with open(path, "rb") as handle:
        expected = [line.removesuffix(b"\n") for line in handle]
    assert documents(path, Reading("text", size=size)) == expected  # named, since a text seldom has a NUL


@pytest.mark.parametrize("size", [NEAR_END // 2, NEAR_END, 3 * NEAR_END])
def test_lines_longer_than_what_is_looked_ahead_are_whole_too(tmp_path, size):
    draw = random.Random(size)
    lengths = [draw.choice([0, 3, 70, NEAR_END - 1, NEAR_END, 5 * NEAR_END]) for _ in range(300)]
    expected = [(b"%d " % k * length)[:length] for k, length in enumerate(lengths)]
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n".join(expected) + b"\n")
    assert documents(path, Reading(size=size)) == expected
    assert in_parts(path, Reading(size=size), 10 * NEAR_END) == expected
    assert sum(block.read for block in read_blocks(path, Reading(size=size))) == path.stat().st_size


@pytest.mark.parametrize("size", SIZES)
def test_paragraphs_have_blank_lines_between(tmp_path, size):
    random.seed(7)
    pieces = [b"fear", b"  joy", b"\n", b"\n", b"\n\n", b"\r\n", b" ", b"\t\n", b"\x0b", b"a b"]
    for _ in range(200):
        text = b"".join(random.choices(pieces, k=random.randint(0, 14)))
        path = tmp_path / "a.txt"
        path.write_bytes(text)
        paragraphs = [p for p in re.split(rb"\n(?:[ \t\r\f\v]*\n)+", b"\n" + text + b"\n\n") if p.strip()]
        expected = [p.split() for p in paragraphs]
        how = Reading(documents="paragraph", size=size)
        assert [p.split() for p in documents(path, how)] == expected
        for bytes_per_part in (1, 3, 10):
            assert [p.split() for p in in_parts(path, how, bytes_per_part)] == expected


@pytest.mark.parametrize("size", SIZES)
def test_a_file_can_be_one_document(tmp_path, size):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\none\n\ntwo\n")
    assert documents(path, Reading(documents="file", size=size)) == [b"\none\n\ntwo"]
    path.write_bytes(b"")
    assert documents(path, Reading(documents="file", size=size)) == []


def test_a_very_long_document_is_cut_at_the_same_places_whatever_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 16)
    path = tmp_path / "a.txt"
    path.write_bytes(("short\n" + "word " * 8 + "\nshort\n" + "不" * 12 + "\nend\n").encode())
    expected = [b"short", b"word word word ", b"word word word ", b"word word ", b"short",
                "不不不不不".encode(), "不不不不不".encode(), "不不".encode(), b"end"]  # fmt: skip
    for size in (1, 5, 16, 100):
        found = documents(path, Reading(size=size))
        assert [doc.strip() for doc in found] == [doc.strip() for doc in expected]
        assert skipped(path, Reading(size=size)) == {LONG: 2}
    pieces = documents(path, Reading(documents="file"))
    assert b"".join(b"".join(pieces).split()) == b"".join(path.read_bytes().split())
    assert all(len(piece) <= 16 and piece.decode() for piece in pieces)


@pytest.mark.parametrize("documents_are", ["line", "paragraph"])
def test_files_are_split_at_ends_of_documents_only(tmp_path, documents_are):
    random.seed(3)
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(b"x" * random.randint(0, 9) + b"\n" * random.choice((1, 1, 2, 3)) for _ in range(300)))
    how = Reading(documents=documents_are)
    whole = documents(path, how)
    for bytes_per_part in (1, 2, 17, 100, 10_000):
        parts = plan_parts([str(path)], how, bytes_per_part)
        assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
        assert in_parts(path, how, bytes_per_part) == whole
    assert len(plan_parts([str(path)], how, 100)) > 5
    assert plan_parts([str(path)], how, None) == [Part(str(path))]


def test_one_long_line_is_one_part(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1000)
    assert plan_parts([str(path)], Reading(), 10) == [Part(str(path))]
    path.write_bytes(b"")
    assert plan_parts([str(path)], Reading(), 10) == [Part(str(path))]


@pytest.mark.parametrize("size", SIZES)
def test_compressed_files_are_as_other_tools_write_them(tmp_path, size):
    text = b"".join(b"line %d with words\n" % n for n in range(5000))
    halves = text[:40_000], text[40_000:]
    zstd = zstandard.ZstdCompressor().compress
    files = {
        "one.txt.gz": gzip.compress(text),
        "two.txt.gz": gzip.compress(halves[0]) + gzip.compress(halves[1]),
        "padded.txt.gz": gzip.compress(text) + bytes(500),
        "one.txt.zst": zstd(text),
        "two.txt.zst": zstd(halves[0]) + zstd(b"") + zstd(halves[1]),
        "skippable.txt.zst": b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd(text),
        "unsized.txt.zst": zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress(text),
    }
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        if name.startswith("skippable"):
            with pytest.raises(StudyError, match="begins as nothing of the kind"):
                documents(path)
            continue
        assert documents(path, Reading(size=size)) == text.splitlines(), name


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_truncated_or_damaged_file_is_named_with_how_far_it_goes(tmp_path, suffix):
    random.seed(1)
    text = "".join(f"{random.random()}\n" for _ in range(40_000)).encode()
    whole = gzip.compress(text) if suffix == "gz" else zstandard.ZstdCompressor(write_checksum=True).compress(text)
    path = tmp_path / f"a.txt.{suffix}"
    for stop in (5, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:stop])
        with pytest.raises(StudyError, match=rf"a.txt.{suffix}: truncated: it ends after {stop:,} bytes"):
            documents(path)
    path.write_bytes(whole[:-4] + b"abcd")
    with pytest.raises(StudyError, match=rf"a.txt.{suffix}: damaged after"):
        documents(path)
    path.write_bytes(whole + b"garbage")
    with pytest.raises(StudyError, match=rf"a.txt.{suffix}: (damaged|truncated)"):
        documents(path)


def test_invalid_utf8_is_read_and_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\nbad \xff\n" + "不安\n".encode() + b"\xe4\xb8\n")
    assert documents(path) == [b"good", b"bad \xff", "不安".encode(), b"\xe4\xb8"]
    assert skipped(path) == {INVALID: 2}


ODD = [
    b'{"text":"a"}', b'{"text":5}', b'{"text":null}', b'{"x":1}', b'{"text":"a","text":"b"}', b'{"t\\u0065xt":"key"}',
    b'{"text":"\\ud83d\\ude00 \\u4e0d"}', b'{"text":"tab\there"}', b'{"text":"a"} more', b'{"text":"a"', b'["text"]',
    b"5", b'"text"', b'{"a":{"text":"no"}}', b'{"a":"x\\"text\\":\\"no\\"","text":"y"}', b'{"n":NaN,"text":"ok"}',
    b'{"n":1e999,"text":"ok"}', b'{"n":01,"text":"ok"}', b'{"n":123456789012345678901234567890,"text":"ok"}',
    b"{'text':'a'}", b'{"text":["a"]}', b'{"text":{"a":1}}', b'{"text":true}', b'{"text":"a"}{"text":"b"}',
    b'{"text":"nul \\u0000 x"}', b'{"text":"a",}', b'{"text":"\\x"}', b'{"text" : "sp" }\r', b"null", b"{}",
    b'{"text":"\\/\\b\\f\\n\\r\\t\\\\\\""}', b'[{"text":"a"}]', b'{"n":-,"text":"ok"}', b'{"n":"\\ud800","text":"ok"}',
    b'{"text":""}', b'{"n":-Infinity,"text":"ok"}', b'{"text":"\x7f\xc2\x80"}', b'{"text":"a"}\x00',
    b'{"text":"\\u00G0"}',
    b"[" * 300 + b"]" * 300, b'{"a":' + b"[" * 250 + b"]" * 250 + b',"text":"deep"}', b'{"text":"x","n":1_000}',
    b'{"n":' + b"1" * 5000 + b',"text":"ok"}', '{"text":"恐惧","题":"害怕"}'.encode(), b'\xef\xbb\xbf{"text":"bom"}',
    b'{"text":"a\\n\\u0000b"}', b"[" * 100_000,
]  # fmt: skip


def by_json_loads(line, column="text"):
    """What json.loads makes of a line: its text, or None for none."""
    try:
        value = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    text = value.get(column) if isinstance(value, dict) else None
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode() if isinstance(text, str) else None


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_json_lines_are_as_json_loads_reads_them(tmp_path, size):
    random.seed(5)
    tokens = [b'"', b"\\", b"{", b"}", b",", b":", b"[", b"]", b"text", b'"text"', b"1", b"-", b".", b"e", b"null",
              b"NaN", b"\\u", b"d800", b"0041", b" ", b"\t", b"\x00", b"\x1f", b"\\n", b"true", b"0", b"\xff",
              b"\xe4\xb8"]  # fmt: skip
    odd = list(ODD)
    for _ in range(20_000 if size > 1 else 200):
        line = bytearray(random.choice(ODD[:39]))
        for _ in range(random.choice((1, 1, 2, 3))):
            at = random.randint(0, len(line))
            line[at : at + random.choice((0, 0, 1, 2))] = random.choice(tokens)
        odd.append(bytes(line))
    random.shuffle(odd)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([b'{"text":"first"}', *odd]))
    expected = [text for line in [b'{"text":"first"}', *odd] if (text := by_json_loads(line)) is not None]
    assert documents(path, Reading(size=size)) == expected
    left_out = sum(n for reason, n in skipped(path, Reading(size=size)).items() if reason != INVALID)
    assert left_out == 1 + sum(bool(line.strip()) for line in odd) - len(expected)


def test_json_lines_that_give_no_text_are_counted_by_reason(tmp_path):
    path = tmp_path / "a.jsonl"
    lines = ['{"text":"fear"}', "", '{"text":null}', '{"no":1}', '{"text":3}', "nonsense", '{"text":["a"]}', "  "]
    path.write_text("\n".join(lines))
    assert documents(path) == [b"fear"]
    assert skipped(path) == {NULL: 1, lacking("text"): 1, OTHER_TYPE: 2, NOT_JSON: 1}


def test_wrong_bytes_and_lone_surrogates_in_json_are_replaced(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"bad \xff fear"}\n{"text":"lone \\ud800 joy"}\n')
    assert [doc.decode() for doc in documents(path)] == ["bad \ufffd fear", "lone \ufffd joy"]
    assert skipped(path) == {INVALID: 1}


def test_the_text_may_be_nested_in_json_and_parquet(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a":{"b":"deep"}}\n{"a.b":"flat","a":{"b":"deep"}}\n{"a":null}\n{"a":5}\n{"a":{}}\n')
    how = Reading(column="a.b")
    assert documents(path, how) == [b"deep", b"flat"]
    assert skipped(path, how) == {NULL: 1, OTHER_TYPE: 1, lacking("a.b"): 1}
    table = pa.table({"a": pa.array([{"b": "one", "c": 1}, None, {"b": None, "c": 2}, {"b": "two", "c": 3}])})
    pq.write_table(table, tmp_path / "a.parquet")
    assert documents(tmp_path / "a.parquet", how) == [b"one", b"two"]
    assert skipped(tmp_path / "a.parquet", how) == {NULL: 2}


def test_a_json_line_that_is_too_long_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 64)
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text":"one"}}\n{{"text":"{"word " * 100}"}}\n{{"text":"two"}}\n')
    for size in (1, 64):
        assert documents(path, Reading(size=size)) == [b"one", b"two"]
        assert list(skipped(path, Reading(size=size)).values()) == [1]


@pytest.mark.parametrize("bytes_per_part", [1, 100, 10_000])
def test_json_lines_and_parquet_are_split_too(tmp_path, bytes_per_part):
    texts = [f"text {n} " + "x" * (n % 50) for n in range(300)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert in_parts(path, Reading(), bytes_per_part) == [text.encode() for text in texts]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": texts}), path, row_group_size=37)
    assert in_parts(path, Reading(), bytes_per_part) == [text.encode() for text in texts]
    assert len(plan_parts([str(path)], Reading(), 1)) == 9


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "binary", "dictionary"])
@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_parquet_texts_are_those_that_duckdb_reads(tmp_path, kind, compression):
    random.seed(2)
    texts = [None if n % 11 == 0 else "恐惧 fear\n\0 " * random.randint(0, 9) for n in range(1000)]
    types = {"dictionary": pa.dictionary(pa.int32(), pa.string())}
    values = [text and text.encode() for text in texts] if kind == "binary" else texts
    array = pa.array(values, types.get(kind) or getattr(pa, kind)())
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": range(1000), "text": array}), path, row_group_size=300, compression=compression)
    read = duckdb.execute(f"select text from '{path}' where text is not null").fetchall()
    expected = [text if isinstance(text, bytes) else text.encode() for (text,) in read]
    assert len(expected) > 800
    for size in SIZES:
        assert documents(path, Reading(size=size)) == expected
    assert skipped(path) == {NULL: texts.count(None)}


def test_parquet_without_such_a_column_of_texts_is_told_what_there_is(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1], "caption": ["a"]}), path)
    with pytest.raises(StudyError, match="no column 'text'; the file has id, caption"):
        documents(path)
    with pytest.raises(StudyError, match="column 'id': its type is int64, not text; columns of text are caption"):
        documents(path, Reading(column="id"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StudyError, match="not a whole Parquet file"):
        documents(path)


def test_a_file_without_texts_says_why(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"caption":"a","id":1}\n' * 3)
    said = why_no_text(str(path), Reading(), len(documents(path)), skipped(path))
    assert said == f"{path}: no key 'text' in any of 3 lines; the first has caption, id (--text names one)"
    path.write_text('{"text":"a"}\n' + "plain text\n" * 2)
    assert "2 of 3 lines are not JSON objects" in why_no_text(str(path), Reading(), 1, skipped(path))
    path.write_text('{"text":null}\n')
    assert why_no_text(str(path), Reading(), 0, skipped(path)) == ""


def test_files_are_sorted_and_each_taken_once(tmp_path):
    for name in ("b.txt", "a.txt", "deep/c.txt", "d[1].txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    names = [path.removeprefix(f"{tmp_path}/") for path in files_of([tmp_path / "b.txt", f"{tmp_path}/**/*.txt"])]
    assert names == ["a.txt", "b.txt", "d[1].txt", "deep/c.txt"]
    assert files_of([tmp_path / "d[1].txt"]) == [str(tmp_path / "d[1].txt")]


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(StudyError, match=r"\*.txt: no file matches the pattern"):
        files_of([tmp_path / "*.txt"])
    with pytest.raises(StudyError, match=r"a\.txt: no such file"):
        files_of([tmp_path / "a.txt"])
    with pytest.raises(StudyError, match="a folder; name files, for example"):
        plan_parts(files_of([tmp_path]), Reading())
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StudyError, match="gone: cannot be read"):
        plan_parts(files_of([tmp_path / "gone"]), Reading())
    (tmp_path / "a.txt").write_bytes("text".encode("utf-16"))
    with pytest.raises(StudyError, match="it begins as UTF-16 text"):
        plan_parts([str(tmp_path / "a.txt")], Reading())


def test_lines_that_are_not_utf_8_are_those_that_python_cannot_decode():
    draw = random.Random(1)
    pieces = [b"a", b"\n", b"more than two hundred bytes of ASCII " * 6, b"\xc3\xa9", b"\xc3", b"\xa9", b"\xe4\xb8\xad",
              b"\xed\xa0\x80", b"\xed\x9f\xbf", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xf4\x8f\xbf\xbf",
              b"\xe0\x80\x80", b"\xe0\xa0\x80", b"\xc0\x80", b"\xff", b"\xf0\x8f\x98\x80", b"\xf0\x9f\x98"]  # fmt: skip
    for _ in range(5000):
        text = b"".join(draw.choices(pieces, k=draw.randint(0, 30))) + b"\n"
        lines = text.split(b"\n")[:-1]
        wrong = sum(line.decode(errors="replace").encode() != line for line in lines)
        assert count_lines(np.frombuffer(text, np.uint8)) == (len(lines), wrong), text
