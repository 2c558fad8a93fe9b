"""A study: its config and the rows of its tables, all checked."""

from dataclasses import dataclass

from emovlm.lexicon.terms import Term
from emovlm.study.claims import Claims
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.config import Config
from emovlm.study.rows import CaptionVariant, ClassRow, Dataset, FrameSampler, Source, TrainingSampler
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

    def conditions_on(self, dataset: Dataset) -> list[Condition]:
        """The conditions on a dataset, in the order of their table."""
        return [row for row in self.conditions.values() if row.dataset is dataset]
