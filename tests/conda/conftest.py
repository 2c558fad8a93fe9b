"""The study in environments that a real conda makes from envs/."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emovlm.provenance.records.record import read_record
from emovlm.provenance.records.surroundings import plain
from tests.project import ROOT, Project
from tests.workflow.conftest import edited

__all__ = ["edited"]
FOLDER = ROOT / ".venv" / "conda"
CUDA = ("nvidia-", "cuda-", "triton")  # what a CUDA build of torch pins itself


@pytest.fixture(scope="session")
def environments():
    """Where Snakemake puts environments; a conda to make them with is on PATH. Both are kept for the next test run."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("install.py"), FOLDER],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.exit(done.stdout, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join([str(FOLDER / "cmd"), os.environ["PATH"]]))
        patch.setenv("SNAKEMAKE_CONDA_PREFIX", str(FOLDER / "environments"))
        patch.setenv("CONDA_OVERRIDE_CUDA", "")
        yield FOLDER / "environments"


@pytest.fixture(scope="module")
def project(tmp_path_factory, environments):
    """A copy of the quick study in which nothing has run, each rule in the conda environment of its stage."""
    return Project(tmp_path_factory.mktemp("study") / "emovlm", profile="profiles/conda")


def assert_it_ran_in(environment: str, record: Path) -> None:
    """A job ran in the environment of a file, which holds what the file pins, pip among it, and nothing else."""
    python, pip, packages = yaml.safe_load((ROOT / environment).read_text())["dependencies"]
    pins = {plain(name): version for name, version in (line.split("==") for line in packages["pip"])}
    ran = read_record(record)["environment"]
    had = {name: version.partition("+")[0] for name, version in ran["packages"].items() if not name.startswith(CUDA)}
    assert (ran["file"], ran["deployment"], ran["python"]) == (environment, "conda", platform.python_version()), record
    assert had == {**pins, "pip": pip.removeprefix("pip=")}, record
    assert ran["python"].startswith(python.removeprefix("python="))
