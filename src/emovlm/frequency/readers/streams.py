"""Bytes of a file or of a part of it, decompressed where they are compressed, into a buffer of the caller's."""

import ctypes
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from emovlm.core.errors import StudyError

CHUNK = 1 << 14  # compressed bytes at a time; so few bound what they can expand to
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
KEPT = 64 << 20  # bytes
WINDOW = 1 << 31  # zstd's largest, of files written with --long=31


@cache
def keep_freed_memory() -> None:
    """Have the C library keep the memory of blocks that are freed, up to 64 MiB, for the blocks that follow.

    It gives back what is as large as a block, and the system fills each page with zeros before it is used again: that
    takes as long as counting does. Does nothing where the C library is not GNU's.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, KEPT)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


class Stream(Protocol):
    """Bytes in order. ``position`` counts the bytes taken from the file."""

    position: int

    def readinto(self, into: memoryview) -> int:
        """Fill ``into`` from its start; the number of bytes, 0 at the end."""


class PlainStream:
    """Bytes of an uncompressed file, of which one may also see what is further on."""

    def __init__(self, handle: BinaryIO, start: int, stop: int | None) -> None:
        self._handle, self._start, self._stop, self.position = handle, start, stop, 0

    def readinto(self, into: memoryview) -> int:
        """As of :class:`Stream`."""
        self._handle.seek(self._start + self.position)
        n = self._handle.readinto(into[: self._within(0, len(into))])
        self.position += n
        return n

    def read(self, n: int) -> bytes:
        """The next ``n`` bytes, or those up to the end."""
        data = self.peek(0, n)
        self.position += len(data)
        return data

    def peek(self, ahead: int, n: int) -> bytes:
        """``n`` bytes, or those up to the end, from ``ahead`` bytes further on; they are not taken."""
        return os.pread(self._handle.fileno(), self._within(ahead, n), self._start + self.position + ahead)

    def _within(self, ahead: int, n: int) -> int:
        """How many of ``n`` bytes, from ``ahead`` on, stand before the end of the part."""
        return n if self._stop is None else max(0, min(n, self._stop - self._start - self.position - ahead))


class _Compressed:
    def __init__(self, handle: BinaryIO, engine: Callable[[], Any], file: str) -> None:
        self._chunks, self._rest, self.position = self._inflate(handle, engine, file), memoryview(b""), 0

    def readinto(self, into: memoryview) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        n = min(len(into), len(self._rest))
        into[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def _inflate(self, handle: BinaryIO, engine: Callable[[], Any], file: str) -> Iterator[bytes]:
        """The content of one frame after another; a file may have many."""
        frame, given = engine(), 0  # the frame, and bytes given to it
        out = 0
        while chunk := handle.read(CHUNK):
            self.position += len(chunk)
            while chunk:
                if not given and not chunk.strip(b"\0"):
                    break  # gzip files may be padded with zeros
                try:
                    content = frame.decompress(chunk)
                except Exception as error:  # zlib.error, ZstdError: of packages that are loaded where they are needed
                    raise StudyError(
                        f"{file}: damaged after {self.position:,} bytes ({out:,} decompressed): {error}; "
                        "fetch the file again"
                    ) from None
                out += len(content)
                yield content
                given, chunk = given + len(chunk), b""
                if frame.eof:
                    chunk, frame, given = frame.unused_data, engine(), 0
        if given:
            raise StudyError(
                f"{file}: truncated: it ends after {self.position:,} bytes ({out:,} decompressed), in the middle of "
                "its content; fetch the file again"
            )


@contextmanager
def opened(file: str | Path, compression: str, start: int = 0, stop: int | None = None) -> Iterator[Stream]:
    """A stream of the file's content. ``start`` and ``stop`` are bytes of an uncompressed file.

    Raises:
        StudyError: while reading: compressed content is damaged or truncated.
    """
    with open(file, "rb", buffering=0) as handle:
        if compression == "gz":
            yield _Compressed(handle, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), str(file))
        elif compression == "zst":
            import zstandard

            engine = zstandard.ZstdDecompressor(max_window_size=WINDOW)
            yield _Compressed(handle, partial(engine.decompressobj, write_size=16 * CHUNK), str(file))
        else:
            yield PlainStream(handle, start, stop)
