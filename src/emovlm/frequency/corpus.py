"""A corpus counted part by part, on one core or many. What is counted is kept, and counted once."""

import multiprocessing
import queue
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from emovlm.core.codehash import code_hash
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json
from emovlm.core.hashing import sha256_json
from emovlm.core.progress import track_bytes
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Counts
from emovlm.frequency.parts import PART, part_bytes, part_sha256, plan_parts
from emovlm.frequency.readers.forms import Reading
from emovlm.frequency.readers.read import Part, read_blocks, why_no_text
from emovlm.lexicon.terms import Term

DECIDE = ("opencc", "rjieba", "regex")
"""Packages whose version may change a count."""
Add = Callable[[int], None]


@dataclass(frozen=True)
class Options:
    """What is counted beside the terms, as of :class:`emovlm.frequency.counter.Counter`."""

    words: bool = False
    details: bool = False
    contexts: int = 0
    seed: int = 0

    def nothing(self, terms: tuple[Term, ...]) -> Counts:
        """The counts of no documents."""
        return Counts(terms, 0 if self.words else None, most_contexts=self.contexts)


@dataclass(frozen=True)
class _Work:
    """What is done with each part."""

    terms: tuple[Term, ...]
    how: Reading
    options: Options

    def counter(self) -> Counter:
        return Counter(self.terms, **asdict(self.options))


@dataclass(frozen=True)
class FileCounts:
    """What was read of a file: its bytes, their hash by part, and its counts."""

    file: str
    bytes: int
    sha256: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True)
class Corpus:
    """The counts of a corpus, and of each of its files, in their order; ``kept``: where its parts are in the store."""

    counts: Counts
    files: list[FileCounts]
    kept: list[Path]


def count_corpus(
    files: Sequence[str],
    terms: Iterable[Term],
    how: Reading | None = None,
    options: Options | None = None,
    *,
    store: str | Path | None = None,
    workers: int = 1,
    bytes_per_part: int = PART,
    share: tuple[int, int] = (0, 1),
) -> Corpus:
    """Count terms in files.

    The counts do not depend on ``workers``, ``bytes_per_part`` or the block size. Where contexts are drawn, each file
    is one part, for the draw goes by the number of a document in its file.

    Args:
        files: as :func:`emovlm.frequency.parts.files_of` lists them.
        store: a folder that keeps the counts of each part. A part whose bytes, terms, options and code are the same
            is not counted again, so that a run that was stopped goes on at the part that it was at, and an added file
            counts only itself.
        workers: processes that count at the same time.
        share: (k, n): only the k-th (from 0) of n shares of the parts, for n jobs that divide a corpus. The shares'
            counts add up to the whole, and an added part moves no other into another share.

    Raises:
        StudyError: a file cannot be read, is damaged, or gives no text for a reason that concerns all of it; or the
            corpus has no documents.
    """
    work = _Work(tuple(terms), how or Reading(), options or Options())
    how, nothing = work.how, work.options.nothing
    parts = [
        part for part in plan_parts(files, how, None if work.options.contexts else bytes_per_part)
        if int(sha256_json([part.file, part.start]), 16) % share[1] == share[0]
    ]  # fmt: skip
    kept = _Kept(Path(store), work) if store is not None else None
    done = {part: entry for part in parts if kept and (entry := kept.find(part))}
    sizes = {part: stop - start for part in parts for start, stop in [part_bytes(part, how)]}
    todo = [part for part in parts if part not in done]
    with track_bytes("count", sum(sizes[part] for part in todo)) as add:
        counted = _alone if workers == 1 else partial(_together, workers=workers)
        for part, counts in counted(todo, sizes, work, add):
            done[part] = kept.keep(part, counts) if kept else {"sha256": "", "counts": counts.as_dict()}
    found = []
    for file in files:
        of_file = [part for part in parts if part.file == file]
        if not of_file:
            continue
        together = nothing(work.terms)
        for part in of_file:
            together.add(Counts.from_dict(done[part]["counts"], work.terms))
        whole = share == (0, 1)
        if whole and (problem := why_no_text(file, how, together.total_documents, together.skipped)):
            raise StudyError(problem)
        hashes = tuple(done[part]["sha256"] for part in of_file)
        found.append(FileCounts(file, sum(sizes[part] for part in of_file), hashes, together))
    counts = nothing(work.terms)
    for each in found:
        counts.add(each.counts)
    if share == (0, 1) and not counts.total_documents:
        named = files[0] if len(files) == 1 else f"{len(files)} files"
        raise StudyError(f"{named}: no documents" + _reasons(counts.skipped))
    return Corpus(counts, found, [kept.path(part) for part in parts] if kept else [])


