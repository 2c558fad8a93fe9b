"""Which frames, contexts and decisions may be combined, in a study and in a single evaluation."""

from collections.abc import Iterator

from emovlm.evaluation.contexts import CONTEXTS
from emovlm.evaluation.decisions import DECISIONS


def misfits(system: str, classifier: bool, sampler_kind: str, context: str, decision: str) -> Iterator[tuple[str, str]]:
    """What of a condition does not fit: the column at fault, and why.

    Args:
        system: how messages call the system that is asked.
        classifier: whether it is one, and so neither reads nor writes texts.
        sampler_kind: of its frame sampler.
        context: a key of ``CONTEXTS``.
        decision: a key of ``DECISIONS``.
    """
    if CONTEXTS[context].texts:
        if sampler_kind != "keyframes":
            yield (
                "frames",
                f"context {context} needs keyframes, for texts stand after them; the sampler is {sampler_kind}",
            )
        if classifier:
            yield "context", f"{system} is a classifier and reads no text; write none"
        if decision == "calibrated":
            yield "decision", "calibrated is for frames without texts"
    if classifier and DECISIONS[decision].correction is None:
        yield "decision", f"{system} is a classifier and gives no reply in words; write likelihood"
    if classifier and DECISIONS[decision].of_words:
        yield (
            "decision",
            f"{decision} reads labels as words after a question, and {system} is a classifier, whose labels have no "
            "tokens; write likelihood",
        )
