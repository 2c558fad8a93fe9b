"""A server that forks a process for each job, so that modules are imported once and models stay loaded.

    python -m emovlm.core.fork_server NAME PROCESS READY

Importing what an answering job needs takes seconds, and loading its model more, so this pays where jobs are short. The
first job of a Snakemake run starts the server (``emovlm.core.fork_client``). ``NAME`` is that of its socket, and the
descriptor ``READY`` is closed once it listens. It ends with the run, whose process is number ``PROCESS``.

A job runs in a process of its own, forked from the server, which has by then imported what earlier jobs of the same
script have imported. Jobs that ask the same model are given one by one to the same process, which stays: it keeps the
model (``emovlm.evaluation.folds``) until the run ends or memory is wanted for another one.

The server itself has one thread and runs no job, so each fork begins from modules alone. It needs only the standard
library, for it runs in every environment.
"""

import atexit
import gc
import importlib
import os
import resource
import runpy
import selectors
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from emovlm.core.messages import receive, send, user_of

try:
    from setproctitle import getproctitle, setproctitle

    getproctitle()  # finds where the title is kept, while the environment is as it was at the start
except ImportError:  # titles are for people who list processes

    def setproctitle(title: str) -> None:
        """Leave the title alone."""


CARDS = Path("/proc/driver/nvidia/gpus")  # a folder for each graphics card, where there is any
VISIBLE = "CUDA_VISIBLE_DEVICES"
ENOUGH = 0.5  # of the memory; while less is available, models that nobody asks are ended


@dataclass
class Process:
    """A forked process.

    ``stays_for`` names the model that it keeps; empty where it ends with its job. ``card`` is the graphics card that it
    sees; empty where there is none.
    """

    pid: int
    link: socket.socket  # takes jobs, gives what became of them
    stays_for: str
    script: str
    card: str = ""
    client: socket.socket | None = None  # who waits for the job that it runs
    used: float = field(default_factory=time.monotonic)


class ForkedError(Exception):
    """Raised in a forked process, to leave the server's loop."""

    def __init__(self, link: socket.socket, job: dict[str, Any], files: list[int]):
        super().__init__()
        self.link, self.job, self.files = link, job, files


class Server:
    """Forks processes for jobs.

    Args:
        listener: where jobs come in.
        run: descriptor of the process with which the server ends (``os.pidfd_open``).
    """

    def __init__(self, listener: socket.socket, run: int):
        self.listener, self.run = listener, run
        self.processes: dict[int, Process] = {}  # by descriptor
        self.imported: dict[str, list[str]] = {}  # what earlier jobs of a script imported; read when the next one comes
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(run, selectors.EVENT_READ, self._end)
        self.ending = False

    def serve(self) -> None:
        """Serve until the run has ended and all its jobs have.

        Raises:
            ForkedError: in each forked process.
        """
        while not self.ending or any(process.client for process in self.processes.values()):
            for key, _ in self.selector.select():
                if key.fd in self.selector.get_map():  # not closed by what came before it
                    key.data()
        for descriptor in list(self.processes):
            os.kill(self.processes[descriptor].pid, signal.SIGTERM)

    def _end(self) -> None:
        self.ending = True
        for each in (self.run, self.listener):
            self.selector.unregister(each)
        self.listener.close()

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        client.settimeout(30)
        try:
            job, files = receive(client) if user_of(client) == os.getuid() else (None, [])
        except (EOFError, OSError, ValueError):
            job = None
        if job is None:
            client.close()
            return
        process = self._that_stayed(job, files) or self._fork(job, files)
        for file in files:
            os.close(file)
        process.client, process.used = client, time.monotonic()
        self.selector.register(client, selectors.EVENT_READ, lambda: self._left(process))
        send(client, {"pid": process.pid})

    def _that_stayed(self, job: dict[str, Any], files: list[int]) -> Process | None:
        """The process that has the job's model loaded and now has the job too, if there is one."""
        for process in sorted(self.processes.values(), key=lambda each: -each.used):
            if job["stays_for"] and process.stays_for == job["stays_for"] and not process.client:
                try:
                    send(process.link, on_card(job, process.card), tuple(files))
                except OSError:  # it has just died
                    continue
                return process
        return None

    def _fork(self, job: dict[str, Any], files: list[int]) -> Process:
        card = self._card_for(job["script"])
        job = on_card(job, card)
        if job["stays_for"]:
            self._make_room(card)
        for name in self.imported.pop(job["script"], ()):
            try:
                importlib.import_module(name)
            except Exception:  # the job will meet it too, where it can be told
                continue
        ours, theirs = socket.socketpair()
        gc.freeze()  # so that collecting garbage in the process does not copy the memory that it shares
        pid = os.fork()
        if not pid:
            self.selector.close()
            ours.close()
            for each in self.processes.values():
                each.link.close()
                if each.client:
                    each.client.close()
            self.listener.close()
            raise ForkedError(theirs, job, files)
        theirs.close()
        process, descriptor = Process(pid, ours, job["stays_for"], job["script"], card), os.pidfd_open(pid)
        self.processes[descriptor] = process
        self.selector.register(descriptor, selectors.EVENT_READ, lambda: self._ended(descriptor))
        self.selector.register(ours, selectors.EVENT_READ, lambda: self._told(process))
        return process

    def _card_for(self, script: str) -> str:
        """The graphics card with the fewest jobs of a script, of such the one with the fewest in all; empty without."""
        busy = [process for process in self.processes.values() if process.client]

        def load(card: str) -> tuple[int, int]:
            there = [process for process in busy if process.card == card]
            return sum(process.script == script for process in there), len(there)

        return min(cards(), key=load, default="")

    def _make_room(self, card: str) -> None:
        """End models that nobody asks now, the longest unused first: all on the card, else while memory is short."""
        idle = [(p.used, d, p) for d, p in self.processes.items() if p.stays_for and not p.client and p.card == card]
        for _, descriptor, process in sorted(idle, key=lambda each: each[0]):
            if not card and _memory("MemAvailable") > ENOUGH * _memory("MemTotal"):
                return
            os.kill(process.pid, signal.SIGTERM)
            self._ended(descriptor)

    def _told(self, process: Process) -> None:
        """A process says what became of its job; one that ends says what it imported."""
        try:
            told, _ = receive(process.link)
        except (EOFError, OSError):  # it ends, which its descriptor tells
            self.selector.unregister(process.link)
            return
        self.imported.setdefault(process.script, []).extend(told.pop("imported"))
        if told:
            self._answer(process, told)

    def _ended(self, descriptor: int) -> None:
        process = self.processes.pop(descriptor)
        _, status, used = os.wait4(process.pid, 0)
        self.selector.unregister(descriptor)
        os.close(descriptor)
        open_files = self.selector.get_map()
        if process.link in open_files:
            process.link.settimeout(0)
            self._told(process)
        if process.link in open_files:
            self.selector.unregister(process.link)
        process.link.close()
        if process.client:
            code = os.waitstatus_to_exitcode(status)
            self._answer(process, {"code": code, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024})

    def _answer(self, process: Process, told: dict[str, Any]) -> None:
        client, process.client = process.client, None
        if client:
            self.selector.unregister(client)
            with suppress(OSError):  # it was killed meanwhile
                send(client, told)
            client.close()

    def _left(self, process: Process) -> None:
        """Who waited for a job is gone, so the job is ended."""
        self.selector.unregister(process.client)
        process.client.close()
        process.client, process.stays_for = None, ""
        os.kill(process.pid, signal.SIGTERM)


