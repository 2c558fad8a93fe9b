"""The quick study, run for real in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path("results/quick")


class Project:
    """A copy of the project in which Snakemake runs the quick study, or a variation of it."""

    profile = "profiles/default"

    def __init__(self, path: Path, *configs: str):
        self.path = path
        self.configs = ("config/quick.yaml", *configs)  # later ones override
        shutil.copytree(
            ROOT,
            path,
            ignore=shutil.ignore_patterns(".git", ".venv", ".snakemake", "results", "__pycache__", ".*_cache"),
        )
        for command in ("init", "add .", "-c user.name=test -c user.email=test commit --message copy"):
            subprocess.run(["git", *command.split()], cwd=path, check=True, capture_output=True)

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run Snakemake on the study; output is text, both streams in ``stdout``."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--profile", self.profile, "--cores", str(cores),
             *arguments, "--configfile", *self.configs],
            cwd=self.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip

    def run(self, *arguments: str, cores: int = 2) -> None:
        """Run the study; it must succeed."""
        done = self.snakemake(*arguments, cores=cores)
        assert done.returncode == 0, done.stdout[-4000:]

    def would_run(self, *targets: str) -> dict[str, int]:
        """Jobs that Snakemake would run now, by rule; `all` is left out."""
        done = self.snakemake(*targets, "--dry-run", "--quiet", "reason")
        assert done.returncode == 0, done.stdout[-4000:]
        if "Nothing to be done" in done.stdout:
            return {}
        table = done.stdout.split("Job stats:")[1].split("total")[0]
        return {rule: int(n) for rule, n in re.findall(r"^(\w+)\s+(\d+)$", table, re.M) if rule != "all"}

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace ``old``, which must be there, by ``new`` in one file."""
        path = self.path / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The quick study after a complete run; tests leave it as they found it."""
    project = Project(tmp_path_factory.mktemp("study") / "emovlm")
    project.run()
    return project


@pytest.fixture
def edited(project):
    """Edit files of the finished study; they are put back afterwards."""
    before: dict[Path, bytes] = {}

    def edit(name: str, old: str, new: str) -> None:
        path = project.path / name
        before.setdefault(path, path.read_bytes())
        project.edit(name, old, new)

    yield edit
    for path, content in before.items():
        path.write_bytes(content)
