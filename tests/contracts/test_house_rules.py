"""The rules of the house hold everywhere: layering, sizes, environments, pins."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

from emovlm.core.codehash import modules_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "emovlm"
ROOMS = ["core", "synface", "datasets", "frames", "lexicon", "sampling", "systems", "enrichment", "evaluation",
         "statistics", "figures", "report", "provenance"]  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
# Import name -> name on the package index, where they differ.
DISTRIBUTION = {"PIL": "pillow", "yaml": "PyYAML", "sklearn": "scikit-learn"}


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
    return {name.lower(): version for name, version in (line.split("==") for line in lines)}


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
    assert [p for p in PACKAGE.glob("*/__init__.py") if p.read_text()] == []


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
            script = re.search(r"workflow/scripts/(\w+)\.py", block)[1]
            assert re.search(rf'^        "<logs>/{name}[/.]', block, re.M), f"{path.name}: log of rule {name}"
            assert re.search(r"^    shell:\n        recorded\(", block, re.M), (
                f"{path.name}: rule {name} is not recorded"
            )
            assert f'code("{script}")' in block, f"{path.name}: rule {name} does not hash its script"
            found[name] = (environment, script)
    return found


def test_every_rule_has_a_log_a_benchmark_an_environment_and_the_hash_of_its_script():
    assert len(rules()) > 25
    assert {script for _, script in rules().values()} == {p.stem for p in SCRIPTS}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.stem)
def test_an_environment_pins_what_the_default_one_does_and_has_what_its_scripts_import(path):
    pip = next(d["pip"] for d in yaml.safe_load(path.read_text())["dependencies"] if isinstance(d, dict))
    pins = dict(line.split("==") for line in pip)
    assert {n: requirements()[n.lower()] for n in pins} == pins
    scripts = {script for environment, script in rules().values() if environment == path.stem}
    assert scripts, "no rule uses this environment"
    needed = set()
    for script in scripts:
        file = ROOT / "workflow" / "scripts" / f"{script}.py"
        modules = [ROOT / "src" / Path(*name.split(".")).with_suffix(".py") for name in modules_of(file)]
        for source in [file, *(m for m in modules if m.is_file())]:
            needed |= {name.split(".")[0] for name in imported(source)}
    needed -= {*sys.stdlib_module_names, "emovlm"}
    missing = {DISTRIBUTION.get(n, n).lower() for n in needed} - {n.lower() for n in pins}
    assert missing == set()


def test_every_direct_import_is_pinned_in_the_requirements():
    names = {n.split(".")[0] for p in [*MODULES, *SCRIPTS] for n in imported(p)} - {*sys.stdlib_module_names, "emovlm"}
    assert {DISTRIBUTION.get(n, n).lower() for n in names} - set(requirements()) == set()


def test_no_pickle_and_no_remote_code():
    source = {p: p.read_text() for p in [*MODULES, *SCRIPTS]}
    for word in ("trust_remote_code=True", "import pickle", "allow_pickle=True", "shell=True", "torch.load("):
        assert [p.name for p, text in source.items() if word in text] == [], word


def test_every_published_file_is_listed_with_its_source():
    listed = (ROOT / "resources/published/README.md").read_text()
    assert [p.name for p in (ROOT / "resources/published").glob("*.csv") if p.name not in listed] == []
