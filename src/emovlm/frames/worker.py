"""A decoding process that may hang or die without taking the study with it.

A damaged file can hang or crash a decoder written in C, or have it ask for all memory. The process is spawned, since
readers that were opened before a fork may hang.

Some decoders show of a damaged file what memory happens to hold (``container.STEADY``). Such clips get a process of
their own each, forked from a second one that never decodes itself, so that they do not depend on the clips before.

Messages are bytes: one JSON object a clip, then its array. Nothing is pickled.
"""

import ctypes
import gc
import json
import multiprocessing
import os
import resource
import signal
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frames.container import Undecodable, Unsteady

START_S = 120.0  # a process that needs longer to import the decoder never will
ORPHAN_S = 10.0  # grace after which a hanging worker whose parent was killed ends itself
MEMORY_GB = 4.0  # ten minutes of video at 30 frames a second and 224 px are 2.7 GB
PR_SET_PDEATHSIG = 1  # of sys/prctl.h

Decoder = Callable[[str], tuple[np.ndarray, dict[str, Any]]]
"""From a clip's path to an array and what is to be said of it, as JSON; a function of a module, or partial of one."""


class Spent(Undecodable):
    """The decoder died or ran out of memory, which may be due to what clips before left behind."""


class Worker:
    """A process that decodes one clip at a time; replaced when it hangs or dies. Use it in a ``with`` block."""

    def __init__(
        self, decoder: Decoder, timeout_s: float, memory_gb: float = MEMORY_GB, fork_each: bool = False
    ) -> None:
        """Nothing is started yet.

        Args:
            decoder: may raise ``Unsteady``; it then takes ``steady_only=False``.
            timeout_s: longest time for one clip.
            memory_gb: the most memory of the process, in 10^9 bytes.
            fork_each: whether each clip gets a process of its own.
        """
        self._decoder, self._timeout_s, self._memory_gb = decoder, timeout_s, memory_gb
        self._fork_each = fork_each
        self._apart: Worker | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
        if self._apart:
            self._apart._stop()

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
            if "unsteady" in reply:
                raise Unsteady
            if "memory_gb" in reply:
                raise Spent(f"decoding takes more than {self._memory_gb:g} GB of memory")
            array = np.frombuffer(self._connection.recv_bytes(), reply["dtype"]).reshape(reply["shape"])
        except (EOFError, OSError):
            raise Spent(f"the decoder died ({self._stop()})") from None
        except Unsteady:
            if self._apart is None:
                decoder = partial(self._decoder, steady_only=False)
                self._apart = Worker(decoder, self._timeout_s, self._memory_gb, fork_each=True)
            return self._apart.decode(path)
        return array, reply["about"]

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        given = (theirs, self._decoder, self._timeout_s, self._memory_gb)
        self._process = context.Process(target=_serve_apart if self._fork_each else _serve, args=given, daemon=True)
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


def _begin(connection: Connection, memory_gb: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (round(1e9 * memory_gb),))  # private memory, the libraries' included
    connection.send_bytes(b"ready")


def _serve(connection: Connection, decoder: Decoder, timeout_s: float, memory_gb: float) -> None:
    """The worker process: decode the paths that come in until the pipe closes."""
    _begin(connection, memory_gb)
    while True:
        try:
            path = os.fsdecode(connection.recv_bytes())
            _answer(connection, decoder, path, timeout_s, memory_gb)
        except (EOFError, BrokenPipeError):  # nobody asks any more
            return


def _serve_apart(connection: Connection, decoder: Decoder, timeout_s: float, memory_gb: float) -> None:
    """The same, with a process for each path."""
    prctl = ctypes.CDLL(None).prctl
    gc.freeze()  # so that processes share these pages
    _begin(connection, memory_gb)
    while True:
        try:
            path = os.fsdecode(connection.recv_bytes())
        except EOFError:
            return
        child = os.fork()
        if not child:
            try:
                prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                _answer(connection, decoder, path, timeout_s, memory_gb)
                os._exit(0)
            except BrokenPipeError:
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):  # its message may be torn: this process ends in the same way
            os.kill(os.getpid(), os.WTERMSIG(status))
        elif status:
            os._exit(os.WEXITSTATUS(status))


def _answer(connection: Connection, decoder: Decoder, path: str, timeout_s: float, memory_gb: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, timeout_s + ORPHAN_S)  # unhandled SIGALRM ends even a C loop
    try:
        array, about = decoder(path)
        array = np.ascontiguousarray(array)
        reply = {"dtype": str(array.dtype), "shape": array.shape, "about": about}
        connection.send_bytes(json.dumps(reply).encode())
        connection.send_bytes(array.data.cast("B") if array.size else b"")
    except Undecodable as error:
        connection.send_bytes(json.dumps({"reason": str(error)}).encode())
    except Unsteady:
        connection.send_bytes(json.dumps({"unsteady": True}).encode())
    except MemoryError:
        connection.send_bytes(json.dumps({"memory_gb": memory_gb}).encode())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
