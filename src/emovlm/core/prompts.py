"""What systems are asked."""

from pathlib import Path


def read_prompt(path: str | Path, classes: list[str]) -> str:
    """The text of a prompt; ``{classes}`` in it stands for the names that the answer is to be chosen from."""
    return Path(path).read_text(encoding="utf-8").strip().replace("{classes}", ", ".join(classes))
