"""What tests of the finished quick study share."""

from pathlib import Path

import pytest


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
