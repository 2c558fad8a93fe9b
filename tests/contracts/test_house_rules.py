"""The rules of the house hold everywhere: layering, sizes, environments, pins."""

import ast
import re
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from emovlm.core.codehash import modules_of
from emovlm.provenance.records.surroundings import plain

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "emovlm"
ROOMS = ["core", "synface", "datasets", "frames", "lexicon", "sampling", "models", "training", "enrichment",
         "evaluation", "statistics", "study", "figures", "report", "provenance", "planning"]  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
# Import name -> name on the package index, where they differ.
DISTRIBUTION = {"PIL": "pillow", "yaml": "PyYAML", "sklearn": "scikit-learn", "google": "google-genai"}
# What a package imports at run time, by a name in the study's configuration: the organism's tower is a network of timm,
# and SmolVLM's processor writes numbers as words.
AT_RUN_TIME = {"transformers": ["timm", "num2words"]}
# No file of pins (*.pin.txt) may stand there: Snakemake would leave out what an environment has from the package index.
# envs/remote/ is for code that comes with weights, which no rule runs.
ENVIRONMENTS = sorted(path for path in (ROOT / "envs").iterdir() if path.name != "remote")
# Rule files that use another's environment, for they do its kind of work: run the system under test, compute, train.
SHARED = {
    "sanity_checks": "evaluation",
    "enrichment": "evaluation",
    "claims": "statistics",
    "published": "statistics",
    "pretraining": "training",
}


def imported(path: Path) -> set[str]:
    """Every module name that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names.add(node.module)
    return names


def requirements() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text().split()
    return {plain(name): version for name, version in (line.split("==") for line in lines)}


def pins(environment: Path) -> dict[str, str]:
    python, pip, packages = yaml.safe_load(environment.read_text())["dependencies"]
    assert python == "python=3.11" and re.fullmatch(r"pip=\d+\.\d+(\.\d+)?", pip), "conda itself pins Python and pip"
    return {plain(name): version for name, version in (line.split("==") for line in packages["pip"])}


def third_party(files: list[Path]) -> set[str]:
    """The packages that files import, by their plain names on the package index."""
    names = {name.split(".")[0] for path in files for name in imported(path)} - {*sys.stdlib_module_names, "emovlm"}
    return {plain(DISTRIBUTION.get(name, name)) for name in names}


def with_dependencies(packages: set[str]) -> set[str]:
    """Packages and all they need, as far as requirements.txt pins it (a CUDA build of torch pins its own libraries)."""
    todo, found = [(name, "") for name in packages], set()
    while todo:
        name, extra = todo.pop()
        if (name, extra) in found or name not in requirements():
            continue
        found.add((name, extra))
        todo += [(other, "") for other in AT_RUN_TIME.get(name, ())]
        for needed in map(Requirement, requires(name) or []):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(plain(needed.name), each) for each in ("", *needed.extras)]
    return {name for name, _ in found}


def test_a_room_imports_only_rooms_before_it():
    assert {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"} == set(ROOMS)
    wrong = []
    for path in MODULES:
        room = path.relative_to(PACKAGE).parts[0]
        for name in imported(path):
            if name.startswith("emovlm.") and room in ROOMS:
                other = name.split(".")[1]
                if ROOMS.index(other) > ROOMS.index(room):
                    wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


def test_the_package_never_imports_snakemake_and_its_init_files_are_empty():
    assert [p for p in MODULES if any(n.split(".")[0] == "snakemake" for n in imported(p))] == []
    assert [p for p in PACKAGE.rglob("*/__init__.py") if p.read_text()] == []


def test_files_stay_small():
    most = [(RULES, 150), (SCRIPTS, 60), (MODULES, 400)]
    long = [f"{p.name}: {n}" for paths, limit in most for p in paths if (n := len(p.read_text().splitlines())) > limit]
    assert long == []


def rules() -> dict[str, tuple[str, str]]:
    """Name -> (environment, script) of every rule that runs a script."""
    found = {}
    for path in RULES:
        for block in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
            name = block.split(":")[0]
            for keyword in ("log", "benchmark", "conda", "output", "params"):
                assert re.search(rf"^    {keyword}:", block, re.M), f"{path.name}: rule {name} has no {keyword}"
            environment = re.search(r'"\.\./\.\./envs/(\w+)\.yaml"', block)[1]
            called = re.search(r"\*\*job\(\s*\"(\w+)\"(?:,\s*script=\"(\w+)\")?", block)
            assert called and called[1] == name, f"{path.name}: rule {name} describes no job, or another rule's"
            script = called[2] or name
            assert re.search(rf'^        "<logs>/{name}[/.]', block, re.M), f"{path.name}: log of rule {name}"
            assert re.search(r"^    shell:\n        RUN\n", block, re.M), f"{path.name}: rule {name} runs otherwise"
            assert environment == SHARED.get(path.stem, path.stem), f"{path.name}: environment of rule {name}"
            found[name] = (environment, script)
    return found


def test_every_rule_has_a_log_a_benchmark_an_environment_and_a_described_job():
    assert len(rules()) > 25
    assert {script for _, script in rules().values()} == {p.stem for p in SCRIPTS}


def sources(script: str) -> list[Path]:
    """A script's file and those of all package modules that it imports, directly or not."""
    file = ROOT / "workflow/scripts" / f"{script}.py"
    modules = (ROOT / "src" / Path(*name.split(".")).with_suffix(".py") for name in modules_of(file))
    return [file, *filter(Path.is_file, modules)]


