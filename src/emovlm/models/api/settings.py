"""The columns of ``systems.tsv`` that say how an API model is asked, and which of them change what it answers.

Apart from the clients, so that planning and hashing need no library that sends requests.
"""

from typing import Any

from emovlm.core.hashing import sha256_json

MODEL = ("family", "weights", "thinking_budget")
DEFAULTS: dict[str, Any] = {
    "temperature": 0, "seed": 0, "length_parameter": "max_completion_tokens", "image_format": "png",
    "image_quality": 90, "in_flight": 1,
}  # fmt: skip
"""What holds where a cell is empty."""
ANSWERING = ("temperature", "seed", "image_format", "image_quality", "frames")
"""What changes an answer beside ``MODEL``. Other settings do not: how the limit of tokens is called, how large a
request may be, how many are sent at once."""
SERVED = ("weights", "thinking_budget", *DEFAULTS, "max_request_mb")
"""The columns that asking an API model depends on, besides those of every system."""
SCORING = ("vllm",)
"""Families whose servers tell how likely a prompt is, so that there are scores for labels."""
NOT_SENT = "default"
"""In the column of a parameter: the parameter is left out, and the model's own default holds."""


def settings_of(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the defaults of ``DEFAULTS`` in its empty cells."""
    return {**row, **{key: row[key] if row.get(key) is not None else value for key, value in DEFAULTS.items()}}


def fingerprint(row: dict[str, Any]) -> str:
    """A hash over what the model is asked for, by name and parameters.

    A setting that is written as it is by default counts as an empty cell, so that writing it asks nothing again.
    """
    full = settings_of(row)
    changed = {key: full.get(key) for key in ANSWERING if full.get(key) != DEFAULTS.get(key)}
    return sha256_json({**{key: row.get(key) for key in MODEL}, **changed})
