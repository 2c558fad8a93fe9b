"""The conditions of an evaluation: what a model is shown of each clip, and how its answer is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emovlm.core.errors import StudyError
from emovlm.core.tables import Row
from emovlm.evaluation.contexts import CONTEXTS
from emovlm.evaluation.decisions import DECISIONS
from emovlm.evaluation.fits import misfits
from emovlm.sampling.sampler_names import named_sampler
from emovlm.study.rows import FrameSampler
from emovlm.study.tables import Table


@dataclass(frozen=True)
class Condition:
    """One way to ask about each clip.

    Attributes:
        frames: frame sampler: a short name (:func:`emovlm.sampling.sampler_names.named_sampler`), or a row of a table.
        context: what is shown with the frames (``evaluation.contexts.CONTEXTS``).
        decision: how the answer is read (``evaluation.decisions.DECISIONS``).
    """

    frames: str = "fps5"
    context: str = "none"
    decision: str = "likelihood"

    @property
    def name(self) -> str:
        """Short name, for example ``keyframes-msce``."""
        parts = [self.frames, *([self.context] * (self.context != "none"))]
        return "-".join([*parts, *([self.decision] * (self.decision != "likelihood"))])


@dataclass(frozen=True)
class Planned:
    """A condition with the rows of its frame sampler and, where that derives from one, of its base."""

    condition: Condition
    sampler: Row
    base: Row | None


def conditions_of(frames: Sequence[str], contexts: Sequence[str], decision: str = "likelihood") -> list[Condition]:
    """The conditions that a command line names: each context with each frame sampler that fits it.

    Args:
        frames: names of samplers; if there are none, ``fps5``, and ``keyframes`` for contexts with texts.
        contexts: keys of ``CONTEXTS``; if there are none, frames alone.
        decision: of all conditions.

    Raises:
        StudyError: a context with texts, and no sampler of keyframes.
    """
    frames, contexts = list(dict.fromkeys(frames)), list(dict.fromkeys(contexts)) or ["none"]
    found = []
    for context in contexts:
        fitting = frames or ["fps5" if context == "none" else "keyframes"]
        if context != "none":
            fitting = [name for name in fitting if name.startswith("keyframes")]
        if not fitting:
            raise StudyError(f"--context {context} shows texts after keyframes; add --frames keyframes")
        found += [Condition(name, context, decision) for name in fitting]
    return found


def plan(conditions: Iterable[Condition | str], table: str | None, vision: bool) -> list[Planned]:
    """The conditions with the rows of their samplers, each checked.

    Args:
        conditions: a text is a frame sampler, of frames alone.
        table: a table of frame samplers, whose rows go before the short names.
        vision: the model is a classifier, which neither reads nor writes texts.

    Raises:
        StudyError: there are none, two are the same, or one of them cannot be asked.
    """
    given = [Condition(each) if isinstance(each, str) else each for each in conditions]
    if not given:
        raise StudyError("no conditions: name at least one frame sampler, fps5 for example")
    if len({each.name for each in given}) < len(given):
        raise StudyError("two conditions are the same")
    rows = Table(FrameSampler, [str(table)], "frame_samplers").rows() if table else {}
    return [_planned(each, rows, vision) for each in given]


def _planned(condition: Condition, rows: Mapping[str, FrameSampler], vision: bool) -> Planned:
    where = f"condition {condition.name}"
    sampler, base = _sampler(condition.frames, rows)
    CONTEXTS.find(condition.context, where)
    DECISIONS.find(condition.decision, where)
    if condition.decision == "logit-adjusted":
        raise StudyError(f"{where}: logit-adjusted needs the label counts of a model's training, which a study has")
    if condition.context == "truth":
        raise StudyError(f"{where}: only a study of rendered clips knows their true motion")
    for _, says in misfits("the model", vision, sampler["kind"], condition.context, condition.decision):
        raise StudyError(f"{where}: {says}")
    return Planned(condition, sampler, base)


def _sampler(name: str, rows: Mapping[str, FrameSampler]) -> tuple[Row, Row | None]:
    if name not in rows:
        return named_sampler(name)
    sampler = rows[name]
    return sampler.told(), sampler.base.told() if sampler.base else None
