"""A study: its config and the rows of its tables, all checked."""

from dataclasses import dataclass
from typing import Any

from emovlm.lexicon.terms import Term
from emovlm.study.claims import Claims
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.config import Config
from emovlm.study.rows import CaptionVariant, ClassRow, Dataset, FrameSampler, Source, TrainingSampler
from emovlm.study.slopes import Slope
from emovlm.study.systems import System


@dataclass(frozen=True)
class Study:
    """A valid study; rows are by id, in the order of their tables: ``study.conditions["x"].system.family``."""

    config: Config
    datasets: dict[str, Dataset]
    systems: dict[str, System]
    frame_samplers: dict[str, FrameSampler]
    training_samplers: dict[str, TrainingSampler]
    caption_variants: dict[str, CaptionVariant]
    conditions: dict[str, Condition]
    comparisons: dict[str, Comparison]
    slopes: dict[str, Slope]
    sources: list[Source]
    class_rows: list[ClassRow]
    terms: list[Term]
    claims: Claims

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of their table."""
        return [row.name for row in self.class_rows]

    @property
    def tested(self) -> list[Dataset]:
        """The datasets that a condition asks about, by name."""
        return sorted({row.dataset for row in self.conditions.values()}, key=lambda dataset: dataset.name)

    @property
    def asked(self) -> list[System]:
        """The systems that a condition asks, by name."""
        return sorted({row.system for row in self.conditions.values()}, key=lambda system: system.name)

    @property
    def used(self) -> list[System]:
        """The systems that a condition asks, and those that these are fine-tuned from, by name."""
        found = {system.name: system for system in self.asked}
        bases = [system.base for system in self.asked]
        while bases:
            if base := bases.pop():
                found[base.name] = base
                bases.append(base.base)
        return [found[name] for name in sorted(found)]

    def margin_of(self, planned: Comparison | Slope) -> float | None:
        """The smallest effect that counts in a planned comparison or slope; None without a claim.

        The evidence of its claim may state one of its own; else it is the claim's.
        """
        claim = self.claims.claims.get(planned.claim)
        if claim is None:
            return None
        stated = [item for item in getattr(claim, "evidence", []) if planned in (item.__dict__.values())]
        return next((item.margin for item in stated if item.margin is not None), claim.margin)

    def told_with_margin(self, planned: Comparison | Slope) -> dict[str, Any]:
        """The cells of a planned comparison or slope, and its margin under the key ``margin`` if it has one."""
        margin = self.margin_of(planned)
        return planned.told() | ({} if margin is None else {"margin": margin})

    def conditions_on(self, dataset: Dataset) -> list[Condition]:
        """The conditions on a dataset, in the order of their table."""
        return [row for row in self.conditions.values() if row.dataset is dataset]
