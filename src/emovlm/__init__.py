"""A reproducible study of how vision-language models recognise emotions, and an evaluation of any model on any clips.

``emovlm.evaluate(model, dataset, conditions, out)`` returns :class:`emovlm.Results`.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["Condition", "Results", "evaluate"]


def __getattr__(name: str) -> Any:
    """The public functions, loaded when they are asked for: they take seconds, and the scripts need none of them."""
    if name == "evaluate":
        from emovlm.standalone.evaluate import evaluate

        return evaluate
    if name == "Results":
        from emovlm.standalone.results import Results

        return Results
    if name == "Condition":
        from emovlm.standalone.conditions import Condition

        return Condition
    raise AttributeError(f"module 'emovlm' has no attribute {name!r}")
