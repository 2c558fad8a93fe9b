"""Speed of counting terms, a core, against ripgrep, grep, Python's re, polars and duckdb, side by side.

    PYTHONPATH=src:. python benchmarks/frequency_speed.py

Three texts are written to a temporary folder: descriptions and licences of the installed packages, repeated; English
and Chinese words drawn by their frequency. Or give texts of your own. Each is there as plain text, as JSON lines
under zstd, and as Parquet, with about 3 kB a document. Each way counts all terms of a text in one pass, in a process of
its own, several rounds in turn. Printed are the median of CPU time as MB/s of plain text, the ratio to the study's way
with the same form, what was counted, and the most memory. Times leave out the start: compiling patterns, and for polars
and duckdb on plain text making a table of lines. Slow ways get the first tenth of the text.

Only the study's way counts by the rules of docs/reference/counting-words.md; the others count what their patterns find.
"""

import io
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.measured import Figures, arguments

from emovlm.frequency.blocks import Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Counts
from emovlm.frequency.readers.read import read_blocks
from emovlm.lexicon.terms import Term, counted, read_terms

SIZE = 8 << 20
Way = Callable[[Path, list[Term]], tuple[float, int]]
"""Counts terms in a file: CPU time in s, and how many were found."""


def lexicon(language: str) -> list[Term]:
    """The terms that name the classes."""
    return [term for term in counted(read_terms()) if term.language == language]


def ours(**options: object) -> Way:
    def way(path: Path, terms: list[Term]) -> tuple[float, int]:
        counter = Counter(terms, **options)
        late = [b"a word, \xc3\xa9 " + "\u4e00\u4e2a\u8bcd fear \u5bb3\u6015".encode()]  # loads what is loaded late
        counter.count(Block.of(late, ""))
        next(read_blocks(path))
        counts = Counts(counter.terms, 0)
        start = time.process_time()
        for block in read_blocks(path):
            counts.add(counter.count(block))
        return time.process_time() - start, int(counts.hits.sum())

    return way


def read_alone(path: Path, terms: list[Term]) -> tuple[float, int]:
    next(read_blocks(path))
    start = time.process_time()
    for _ in read_blocks(path):
        pass
    return time.process_time() - start, 0


