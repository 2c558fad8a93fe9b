"""A decoding process that may hang or die without taking the study with it.

decord has known hangs on files whose header promises more frames than there are (dmlc/decord 269, 373, 375), and a
damaged file can crash any C decoder. A reader opened before a fork hangs too, so the process is spawned.
Messages are bytes: one JSON object a clip, then its pixels. Nothing is pickled.
"""

import dataclasses
import json
import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frames.decoding import DecodedClip, Undecodable, decode_clip

START_S = 120.0  # a process that needs longer to import the decoder never will
ORPHAN_S = 10.0  # grace after which a hanging worker whose parent was killed ends itself


class Worker:
    """A process that decodes one clip at a time; replaced when it hangs or dies. Use it in a ``with`` block."""

    def __init__(self, size: int, timeout_s: float) -> None:
        """``size``: side of the frames in px; ``timeout_s``: longest time for one clip."""
        self._size, self._timeout_s = size, timeout_s
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

    def decode(self, path: Path) -> DecodedClip:
        """Decode the clip at ``path``.

        Raises:
            Undecodable: with the reason: no video, decoding broke off, timed out, or the decoder died.
            StudyError: the worker process cannot be started.
        """
        if self._process is None:
            self._start()
        try:
            self._connection.send_bytes(str(path).encode())
            if not self._connection.poll(self._timeout_s):
                self._stop(grace_s=0.0)
                raise Undecodable(f"timed out after {self._timeout_s:g} s")
            reply = json.loads(self._connection.recv_bytes())
            if "reason" in reply:
                raise Undecodable(reply["reason"])
            pixels = np.frombuffer(self._connection.recv_bytes(), np.uint8).reshape(-1, self._size, self._size, 3)
        except (EOFError, OSError):
            raise Undecodable(f"the decoder died ({self._stop()})") from None
        return DecodedClip(pixels, np.array(reply.pop("timestamps_s")), **reply)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._size, self._timeout_s), daemon=True)
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


def _serve(connection: Connection, size: int, timeout_s: float) -> None:
    """The worker process: decode the paths that come in until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    connection.send_bytes(b"ready")
    while True:
        try:
            path = connection.recv_bytes().decode()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, timeout_s + ORPHAN_S)  # unhandled SIGALRM ends even a C loop
        try:
            clip = decode_clip(path, size)
            reply = dataclasses.asdict(clip) | {"timestamps_s": clip.timestamps_s.tolist()}
            del reply["pixels"]
            connection.send_bytes(json.dumps(reply).encode())
            connection.send_bytes(clip.pixels.data.cast("B"))
        except Undecodable as error:
            connection.send_bytes(json.dumps({"reason": str(error)}).encode())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
