"""What pip installs: ranges that admit the pins, each import in the right group, and all files that the code reads."""

import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement
from tests.contracts.test_house_rules import MODULES, PACKAGE, ROOT, SCRIPTS
from workflow.environments import AT_RUN_TIME, requirements, sources_of, third_party
from workflow.hashes import BY_BUILD

from emovlm.core.hashing import sha256_file
from emovlm.provenance.records.surroundings import plain

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GROUPS = {"base": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
ENTRIES = ["cli.py", "standalone/evaluate.py", "standalone/conditions.py", "synface/example.py"]
"""What a user of the base installation runs: the command, evaluate, and the example clips."""
OF_A_STUDY = {"models/api/clients.py": {"google-genai", "httpx2", "openai"},
              "models/vlm/vision_language_model.py": {"peft"}}  # fmt: skip
"""What modules of the base import only for systems that a study alone has: API models, LoRA adapters."""
OWN_ENVIRONMENTS = {"lmms-eval", "playwright", "requests", "requests-cache", "urllib3"}
"""Of tests/browser and tests/validator, which have requirements of their own, and of benchmarks/lmms_eval.py, of which
one side runs in an environment of lmms-eval."""


def names(*groups: str) -> set[str]:
    """What these groups of requirements name, with the groups that they name."""
    found = set()
    for requirement in (Requirement(line) for group in groups for line in GROUPS[group]):
        found |= names(*requirement.extras) if requirement.name == "emovlm" else {plain(requirement.name)}
    return found


def test_every_pin_but_those_of_torch_has_hashes():
    listed = (ROOT / "requirements.hashes.txt").read_text().replace("\\\n", "").splitlines()[1:]
    pins = dict(line.split()[0].split("==") for line in listed)
    assert pins == {name: version for name, version in requirements().items() if name not in BY_BUILD}
    assert all(re.fullmatch(r"\S+( +--hash=sha256:[0-9a-f]{64})+", line) for line in listed)


@pytest.mark.parametrize("group", GROUPS)
def test_every_range_admits_the_version_that_is_pinned(group):
    for requirement in map(Requirement, GROUPS[group]):
        if requirement.name != "emovlm":
            pinned = requirements()[plain(requirement.name)]
            assert requirement.specifier.contains(pinned, prereleases=True), f"{requirement}: the pin is {pinned}"
            bounds = {each.operator for each in requirement.specifier}
            assert bounds in ({">=", "<"}, {"=="}), f"{requirement}: give a lower and an upper bound"


def test_torch_is_pinned_since_a_range_would_pull_gigabytes():
    assert {line for line in GROUPS["base"] if "==" in line} == {"torch==2.13.0", "torchvision==0.28.0"}


def test_the_base_has_what_evaluation_imports_and_no_more_groups_are_needed():
    needed = set()
    for path in {path for entry in ENTRIES for path in sources_of(PACKAGE / entry) if _of_evaluation(path)}:
        needed |= third_party([path]) - OF_A_STUDY.get(str(path.relative_to(PACKAGE)), set())
    assert needed <= names("base")
    assert {plain(name) for name in AT_RUN_TIME["transformers"]} <= names("base")


def _of_evaluation(path) -> bool:
    """The command imports the rooms of a study only in the functions of their commands."""
    return path.relative_to(PACKAGE).parts[0] not in ("frequency", "provenance", "planning", "training")


def test_a_study_adds_what_the_other_rooms_and_scripts_import():
    assert third_party([*MODULES, *SCRIPTS]) <= names("base", "study", "infini-gram")
    assert {"snakemake"} <= names("study")


def test_development_adds_what_tests_and_benchmarks_import():
    files = [path for folder in ("tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
    ours = {"tests", "benchmarks", "workflow"}
    assert third_party(files) - ours - OWN_ENVIRONMENTS <= names("base", "study", "dev")


def test_a_wheel_holds_the_code_and_every_file_that_it_reads(tmp_path):
    export = tmp_path / "export"
    export.mkdir()
    for name in ("pyproject.toml", "LICENSE", "src", "config"):  # config: the lexicon and prompts are links to there
        subprocess.run(["cp", "-a", ROOT / name, export], check=True)
    for leftover in export.rglob("*.egg-info"):
        subprocess.run(["rm", "-r", leftover], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, tmp_path, export], check=True)
    with zipfile.ZipFile(next(tmp_path.glob("emovlm-*.whl"))) as wheel:
        inside = {name: wheel.read(name) for name in wheel.namelist() if name.startswith("emovlm/")}
    ours = {
        str(path.relative_to(ROOT / "src")): path for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip
    assert set(inside) == set(ours)
    for table in ("lexicon", "classes"):  # one file here, two in the wheel and the clone that uses it
        (tmp_path / table).write_bytes(inside[f"emovlm/lexicon/{table}.tsv"])
        assert sha256_file(tmp_path / table) == sha256_file(ROOT / f"config/{table}.tsv")


def test_no_module_looks_for_the_repository_around_it():
    """A module may look for its own package, that is one folder up, but no further."""
    above = re.compile(r"__file__.*(parents\[[2-9]|parent\.parent\.parent)")
    assert [path.name for path in MODULES if above.search(path.read_text())] == []