def test_the_slurm_profile_knows_all_its_rules_and_gives_a_gpu_to_those_that_run_networks():
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert {*profile["set-resources"], *profile["groups"]} <= set(rules())
    with_gpu = {rule for rule, asked in profile["set-resources"].items() if "gpu" in asked}
    with_torch = {rule for rule, (_, script) in rules().items() if "torch" in third_party(sources(script))}
    assert with_torch == with_gpu


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda p: p.stem)
def test_an_environment_pins_what_its_scripts_need_and_nothing_else(path):
    """All of it: what they import, directly or through the package, and what that needs, at the default versions."""
    files = [file for used, script in rules().values() if used == path.stem for file in sources(script)]
    assert files, "no rule uses this environment"
    needed = with_dependencies(third_party(files))
    assert pins(path) == {name: requirements()[name] for name in needed}


def test_only_the_environment_of_the_figures_has_a_plotting_package():
    """So that another version of one draws figures again and neither renders, trains nor asks again."""
    assert [p.stem for p in ENVIRONMENTS if {"matplotlib", "seaborn"} & set(pins(p))] == ["figures"]


def test_every_direct_import_is_pinned_in_the_requirements():
    assert third_party([*MODULES, *SCRIPTS]) - set(requirements()) == set()


def test_no_pickle_and_no_shell():
    source = {p: p.read_text() for p in [*MODULES, *SCRIPTS]}
    for word in ("import pickle", "allow_pickle=True", "shell=True"):
        assert [p.name for p, text in source.items() if word in text] == [], word


def test_code_that_comes_with_weights_is_run_in_one_place_by_another_python():
    """Nothing but the messages is imported from there, and that place imports nothing of the package."""
    source = {p.name: p.read_text() for p in [*MODULES, *SCRIPTS]}
    assert [name for name, text in source.items() if "trust_remote_code=True" in text] == ["remote_worker.py"]
    users = [name for name, text in source.items() if re.search(r"import.*remote_worker|remote_worker import", text)]
    assert users == ["remote_system.py"]
    assert "from emovlm.models.remote.remote_worker import receive, send\n" in source["remote_system.py"]
    assert "emovlm" not in {name.split(".")[0] for name in imported(PACKAGE / "models/remote/remote_worker.py")}
    assert "why_not" in source["remote_system.py"]


def test_pickled_weights_are_read_in_one_place_and_without_code():
    """The official checkpoints of MAE-DFER and HiCMAE are pickles."""
    calls = {
        p.name: re.findall(r"torch\.load\((.*)\)", text)
        for p in [*MODULES, *SCRIPTS]
        if "torch.load(" in (text := p.read_text())
    }
    assert list(calls) == ["official_weights.py"]
    assert all("weights_only=True" in call for call in calls["official_weights.py"])


def test_every_published_file_is_listed_with_its_source():
    listed = (ROOT / "resources/published/README.md").read_text()
    assert [p.name for p in (ROOT / "resources/published").glob("*.csv") if p.name not in listed] == []