def cards() -> list[str]:
    """The graphics cards that this run may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    if VISIBLE in os.environ:
        return [card for card in os.environ[VISIBLE].split(",") if card]
    return [str(number) for number, _ in enumerate(CARDS.iterdir())] if CARDS.is_dir() else []


def on_card(job: dict[str, Any], card: str) -> dict[str, Any]:
    """The job, such that it sees one graphics card alone."""
    return {**job, "environment": {**job["environment"], VISIBLE: card}} if card else job


def _memory(name: str) -> int:
    """A figure of the machine's memory in kB."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def work(link: socket.socket, job: dict[str, Any], files: list[int], added: dict[str, str]) -> NoReturn:
    """Run a job in this process, and the next ones if it stays; then end the process with the last one's exit code.

    The interpreter is not taken down: that would write to all the memory that is shared with the server, and so have
    it copied, which takes longer than many jobs.

    Args:
        added: environment variables that modules have set in the server, which the job's own go before.
    """
    while True:
        known, before = set(sys.modules), _cpu()
        _reset_peak()
        code = run_script(job, files, added)
        imported = [name for name in list(sys.modules) if name not in known and not name.startswith("__")]
        if code or not job["stays_for"]:
            _end(link, imported, code)
        _leave_output()
        send(link, {"imported": imported, "code": code, "cpu": _cpu() - before, "peak": _peak()})
        try:
            job, files = receive(link)
        except EOFError:
            _end(link, [], 0)


def _end(link: socket.socket, imported: list[str], code: int) -> NoReturn:
    """End this process as an interpreter would, but for freeing its memory."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError):  # the server was killed
        send(link, {"imported": imported})
    os._exit(code)


def run_script(job: dict[str, Any], files: list[int], added: dict[str, str]) -> int:
    """Run a script as ``python SCRIPT NAME`` would, with files for standard input and output; its exit code."""
    for file, place in zip([files[0], files[1], files[1]], range(3), strict=True):
        os.dup2(file, place)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update({**added, **job["environment"]})
    setproctitle(f"python {job['script']} {job['name']}")
    sys.argv, sys.path[0] = [job["script"], job["name"]], os.path.dirname(os.path.abspath(job["script"]))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    try:
        runpy.run_path(job["script"], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
        code = 1
    return code


def _leave_output() -> None:
    """Let go of the job's input and output."""
    sys.stdout.flush()
    sys.stderr.flush()
    nothing = os.open(os.devnull, os.O_RDWR)
    for place in range(3):
        os.dup2(nothing, place)
    os.close(nothing)


def _cpu() -> float:
    """CPU time of this process and of those that it has started and waited for, in s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _reset_peak() -> None:
    """Let the kernel measure the peak of memory anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak() -> int:
    """The most memory since then, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def main() -> int:
    """Serve; forked processes end in :func:`work`."""
    name, process, ready = sys.argv[1:]
    own = dict(os.environ)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(f"\0{name}")
        except OSError:  # another server was faster
            return 0
        listener.listen()
        run = os.pidfd_open(int(process))
        os.close(int(ready))
        try:
            Server(listener, run).serve()
        except ForkedError as forked:
            added = {name: value for name, value in os.environ.items() if own.get(name) != value}
            work(forked.link, forked.job, forked.files, added)
    return 0


if __name__ == "__main__":
    sys.exit(main())
