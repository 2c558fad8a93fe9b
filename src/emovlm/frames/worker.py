"""A decoding process that may hang or die without taking the study with it.

A damaged file can hang or crash a decoder written in C, or have it ask for all memory. It may also show what memory
happens to hold: FFmpeg's decoders of VP8, MJPEG and FFV1 do. So a server, which never decodes itself, forks a process
for each clip: a clip's frames do not depend on the clips before it. The server is spawned, since readers that were
opened before a fork may hang.
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
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frames.container import Undecodable

START_S = 120.0  # a process that needs longer to import the decoder never will
ORPHAN_S = 10.0  # grace after which a hanging worker whose parent was killed ends itself
MEMORY_GB = 4.0  # ten minutes of video at 30 frames a second and 224 px are 2.7 GB

Decoder = Callable[[str], tuple[np.ndarray, dict[str, Any]]]
"""From a clip's path to an array and what is to be said of it, as JSON; a function of a module, or partial of one."""


PR_SET_PDEATHSIG = 1  # of sys/prctl.h


class Worker:
    """A server that decodes one clip at a time; replaced when a clip hangs or kills it. Use it in a ``with`` block."""

    def __init__(self, decoder: Decoder, timeout_s: float, memory_gb: float = MEMORY_GB) -> None:
        """``timeout_s``: longest time for one clip; ``memory_gb``: the most memory for one, in 10^9 bytes."""
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

        Raises:
            Undecodable: with the reason: no video, decoding broke off, timed out, out of memory, or the decoder died.
            StudyError: the server cannot be started.
        """
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
                raise Undecodable(f"decoding takes more than {self._memory_gb:g} GB of memory")
            array = np.frombuffer(self._connection.recv_bytes(), reply["dtype"]).reshape(reply["shape"])
        except (EOFError, OSError):
            raise Undecodable(f"the decoder died ({self._stop()})") from None
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
    """The server: a process for each path that comes in, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (round(1e9 * memory_gb),))  # private memory, the libraries' included
    prctl = ctypes.CDLL(None).prctl
    gc.freeze()  # so that processes share these pages
    connection.send_bytes(b"ready")
    while True:
        try:
            path = os.fsdecode(connection.recv_bytes())
        except EOFError:
            return
        child = os.fork()
        if not child:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.setitimer(signal.ITIMER_REAL, timeout_s + ORPHAN_S)  # unhandled SIGALRM ends even a C loop
            _answer(connection, decoder, path, memory_gb)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):  # the message may be torn: the server ends in the same way
            os.kill(os.getpid(), os.WTERMSIG(status))
        elif status:
            os._exit(os.WEXITSTATUS(status))


def _answer(connection: Connection, decoder: Decoder, path: str, memory_gb: float) -> NoReturn:
    """The process of one clip."""
    try:
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
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
