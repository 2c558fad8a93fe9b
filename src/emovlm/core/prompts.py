"""What systems are asked."""

from collections.abc import Mapping
from pathlib import Path


def read_prompt(path: str | Path, classes: list[str]) -> str:
    """The text of a prompt; ``{classes}`` in it stands for the names that the answer is to be chosen from."""
    return Path(path).read_text(encoding="utf-8").strip().replace("{classes}", ", ".join(classes))


def read_prompts(paths: Mapping[str, str | Path], classes: list[str]) -> dict[str, str]:
    """The texts of several prompts by name, each as :func:`read_prompt` reads it."""
    return {name: read_prompt(path, classes) for name, path in paths.items()}
