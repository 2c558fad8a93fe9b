"""The rules of the house hold everywhere: layering, sizes, environments, pins."""

import re
from pathlib import Path

import yaml
from workflow.environments import environments, imported, requirements, rules, sources, third_party

from emovlm.provenance.records.surroundings import plain

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "emovlm"
ROOMS = ["core", "synface", "datasets", "frames", "lexicon", "frequency", "sampling", "models", "training",
         "enrichment", "evaluation", "statistics", "study", "figures", "report", "standalone", "provenance",
         "planning"]  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
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


def pins(environment: Path) -> dict[str, str]:
    python, pip, packages = yaml.safe_load(environment.read_text())["dependencies"]
    assert python == "python=3.11" and re.fullmatch(r"pip=\d+\.\d+(\.\d+)?", pip), "conda itself pins Python and pip"
    return {plain(name): version for name, version in (line.split("==") for line in packages["pip"])}


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


def test_every_rule_has_a_log_a_benchmark_an_environment_and_the_description_of_its_job():
    used = rules()
    for path in RULES:
        for block in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
            name = block.split(":")[0]
            for keyword in ("log", "benchmark", "conda", "output", "params"):
                assert re.search(rf"^    {keyword}:", block, re.M), f"{path.name}: rule {name} has no {keyword}"
            assert re.search(rf'^        "<logs>/{name}[/.]', block, re.M), f"{path.name}: log of rule {name}"
            assert re.search(rf'^        \*\*job\(\s*"{name}"', block, re.M), f"{path.name}: job of rule {name}"
            assert re.search(r"^    shell:\n        RUN$", block, re.M), f"{path.name}: rule {name} is not recorded"
            environment = SHARED.get(path.stem, path.stem)
            assert used[name][0] == environment, f"{path.name}: environment of rule {name}"
    assert len(used) > 25
    assert {script for _, script in used.values()} == {p.stem for p in SCRIPTS}


def test_the_slurm_profile_knows_all_its_rules_and_gives_a_gpu_to_those_that_run_networks():
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert {*profile["set-resources"], *profile["groups"]} <= set(rules())
    with_gpu = {rule for rule, asked in profile["set-resources"].items() if "gpu" in asked}
    with_torch = {rule for rule, (_, script) in rules().items() if "torch" in third_party(sources(script))}
    assert with_torch == with_gpu


def test_the_environments_are_as_make_envs_writes_them():
    """Each pins what its scripts import, directly or through the package, and what that needs, and nothing else."""
    written = environments()
    assert list(written) == ENVIRONMENTS, "an environment that no rule uses"
    assert {path.name: path.read_text() for path in written} == {path.name: text for path, text in written.items()}
    assert all(pins(path) for path in written)


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
