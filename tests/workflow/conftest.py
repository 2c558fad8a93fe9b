"""The quick study, run for real in a copy of the project."""

from pathlib import Path

import pytest

from tests.project import Project


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