def command(*arguments: str) -> Way:
    def way(path: Path, terms: list[Term]) -> tuple[float, int]:
        pattern = "|".join(term.text for term in terms)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as words:
            words.write("\n".join(term.text for term in terms) + "\n")
            words.flush()
            filled = [part.format(pattern=pattern, words=words.name) for part in arguments]
            process = subprocess.Popen([*filled, str(path)], stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"})
            found = sum(piece.count(b"\n") for piece in iter(lambda: process.stdout.read(SIZE), b""))
            _, _, used = os.wait4(process.pid, 0)
        return used.ru_utime + used.ru_stime, found

    return way


def python_re(path: Path, terms: list[Term]) -> tuple[float, int]:
    text = path.read_text(errors="replace")
    words = "|".join(term.text for term in terms)
    pattern = re.compile(words if terms[0].language == "zh" else rf"\b(?:{words})\b", re.I)
    start = time.process_time()
    found = sum(1 for _ in pattern.finditer(text))
    return time.process_time() - start, found


def polars(path: Path, terms: list[Term]) -> tuple[float, int]:
    import polars as pl

    lines = pl.Series(path.read_text(errors="replace").split("\n"))
    words = [term.text for term in terms]
    start = time.process_time()
    if terms[0].language == "zh":
        found = lines.str.extract_many(words).list.len().sum()
    else:
        found = lines.str.count_matches(rf"(?i)(?-u:\b)(?:{'|'.join(words)})(?-u:\b)").sum()
    return time.process_time() - start, int(found)


def duckdb(path: Path, terms: list[Term]) -> tuple[float, int]:
    import duckdb as database
    import pyarrow as pa

    connection = database.connect(config={"threads": 1})
    lines = pa.table({"line": path.read_text(errors="replace").split("\n")})
    connection.register("given", lines)
    connection.execute("create table lines as select * from given")
    words = "|".join(term.text for term in terms)
    pattern = words if terms[0].language == "zh" else rf"(?i)\b(?:{words})\b"
    start = time.process_time()
    found = connection.execute("select sum(len(regexp_extract_all(line, ?))) from lines", [pattern]).fetchone()[0]
    return time.process_time() - start, int(found)


def zstd_alone(path: Path, terms: list[Term]) -> tuple[float, int]:
    import zstandard

    start = time.process_time()
    with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        while stream.read(SIZE):
            pass
    return time.process_time() - start, 0


def zstd_and_json(path: Path, terms: list[Term]) -> tuple[float, int]:
    import zstandard

    start = time.process_time()
    with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            json.loads(line)["text"]
    return time.process_time() - start, 0


def duckdb_parquet(path: Path, terms: list[Term]) -> tuple[float, int]:
    import duckdb as database

    connection = database.connect(config={"threads": 1})
    words = "|".join(term.text for term in terms)
    pattern = words if terms[0].language == "zh" else rf"(?i)\b(?:{words})\b"
    asked = f"select sum(len(regexp_extract_all(text, ?))) from '{path}'"
    connection.execute(f"select count(text) from '{path}'").fetchone()
    start = time.process_time()
    found = connection.execute(asked, [pattern]).fetchone()[0]
    return time.process_time() - start, int(found)


def pyarrow_alone(path: Path, terms: list[Term]) -> tuple[float, int]:
    import pyarrow.parquet as parquet

    next(parquet.ParquetFile(path).iter_batches(columns=["text"], batch_size=1))
    start = time.process_time()
    for _ in parquet.ParquetFile(path).iter_batches(columns=["text"], use_threads=False):
        pass
    return time.process_time() - start, 0


RG = ("rg", "--no-config", "-a", "-o", "-N")
OTHER_FORMS: dict[str, tuple[Way, bool, str]] = {
    "study, JSONL.zst": (ours(), False, ".jsonl.zst"),
    "JSONL.zst, reading alone": (read_alone, False, ".jsonl.zst"),
    "JSONL.zst, zstd alone": (zstd_alone, False, ".jsonl.zst"),
    "JSONL.zst, zstd and json.loads": (zstd_and_json, False, ".jsonl.zst"),
    "study, Parquet": (ours(), False, ".parquet"),
    "Parquet, reading alone": (read_alone, False, ".parquet"),
    "Parquet, pyarrow alone": (pyarrow_alone, False, ".parquet"),
    "Parquet, duckdb regexp_extract_all": (duckdb_parquet, True, ".parquet"),
}
ENGLISH: dict[str, tuple[Way, bool, str]] = {  # whether it is slow, and the form that it reads
    "study": (ours(), False, ".txt"),
    "study, all words counted too": (ours(words=True), False, ".txt"),
    "study, surroundings too": (ours(details=True), False, ".txt"),
    "study, engine python": (ours(engine="python"), True, ".txt"),
    "reading alone": (read_alone, False, ".txt"),
    "rg -o -i, ASCII boundaries": (command(*RG, "-i", r"(?-u:\b)(?:{pattern})(?-u:\b)"), False, ".txt"),
    "rg -o -i, Unicode boundaries": (command(*RG, "-i", r"\b(?:{pattern})\b"), True, ".txt"),
    "grep -o -w -i": (command("grep", "-a", "-o", "-w", "-i", "-E", "{pattern}"), True, ".txt"),
    "Python re": (python_re, True, ".txt"),
    "polars count_matches, ASCII boundaries": (polars, False, ".txt"),
    "duckdb regexp_extract_all": (duckdb, True, ".txt"),
    **OTHER_FORMS,
}
CHINESE: dict[str, tuple[Way, bool, str]] = {
    "study": (ours(), False, ".txt"),
    "study, all words counted too": (ours(words=True), True, ".txt"),
    "study, surroundings too": (ours(details=True), False, ".txt"),
    "study, engine python": (ours(engine="python"), True, ".txt"),
    "reading alone": (read_alone, False, ".txt"),
    "rg -o -F": (command(*RG, "-F", "-f", "{words}"), False, ".txt"),
    "grep -o -F": (command("grep", "-a", "-o", "-F", "-f", "{words}"), True, ".txt"),
    "Python re": (python_re, True, ".txt"),
    "polars extract_many": (polars, False, ".txt"),
    "duckdb regexp_extract_all": (duckdb, True, ".txt"),
    **OTHER_FORMS,
}


def write_forms(text: Path) -> None:
    """Write a text also as JSON lines under zstd and as Parquet, about 3 kB a document."""
    import pyarrow as pa
    import pyarrow.parquet as parquet
    import zstandard

    lines = text.read_text(errors="replace").splitlines(keepends=True)
    documents, size = [[]], 0
    for line in lines:
        documents[-1].append(line)
        size += len(line.encode())
        if size >= 3000:
            documents.append([])
            size = 0
    texts = ["".join(each) for each in documents if each]
    body = "".join(json.dumps({"id": k, "text": each}, ensure_ascii=False) + "\n" for k, each in enumerate(texts))
    text.with_suffix(".jsonl.zst").write_bytes(zstandard.ZstdCompressor(3).compress(body.encode()))
    parquet.write_table(pa.table({"text": texts}), text.with_suffix(".parquet"), row_group_size=10_000)


def documentation(size: int) -> bytes:
    """Descriptions and licences of the installed Python packages, repeated."""
    folders = sorted({Path(str(one.locate_file("."))) for one in distributions()})
    files = sorted(file for folder in folders for file in folder.glob("*.dist-info/**/*") if file.is_file())
    chosen = [file for file in files if re.match("METADATA|LICEN[CS]E|NOTICE|AUTHORS|COPYING", file.name)]
    text = b"\n".join(file.read_bytes() for file in chosen)
    return (text * (size // len(text) + 1))[:size]


def drawn(language: str, size: int) -> bytes:
    """Words drawn by their frequency in wordfreq's large list, with signs between some."""
    from wordfreq import get_frequency_dict

    frequency = get_frequency_dict(language, "large")
    draw = random.Random(0)
    words = iter(draw.choices(list(frequency), frequency.values(), k=2_000_000))
    between, signs = ("", "，。，、；！\n") if language == "zh" else (" ", ",.,;:\n")
    parts = []
    while some := [word for _, word in zip(range(draw.randint(4, 12)), words, strict=False)]:
        parts.append(between.join(some) + draw.choice(signs) + between)
    text = "".join(parts).encode()
    return (text * (size // len(text) + 1))[:size]


def measured(name: str, ways: str, path: Path, language: str) -> dict[str, float]:
    """One way in a process of its own: CPU time, what it found, and the most memory it had."""
    asked = [sys.executable, __file__, "--one", name, ways, str(path), language]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(asked, check=True, capture_output=True, text=True, env=environment).stdout)


def one(name: str, ways: str, path: str, language: str) -> None:
    cpu, found = {"en": ENGLISH, "zh": CHINESE}[ways][name][0](Path(path), lexicon(language))
    memory = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
    print(json.dumps({"cpu": cpu, "found": found, "memory": int(memory) / 1024}))


def compare(title: str, text: Path, language: str, rounds: int, figures: Figures) -> None:
    """Measure all ways on one text, print a table, and keep the rows that compare with other tools."""
    ways = CHINESE if language == "zh" else ENGLISH
    if not shutil.which("rg"):
        print("ripgrep (rg) is not installed, so it is skipped")
        ways = {name: way for name, way in ways.items() if not name.startswith("rg")}
    short = text.with_name(f"tenth_{text.name}")
    short.write_bytes(text.read_bytes()[: text.stat().st_size // 10].decode(errors="ignore").encode())
    for each in (text, short):
        write_forms(each)
    plain = {name: short if slow else text for name, (_, slow, _) in ways.items()}
    paths = {name: plain[name].with_suffix(form) for name, (_, _, form) in ways.items()}
    results = [{name: measured(name, language, paths[name], language) for name in ways} for _ in range(rounds)]
    size = {name: plain[name].stat().st_size / 1e6 for name in ways}
    rates = {name: [size[name] / max(result[name]["cpu"], 1e-9) for result in results] for name in ways}
    speeds = {name: statistics.median(each) for name, each in rates.items()}
    own = {".txt": "study", ".jsonl.zst": "study, JSONL.zst", ".parquet": "study, Parquet"}
    print(f"\n{title}, {text.stat().st_size / 1e6:.0f} MB, {len(lexicon(language))} terms, median of {rounds} rounds")
    print(f"{'way':42}{'MB/s':>8}{'study / way':>13}{'found in MB':>13}{'memory, MB':>12}")
    for name, (_, _, form) in ways.items():
        last = results[-1][name]
        memory = "" if name.startswith(("rg", "grep")) else f"{last['memory']:.0f}"
        ratio = speeds[own[form]] / speeds[name]
        print(f"{name:42}{speeds[name]:8.0f}{ratio:13.2f}{last['found'] / size[name]:13.1f}{memory:>12}", flush=True)
    tongue = "Chinese" if language == "zh" else "English"
    whole = f"count {len(lexicon(language))} {tongue} terms in {title}, {text.stat().st_size / 1e6:.0f} MB"
    forms = {".txt": "as plain text", ".jsonl.zst": "as JSONL.zst", ".parquet": "as Parquet"}
    alone = {".txt": "reading alone", ".jsonl.zst": "JSONL.zst, reading alone", ".parquet": "Parquet, reading alone"}
    for name, (_, slow, form) in ways.items():
        if not name.startswith("study") and name != alone[form]:
            slower = " (the first tenth)" if slow else ""
            figures.row(f"{whole}, {forms[form]}", rates[own[form]], "MB/s", rates[name], name + slower,
                        limit=("reading alone", speeds[alone[form]]))  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
        sys.exit()
    parser = arguments(__doc__)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--english", type=Path, action="append", default=[], help="a text of your own")
    parser.add_argument("--chinese", type=Path, action="append", default=[], help="a text of your own")
    options = parser.parse_args()
    gathered = Figures("frequency_speed", ("hyperscan", "rjieba", "zstandard", "jiter", "pyarrow", "polars", "duckdb"))
    with tempfile.TemporaryDirectory() as folder:
        texts = [(file.name, file.read_bytes(), "en") for file in options.english]
        texts += [(file.name, file.read_bytes(), "zh") for file in options.chinese]
        texts = texts or [
            ("descriptions and licences of packages", documentation(options.mb << 20), "en"),
            ("English words drawn by frequency", drawn("en", options.mb << 20), "en"),
            ("Chinese words drawn by frequency", drawn("zh", options.mb << 20), "zh"),
        ]
        for number, (called, content, of) in enumerate(texts):
            file = Path(folder) / f"{number}.txt"
            file.write_bytes(content)
            compare(called, file, of, options.rounds, gathered)
    gathered.write(options.json)
