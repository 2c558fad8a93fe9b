"""Write the packages of envs/*.yaml: what the scripts of a stage and their runner import, all that this needs, no more.

    python workflow/environments.py      (or make envs)

A file's remarks, channels, Python and pip stay as they stand; versions are those of requirements.txt. What a package
needs is asked of the installed one.
"""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from emovlm.core.codehash import modules_of
from emovlm.provenance.records.surroundings import plain

ROOT = Path(__file__).resolve().parents[1]
# Import name -> name on the package index, where they differ.
DISTRIBUTION = {"PIL": "pillow", "yaml": "PyYAML", "sklearn": "scikit-learn", "google": "google-genai",
                "pydantic_core": "pydantic", "cyclonedx": "cyclonedx-python-lib",
                "packageurl": "packageurl-python"}  # fmt: skip
# What a package imports at run time, by a name in the study's configuration: the organism's tower is a network of timm,
# and SmolVLM's processor writes numbers as words.
AT_RUN_TIME = {"transformers": ["timm", "num2words"]}
# What runs every script.
RUNNER = [ROOT / "src/emovlm/provenance/records/job.py", ROOT / "src/emovlm/core/fork_server.py"]
# Modules of the package that a script looks up by name.
BY_NAME = {"draw_figure": sorted((ROOT / "src/emovlm/figures").glob("[a-z]*.py"))}


def rules() -> dict[str, tuple[str, str]]:
    """Name -> (environment, script) of every rule that runs a script."""
    found = {}
    for path in sorted(ROOT.glob("workflow/rules/*.smk")):
        for block in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
            name, environment = block.split(":")[0], re.search(r'envs/(\w+)\.yaml"', block)
            script = re.search(r'\bscript="(\w+)"', block)  # else a rule's script has its name
            found[name] = (environment[1], script[1] if script else name)
    return found


def sources(script: str) -> list[Path]:
    """A script's file and those of all package modules that it imports, directly or not."""
    return sources_of(ROOT / "workflow/scripts" / f"{script}.py", *BY_NAME.get(script, []))


def sources_of(*files: Path) -> list[Path]:
    """Files and those of all package modules that they import, directly or not."""
    names = sorted({name for file in files for name in modules_of(file)})
    modules = (ROOT / "src" / Path(*name.split(".")).with_suffix(".py") for name in names)
    return list(dict.fromkeys([*files, *filter(Path.is_file, modules)]))


def imported(path: Path) -> set[str]:
    """Every module name that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


def third_party(files: Iterable[Path]) -> set[str]:
    """The packages that files import, by their plain names on the package index."""
    names = {name.split(".")[0] for path in files for name in imported(path)} - {*sys.stdlib_module_names, "emovlm"}
    return {plain(DISTRIBUTION.get(name, name)) for name in names}


def requirements() -> dict[str, str]:
    """The versions that requirements.txt pins, by plain name."""
    lines = (ROOT / "requirements.txt").read_text().split()
    return {plain(name): version for name, version in (line.split("==") for line in lines)}


def with_dependencies(packages: set[str]) -> set[str]:
    """Packages and all they need, as far as requirements.txt pins it (a CUDA build of torch pins its own libraries)."""
    pinned = requirements()
    todo, found = [(name, "") for name in packages], set()
    while todo:
        name, extra = todo.pop()
        if (name, extra) in found or name not in pinned:
            continue
        found.add((name, extra))
        todo += [(other, "") for other in AT_RUN_TIME.get(name, ())]
        for needed in map(Requirement, requires(name) or []):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(plain(needed.name), each) for each in ("", *needed.extras)]
    return {name for name, _ in found}


def environments() -> dict[Path, str]:
    """The text of every environment file by which a rule runs; those in envs/remote/ are of code that no rule runs."""
    used, texts, lines = rules(), {}, (ROOT / "requirements.txt").read_text().split()
    for stage in sorted({stage for stage, _ in used.values()}):
        path = ROOT / "envs" / f"{stage}.yaml"
        files = [file for of, script in used.values() if of == stage for file in sources(script)]
        needed = with_dependencies(third_party([*files, *sources_of(*RUNNER)]))
        head, mark, _ = path.read_text().partition("  - pip:\n")
        pins = (f"      - {line}\n" for line in lines if plain(line.split("==")[0]) in needed)
        texts[path] = head + mark + "".join(pins)
    return texts


if __name__ == "__main__":
    for path, text in environments().items():
        path.write_text(text)
