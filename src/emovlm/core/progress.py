"""Progress of long work: tqdm's bar on a terminal, plain lines with rate and time left in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
LINE_EVERY_S = 10.0


def track(items: Iterable[Item], what: str, unit: str, total: int | None = None) -> Iterator[Item]:
    """Yield ``items`` and report progress on standard error.

    Args:
        items: what to go through.
        what: the work, for example ``decode synface``.
        unit: what one item is called, for example ``clips``.
        total: number of items, needed where ``items`` has no length.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, what, total, unit=f" {unit}", smoothing=0)
    else:
        yield from _lines(items, what, unit, total or 0)


def _lines(items: Iterable[Item], what: str, unit: str, total: int) -> Iterator[Item]:
    start = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= LINE_EVERY_S:
            last, rate = now, done / (now - start)
            left = (total - done) / rate
            print(f"{what}: {done}/{total} {unit}, {rate:.1f} {unit}/s, {left:.0f} s left", file=sys.stderr, flush=True)
    print(f"{what}: {done} {unit} in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


@contextmanager
def track_bytes(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function that is told of bytes as they are done; progress, MB/s and time left go to standard error.

    Args:
        what: the work, for example ``count``.
        total: bytes in all.
    """
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(desc=what, total=total, unit="B", unit_scale=True, smoothing=0) as bar:
            yield bar.update
        return
    start = last = time.monotonic()
    done = 0

    def add(n: int) -> None:
        nonlocal done, last
        done, now = done + n, time.monotonic()
        if now - last >= LINE_EVERY_S and done:
            last, rate = now, done / (now - start)
            left = (total - done) / rate
            rates = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {rate / 1e6:,.0f} MB/s, {left:,.0f} s left"
            print(f"{what}: {rates}", file=sys.stderr, flush=True)

    yield add
    print(f"{what}: {done / 1e6:,.1f} MB in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
