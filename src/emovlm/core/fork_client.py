"""Start the script of a job: by the run's fork server, or as a new interpreter where there is none.

``EMOVLM_FORK=off`` turns the server off. Only the standard library is imported.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from emovlm.core.job import Job
from emovlm.core.messages import receive, send, user_of

SNAKEMAKE = "EMOVLM_SNAKEMAKE"
"""Environment variable with the number of the Snakemake process that runs the job; its server ends with it."""
SWITCH = "EMOVLM_FORK"


class Script(Protocol):
    """A running script, readable once it is over.

    ``cpu`` (s) and ``peak`` (bytes of memory) are those of its job, once it was waited for.
    """

    cpu: float
    peak: int

    def fileno(self) -> int:
        """A descriptor that can be read when the script is over."""

    def signal(self, number: int) -> None:
        """Pass a signal on to it."""

    def wait(self) -> int:
        """Its exit code; negative: the number of the signal that ended it."""


class Interpreter:
    """A script in an interpreter of its own."""

    def __init__(self, job: Job, environment: Mapping[str, str], files: tuple[int, int]):
        command = [sys.executable, job.script, job.name]
        self._process = subprocess.Popen(
            command, stdin=files[0], stdout=files[1], stderr=subprocess.STDOUT, env=environment
        )
        self._over = os.pidfd_open(self._process.pid)
        self.cpu, self.peak = 0.0, 0

    def fileno(self) -> int:
        """As of :class:`Script`."""
        return self._over

    def signal(self, number: int) -> None:
        """As of :class:`Script`."""
        if number != signal.SIGINT:  # Ctrl-C reaches it by itself
            self._process.send_signal(number)

    def wait(self) -> int:
        """As of :class:`Script`."""
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu, self.peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
        return self._process.returncode


class Forked:
    """A script in a process of the run's fork server."""

    def __init__(self, job: Job, environment: Mapping[str, str], files: tuple[int, int], server: socket.socket):
        told = {"script": job.script, "name": job.name, "environment": dict(environment), "stays_for": model_of(job)}
        send(server, told, files)
        self._server = server
        self._pid, self.cpu, self.peak = receive(server)[0]["pid"], 0.0, 0

    def fileno(self) -> int:
        """As of :class:`Script`."""
        return self._server.fileno()

    def signal(self, number: int) -> None:
        """As of :class:`Script`."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def wait(self) -> int:
        """As of :class:`Script`."""
        try:
            told, _ = receive(self._server)
        except (EOFError, OSError):  # the server was killed
            return -signal.SIGKILL
        self.cpu, self.peak = told["cpu"], told["peak"]
        return told["code"]


def start(job: Job, environment: Mapping[str, str], files: tuple[int, int]) -> Script:
    """Start the script of a job.

    The script ignores the job's name, its one argument: it tells people who list processes which job this is.

    Args:
        environment: of the script.
        files: open files for its standard input and output.
    """
    server = _server()
    if server:
        try:
            return Forked(job, environment, files, server)
        except (EOFError, OSError):
            server.close()
    return Interpreter(job, environment, files)


def model_of(job: Job) -> str:
    """A name for the model that a job asks, the same in all jobs that ask it; empty for jobs that keep none.

    Nothing is gained by keeping an API's client, and a model that runs in a process of its own would write to the
    output of the job that has started it.
    """
    row, *others = asked = [job.params.get(name) for name in ("system", "models", "base")]
    if not isinstance(row, dict) or not others[0] or row["kind"] == "api" or row.get("family") == "remote":
        return ""
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _server() -> socket.socket | None:
    """A connection to the server of this Snakemake run and this interpreter, which is started if there is none yet."""
    run = os.environ.get(SNAKEMAKE, "")
    if os.environ.get(SWITCH) == "off" or not run:
        return None
    which = hashlib.sha256(f"{sys.executable}\n{os.getcwd()}".encode()).hexdigest()[:16]
    name = f"emovlm-{os.getuid()}-{run}-{which}"
    found = _connected(name)
    if found is None:
        _start(name, run)
        found = _connected(name)
    return found


def _connected(name: str) -> socket.socket | None:
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(f"\0{name}")
        if user_of(server) == os.getuid():
            return server
    except OSError:
        pass
    server.close()
    return None


def _start(name: str, run: str) -> None:
    """Start a server, and wait until it listens, or has found that another one does: the first jobs come at once."""
    ready, tell = os.pipe()
    subprocess.Popen(
        [sys.executable, "-m", "emovlm.core.fork_server", name, run, str(tell)], pass_fds=[tell],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(tell)
    os.read(ready, 1)
    os.close(ready)
