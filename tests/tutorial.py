"""The tutorials of the docs: their code, and what that of evaluating.md must leave behind."""

import re
import subprocess
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
CONDITIONS = {"qwen": {"fps5", "keyframes", "keyframes-msce"}, "vit": {"all"}}


def blocks(language: str, tutorial: str = "evaluating") -> list[str]:
    """The code blocks of one language in a tutorial, in their order."""
    page = (ROOT / f"docs/tutorials/{tutorial}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def follow(commands: list[str], clone: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Type the commands into one shell in a clone."""
    script = "set -euo pipefail\n" + "".join(commands)
    return subprocess.run(
        ["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


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
