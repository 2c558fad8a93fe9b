"""Speed of counting terms, a core, against ripgrep, grep, Python's re, polars and duckdb, side by side.

    PYTHONPATH=src:. python benchmarks/frequency_speed.py

Three texts are written to a temporary folder: descriptions and licences of the installed packages, repeated; English
and Chinese words drawn by their frequency. Or give texts of your own. Each way counts all terms of a text in one
pass, in a process of its own, several rounds in turn. Printed are the median of CPU time as MB/s, the ratio to the
study's way, what was counted, and the most memory. Times leave out the start: compiling patterns, and for polars and
duckdb making a table of lines. Slow ways get the first tenth of the text.

Only the study's way counts by the rules of docs/counting-words.md; the others count what their patterns find.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path

import numpy as np

from emovlm.core.tables import read_cells
from emovlm.frequency.blocks import BETWEEN, Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Counts, Term
from emovlm.lexicon.terms import LEXICON

SIZE = 8 << 20
Way = Callable[[Path, list[Term]], tuple[float, int]]
"""Counts terms in a file: CPU time in s, and how many were found."""


def lexicon(language: str) -> list[Term]:
    """The terms that name the classes."""
    column = "chinese" if language == "zh" else "family"
    rows = [cells for _, cells in read_cells(LEXICON)]
    return [Term(word, language, row["emotion"]) for row in rows for word in row[column].split()]


def plain_blocks(path: Path) -> Iterator[Block]:
    """Blocks of a text file in one buffer, a document each, cut at the end of a line."""
    buffer, kept = bytearray(2 * SIZE), 0
    with open(path, "rb", buffering=0) as file:
        while read := file.readinto(memoryview(buffer)[kept : kept + SIZE]):
            filled = kept + read
            end = buffer.rfind(b"\n", 0, filled) + 1 or filled
            rest = bytes(buffer[end:filled])
            buffer[end : end + len(BETWEEN)] = BETWEEN
            yield Block(memoryview(buffer)[: end + len(BETWEEN)], np.array([end]), path.name)
            buffer[: len(rest)], kept = rest, len(rest)
    buffer[kept : kept + len(BETWEEN)] = BETWEEN
    yield Block(memoryview(buffer)[: kept + len(BETWEEN)], np.array([kept]), path.name)


def ours(**options: object) -> Way:
    def way(path: Path, terms: list[Term]) -> tuple[float, int]:
        counter = Counter(terms, **options)
        counter.count(
            Block.of([b"a word, \xc3\xa9 " + "\u4e00\u4e2a\u8bcd fear \u5bb3\u6015".encode()], "")
        )  # loads what is loaded late
        counts = Counts(counter.terms, 0)
        start = time.process_time()
        for block in plain_blocks(path):
            counts.add(counter.count(block))
        return time.process_time() - start, int(counts.hits.sum())

    return way


def read_alone(path: Path, terms: list[Term]) -> tuple[float, int]:
    start = time.process_time()
    for _ in plain_blocks(path):
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


RG = ("rg", "--no-config", "-a", "-o", "-N")
ENGLISH: dict[str, tuple[Way, bool]] = {  # and whether it is slow
    "study": (ours(), False),
    "study, all words counted too": (ours(words=True), False),
    "study, surroundings too": (ours(details=True), False),
    "study, engine python": (ours(engine="python"), True),
    "reading alone": (read_alone, False),
    "rg -o -i, ASCII boundaries": (command(*RG, "-i", r"(?-u:\b)(?:{pattern})(?-u:\b)"), False),
    "rg -o -i, Unicode boundaries": (command(*RG, "-i", r"\b(?:{pattern})\b"), True),
    "grep -o -w -i": (command("grep", "-a", "-o", "-w", "-i", "-E", "{pattern}"), True),
    "Python re": (python_re, True),
    "polars count_matches, ASCII boundaries": (polars, False),
    "duckdb regexp_extract_all": (duckdb, True),
}
CHINESE: dict[str, tuple[Way, bool]] = {
    "study": (ours(), False),
    "study, all words counted too": (ours(words=True), True),
    "study, surroundings too": (ours(details=True), False),
    "study, engine python": (ours(engine="python"), True),
    "reading alone": (read_alone, False),
    "rg -o -F": (command(*RG, "-F", "-f", "{words}"), False),
    "grep -o -F": (command("grep", "-a", "-o", "-F", "-f", "{words}"), True),
    "Python re": (python_re, True),
    "polars extract_many": (polars, False),
    "duckdb regexp_extract_all": (duckdb, True),
}


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


def compare(title: str, text: Path, language: str, rounds: int) -> None:
    """Measure all ways on one text, and print a table."""
    ways = CHINESE if language == "zh" else ENGLISH
    short = text.with_suffix(".tenth")
    short.write_bytes(text.read_bytes()[: text.stat().st_size // 10].decode(errors="ignore").encode())
    paths = {name: short if slow else text for name, (_, slow) in ways.items()}
    results = [{name: measured(name, language, paths[name], language) for name in ways} for _ in range(rounds)]
    speeds = {
        name: paths[name].stat().st_size / 1e6 / statistics.median(max(r[name]["cpu"], 1e-9) for r in results)
        for name in ways
    }
    print(f"\n{title}, {text.stat().st_size / 1e6:.0f} MB, {len(lexicon(language))} terms, median of {rounds} rounds")
    print(f"{'way':42}{'MB/s':>8}{'study / way':>13}{'found in MB':>13}{'memory, MB':>12}")
    for name in ways:
        last = results[-1][name]
        per_mb = last["found"] / (paths[name].stat().st_size / 1e6)
        memory = "" if name.startswith(("rg", "grep")) else f"{last['memory']:.0f}"
        print(
            f"{name:42}{speeds[name]:8.0f}{speeds['study'] / speeds[name]:13.2f}{per_mb:13.1f}{memory:>12}", flush=True
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
        sys.exit()
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mb", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--english", type=Path, action="append", default=[], help="a text of your own")
    arguments.add_argument("--chinese", type=Path, action="append", default=[], help="a text of your own")
    options = arguments.parse_args()
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
            compare(called, file, of, options.rounds)
