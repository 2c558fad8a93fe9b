"""Fixtures of the tests of API models."""

import json

import pytest
from tests.api_server import ApiServer
from tests.unit.served import KEY, access_to, row_of, write_shard

from emovlm.models.api.api_system import ACCESS
from emovlm.models.loading import load_system


@pytest.fixture
def server():
    with ApiServer() as server:
        yield server


@pytest.fixture
def load(server, tmp_path, monkeypatch):
    """A function that loads a system of a family with the environment that its job would have."""
    monkeypatch.setenv("SERVED_KEY", KEY)

    def load(family="openai", row=None, **access):
        monkeypatch.setenv(ACCESS, json.dumps({"served": access_to(server, **access)}))
        return load_system(row_of(family, **(row or {})), tmp_path / "api/served")

    return load


@pytest.fixture
def shard(tmp_path):
    """Four clips of three frames, their sample and their frame store."""
    return write_shard(tmp_path)
