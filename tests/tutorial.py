"""The tutorials of the docs: their commands, typed into a shell, and what they must leave behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "docs/tutorials"
CONDITIONS = {"qwen": {"fps5", "keyframes", "keyframes-msce"}, "vit": {"all"}}


def blocks(language: str, tutorial: str = "evaluating") -> list[str]:
    """The code blocks of one language in a tutorial, in their order."""
    page = (TUTORIALS / f"{tutorial}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def steps(tutorial: str) -> list[tuple[str, list[str]]]:
    """The blocks of commands of a tutorial, each with the lines that it says the commands print."""
    page = (TUTORIALS / f"{tutorial}.md").read_text(encoding="utf-8")
    found: list[tuple[str, list[str]]] = []
    for language, code in re.findall(r"```(bash|text)\n(.*?)```", page, re.S):
        if language == "bash":
            found.append((code, []))
        else:
            found[-1][1].extend(line.strip() for line in code.splitlines())
    return found


def follow(commands: list[str], clone: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Type the commands into one shell in a clone."""
    script = "set -euo pipefail\n" + "".join(commands)
    return subprocess.run(
        ["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


def typed(tutorial: str, clone: Path, environment: dict[str, str]) -> list[str]:
    """What each block of commands prints; all succeed, and each prints the lines that the page shows."""
    said = []
    for code, shown in steps(tutorial):
        done = follow([code], clone, environment)
        output = done.stdout + done.stderr
        assert done.returncode == 0, f"{code}\n{output[-3000:]}"
        assert [line for line in shown if line not in output] == [], f"{code}\n{output[-3000:]}"
        said.append(output)
    return said


def tree_on_path(folder: Path) -> dict[str, str]:
    """An environment whose commands are this interpreter's and this tree's, wherever those on PATH come from.

    ``make`` runs the study of its target, as in an environment that is set up.
    """
    folder.mkdir()
    study = 'exec {python} -m snakemake --workflow-profile profiles/default --configfile config/"$1".yaml'
    for name, line in {"emovlm": 'exec {python} -m emovlm.cli "$@"', "snakemake": 'exec {python} -m snakemake "$@"',
                       "make": study}.items():  # fmt: skip
        (folder / name).write_text(f"#!/bin/bash\n{line.format(python=sys.executable)}\n")
        (folder / name).chmod(0o755)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path}


def check(trial: Path) -> None:
    """Both evaluations are there, with one answer a clip and condition, and none was asked twice."""
    for name, conditions in CONDITIONS.items():
        answers = pd.read_parquet(trial / name / "answers.parquet")
        assert set(answers["condition"]) == conditions
        assert len(answers) == 20 * len(conditions) and set(answers["status"]) == {"ok"}
        assert len((trial / name / "store/answers.jsonl").read_text().splitlines()) == len(answers)
        assert {"index.html", "metrics.csv", "per_class.csv", "confusion.csv"} <= {
            p.name for p in (trial / name).iterdir()
        }
