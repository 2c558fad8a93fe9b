"""A copy of the project in which tests run and edit the quick study."""

import copy
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from workflow.environments import rules

from emovlm.core.codehash import modules_of
from emovlm.provenance.records.record import Record, makers, read_record, record_paths, rule_of
from emovlm.provenance.resume import processes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("results/quick")


class Project:
    """A copy of the project in which Snakemake runs the quick study, or a variation of it.

    It is made unless there is one at ``path``.
    """

    def __init__(self, path: Path, *configs: str, profile: str = "profiles/default"):
        self.path = path
        self.configs = ("config/quick.yaml", *configs)  # later ones override
        self.profile = profile
        if path.exists():
            return
        shutil.copytree(
            ROOT,
            path,
            ignore=shutil.ignore_patterns(
                ".git", ".venv", ".snakemake", "results", "_build", "__pycache__", ".*_cache"
            ),
        )
        for command in ("init", "add .", "-c user.name=test -c user.email=test commit --message copy"):
            subprocess.run(["git", *command.split()], cwd=path, check=True, capture_output=True)

    def copy(self, path: Path) -> "Project":
        """The project as it is, results included, at another path."""
        shutil.copytree(self.path, path, symlinks=True)
        other = copy.copy(self)
        other.path = path
        return other

    @property
    def options(self) -> list[str]:
        """What Snakemake is told whatever it does: profile and configuration."""
        return ["--workflow-profile", self.profile, "--configfile", *self.configs]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Snakemake on the study; output is text, both streams in ``stdout``."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments, *self.options],
            cwd=self.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake on the study to its end."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    def run(self, *arguments: str) -> None:
        """Run the study; it must succeed."""
        done = self.snakemake(*arguments)
        assert done.returncode == 0, done.stdout[-4000:]

    def would_run(self, *targets: str) -> dict[str, int]:
        """Jobs that Snakemake would run now, by rule; `all` is left out."""
        done = self.snakemake(*targets, "--dry-run", "--quiet", "reason")
        assert done.returncode == 0, done.stdout[-4000:]
        if "Nothing to be done" in done.stdout:
            return {}
        table = done.stdout.split("Job stats:")[1].split("total")[0]
        return {rule: int(n) for rule, n in re.findall(r"^(\w+)\s+(\d+)$", table, re.M) if rule != "all"}

    def records(self) -> dict[str, Record]:
        """The records of the study's jobs, by name."""
        return {name: read_record(path) for name, path in record_paths(self.path / RESULTS).items()}

    def following(self, first: Iterable[str]) -> Counter[str]:
        """How many jobs of each rule these are with all that read what they made, directly or not, by the records.

        Args:
            first: names of jobs or of rules.
        """
        records, named = self.records(), set(first)
        made = makers(records)
        needs = {
            name: {made.get(each["path"]) for each in record["inputs"] if not each["noted"]}
            for name, record in records.items()
        }
        found, more = set(), {name for name in records if {name, rule_of(name)} & named}
        while more:
            found |= more
            more = {name for name, needed in needs.items() if needed & found} - found
        return Counter(map(rule_of, found))

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace ``old``, which must be there, by ``new`` in one file."""
        path = self.path / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1))

    def scripts(self, name: str, *arguments: str) -> list[int]:
        """Processes that run a script of the workflow in this copy, with these texts among their arguments."""
        script = f"workflow/scripts/{name}.py"
        return processes(
            lambda words: words[1:2] == [script] and all(any(text in word for word in words) for text in arguments),
            self.path,
        )

    def hold(self, name: str, *arguments: str, seconds: float = 180) -> int:
        """Wait for a script to start, and stop it there, as if it hung; its process."""
        until(lambda: self.scripts(name, *arguments), seconds)
        (process,) = self.scripts(name, *arguments)
        os.kill(process, signal.SIGSTOP)
        return process


def importing(module: str) -> set[str]:
    """The rules whose scripts import a module of the package, directly or not."""
    scripts = {script: modules_of(ROOT / f"workflow/scripts/{script}.py") for _, script in rules().values()}
    return {rule for rule, (_, script) in rules().items() if module in scripts[script]}


def running_in(environment: str) -> set[str]:
    """The rules that run in an environment of envs/."""
    return {rule for rule, (used, _) in rules().items() if used == environment}


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: it never did.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.05)