def _count_part(counter: Counter, part: Part, work: _Work, add: Add) -> Counts:
    """The counts of one part. ``add`` is told of the bytes of the file as they are read."""
    found = work.options.nothing(work.terms)
    for block in read_blocks(part, work.how):
        found.add(counter.count(block))
        for reason, n in block.skipped.items():
            found.skipped[reason] = found.skipped.get(reason, 0) + n
        add(block.read)
    return found


def _reasons(skipped: dict[str, int]) -> str:
    return "".join(f"; {reason}: {n:,}" for reason, n in sorted(skipped.items()))


def _alone(parts: Sequence[Part], sizes: dict[Part, int], work: _Work, add: Add) -> Iterator[tuple[Part, Counts]]:
    """Count in this process."""
    if not parts:
        return
    counter = work.counter()
    for part in parts:
        left = sizes[part]

        def report(n: int) -> None:
            nonlocal left
            left -= n
            add(n)

        yield part, _count_part(counter, part, work, report)
        add(left)


def _together(
    parts: Sequence[Part], sizes: dict[Part, int], work: _Work, add: Add, workers: int
) -> Iterator[tuple[Part, Counts]]:
    """Count in several processes; the largest parts first, so that all end at about the same time."""
    context = multiprocessing.get_context("spawn")
    reads, stop = context.Queue(), context.Event()
    with ProcessPoolExecutor(min(workers, len(parts)) or 1, context, _begin, (work, reads, stop)) as pool:
        try:
            # Processes start with the first part. Until they ignore it themselves, Ctrl-C is kept from them.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            try:
                jobs = {pool.submit(_count, part): part for part in sorted(parts, key=lambda part: -sizes[part])}
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            left = set(jobs)
            while left:
                ended, left = wait(left, timeout=0.2, return_when=FIRST_COMPLETED)
                with suppress(queue.Empty):
                    while True:
                        add(reads.get_nowait())
                for job in ended:
                    yield jobs[job], job.result()
        except BrokenProcessPool:
            raise StudyError(
                "a process that counted was killed, perhaps for want of memory; count with fewer workers"
            ) from None
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _begin(work: _Work, reads: Any, stop: Any) -> None:
    """Make the counter of a process that counts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process stops the others
    _begin.made = work.counter(), work, reads, stop  # type: ignore[attr-defined]


def _count(part: Part) -> Counts:
    counter, work, reads, stop = _begin.made  # type: ignore[attr-defined]

    def report(n: int) -> None:
        if stop.is_set():
            sys.exit(0)
        reads.put(n)

    return _count_part(counter, part, work, report)


class _Kept:
    """The folder that keeps the counts of parts."""

    def __init__(self, folder: Path, work: _Work) -> None:
        versions = {}
        for package in DECIDE:
            with suppress(PackageNotFoundError):
                versions[package] = version(package)
        reading = {name: value for name, value in asdict(work.how).items() if name != "size"}
        self._folder, self._how = folder, work.how
        terms = [asdict(term) for term in work.terms]
        self._key = sha256_json([terms, reading, asdict(work.options), versions, code_hash(__file__)])

    def find(self, part: Part) -> dict[str, Any] | None:
        """What is kept of a part, if its bytes are the same."""
        path = self.path(part)
        try:
            entry = read_json(path)
        except FileNotFoundError:
            return None
        except ValueError:
            raise StudyError(f"{path}: damaged; delete it, and its part is counted again") from None
        if entry["stat"] == _stat(part):
            return entry
        if entry["sha256"] != part_sha256(part, self._how):
            return None
        write_json(path, entry | {"stat": _stat(part)})  # copied or touched, but the same
        return entry

    def keep(self, part: Part, counts: Counts) -> dict[str, Any]:
        """Keep the counts of a part."""
        entry = {
            "file": part.file, "start": part.start, "stop": part.stop, "stat": _stat(part),
            "sha256": part_sha256(part, self._how), "counts": counts.as_dict(),
        }  # fmt: skip
        write_json(self.path(part), entry)
        return entry

    def path(self, part: Part) -> Path:
        """The file that keeps the counts of a part."""
        return self._folder / f"{sha256_json([self._key, part.file, part.start, part.stop])[:32]}.json"


def _stat(part: Part) -> list[int]:
    stat = Path(part.file).stat()
    return [stat.st_size, stat.st_mtime_ns]
