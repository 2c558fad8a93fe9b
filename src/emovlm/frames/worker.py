"""A decoding process that may hang or die without taking the study with it.

A damaged file can hang or crash a decoder written in C, or have it ask for all memory. The process is spawned, since
readers that were opened before a fork may hang.
Messages are bytes: one JSON object a clip, then its array. Nothing is pickled.
"""

import json
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frames.container import Undecodable

START_S = 120.0  # a process that needs longer to import the decoder never will
ORPHAN_S = 10.0  # grace after which a hanging worker whose parent was killed ends itself
MEMORY_GB = 4.0  # ten minutes of video at 30 frames a second and 224 px are 2.7 GB

Decoder = Callable[[str], tuple[np.ndarray, dict[str, Any]]]
"""From a clip's path to an array and what is to be said of it, as JSON; a function of a module, or partial of one."""


class Spent(Undecodable):
    """The decoder died or ran out of memory, which may be due to what clips before left behind."""


class Worker:
    """A process that decodes one clip at a time; replaced when it hangs or dies. Use it in a ``with`` block."""

    def __init__(self, decoder: Decoder, timeout_s: float, memory_gb: float = MEMORY_GB) -> None:
        """``timeout_s``: longest time for one clip; ``memory_gb``: the most memory of the process, in 10^9 bytes."""
        self._decoder, self._timeout_s, self._memory_gb = decoder, timeout_s, memory_gb
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    @property
    def pid(self) -> int | None:
        """Process id of the worker, if one is running."""
        return self._process.pid if self._process else None

    def decode(self, path: Path) -> tuple[np.ndarray, dict[str, Any]]:
        """What the decoder returns for the clip at ``path``.

        A decoder that dies or runs out of memory is asked once more in a new process, so that no clip fails because of
        others before it.

        Raises:
            Undecodable: with the reason: no video, decoding broke off, timed out, out of memory, or the decoder died.
            StudyError: the worker process cannot be started.
        """
        new = self._process is None
        try:
            return self._ask(path)
        except Spent:
            self._stop()
            if new:
                raise
        return self._ask(path)

    def _ask(self, path: Path) -> tuple[np.ndarray, dict[str, Any]]:
        if self._process is None:
            self._start()
        try:
            self._connection.send_bytes(os.fsencode(path))
            if not self._connection.poll(self._timeout_s):
                self._stop(grace_s=0.0)
                raise Undecodable(f"timed out after {self._timeout_s:g} s")
            reply = json.loads(self._connection.recv_bytes())
            if "reason" in reply:
                raise Undecodable(reply["reason"])
            if "memory_gb" in reply:
                raise Spent(f"decoding takes more than {self._memory_gb:g} GB of memory")
            array = np.frombuffer(self._connection.recv_bytes(), reply["dtype"]).reshape(reply["shape"])
        except (EOFError, OSError):
            raise Spent(f"the decoder died ({self._stop()})") from None
        return array, reply["about"]

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        given = (theirs, self._decoder, self._timeout_s, self._memory_gb)
        self._process = context.Process(target=_serve, args=given, daemon=True)
        self._process.start()
        theirs.close()  # so that the worker's death ends our reading
        try:
            ready = self._connection.poll(START_S) and self._connection.recv_bytes()
        except (EOFError, OSError):
            ready = None
        if not ready:
            raise StudyError(f"the decoding process does not start ({self._stop()}); its own message is above")

    def _stop(self, grace_s: float = 1.0) -> str:
        """End the process, by force if it does not end by itself within ``grace_s``, and say how it ended."""
        if self._process is None:
            return "not running"
        self._connection.close()
        self._process.join(grace_s)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        code = self._process.exitcode
        self._process = self._connection = None
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _serve(connection: Connection, decoder: Decoder, timeout_s: float, memory_gb: float) -> None:
    """The worker process: decode the paths that come in until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (round(1e9 * memory_gb),))  # private memory, the libraries' included
    connection.send_bytes(b"ready")
    while True:
        try:
            path = os.fsdecode(connection.recv_bytes())
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, timeout_s + ORPHAN_S)  # unhandled SIGALRM ends even a C loop
        try:
            array, about = decoder(path)
            array = np.ascontiguousarray(array)
            reply = {"dtype": str(array.dtype), "shape": array.shape, "about": about}
            connection.send_bytes(json.dumps(reply).encode())
            connection.send_bytes(array.data.cast("B") if array.size else b"")
        except Undecodable as error:
            connection.send_bytes(json.dumps({"reason": str(error)}).encode())
        except MemoryError:
            connection.send_bytes(json.dumps({"memory_gb": memory_gb}).encode())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
