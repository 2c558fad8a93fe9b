"""Fixtures that several files share, and the order of all files."""

import json
import signal

import pytest
from tests.api_server import ApiServer
from tests.unit.served import KEY, access_to, row_of, write_shard

from emovlm.models.api.api_system import ACCESS
from emovlm.models.loading import load_system

# These take longest, so they come first: files are dealt out whole, and processes then end at about the same time.
FIRST = (
    "test_evaluate_tutorial", "test_evaluate", "test_figures_drawing", "test_report_paper", "test_models_families",
    "test_frames_videos", "test_frequency_infini_gram", "test_statistics_chance", "test_models_replies",
    "test_models_limits", "test_training_lora", "test_models_vllm", "test_docs_new_family", "test_statistics_agreement",
    "test_figures_files", "test_statistics_comparisons",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """Put the tests of ``FIRST`` before all others; ``--no-loadscope-reorder`` keeps the order among processes."""
    place = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(FIRST)))


@pytest.fixture(autouse=True)
def broken_pipes_are_errors():
    """The command, run within a test, lets a broken pipe end the process; that must not end the tests after it."""
    before = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, before)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """A function from a family to the folder of a tiny model of it."""
    from tests.tiny_models.models import save_tiny  # takes seconds, and most tests need none

    made = {}

    def folder(family):
        if family not in made:
            made[family] = tmp_path_factory.mktemp("tiny") / family
            save_tiny(family, made[family])
        return made[family]

    return folder


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
