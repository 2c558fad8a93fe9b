"""A study: its config and the rows of its tables, all checked."""

from dataclasses import dataclass

from emovlm.study.claims import Claims
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.config import Config
from emovlm.study.rows import Dataset, FrameSampler, LexiconEntry, Source, TrainingSampler
from emovlm.study.systems import System


@dataclass(frozen=True)
class Study:
    """A valid study; rows are by id, in the order of their tables: ``study.conditions["x"].system.family``."""

    config: Config
    datasets: dict[str, Dataset]
    systems: dict[str, System]
    frame_samplers: dict[str, FrameSampler]
    training_samplers: dict[str, TrainingSampler]
    conditions: dict[str, Condition]
    comparisons: dict[str, Comparison]
    sources: list[Source]
    lexicon: list[LexiconEntry]
    claims: Claims

    @property
    def classes(self) -> list[str]:
        """The classes by their names in the lexicon, in its order."""
        return [row.name for row in self.lexicon]

    @property
    def tested(self) -> list[Dataset]:
        """The datasets that a condition asks about, by name."""
        return sorted({row.dataset for row in self.conditions.values()}, key=lambda dataset: dataset.name)

    @property
    def asked(self) -> list[System]:
        """The systems that a condition asks, by name."""
        return sorted({row.system for row in self.conditions.values()}, key=lambda system: system.name)

    def conditions_on(self, dataset: Dataset) -> list[Condition]:
        """The conditions on a dataset, in the order of their table."""
        return [row for row in self.conditions.values() if row.dataset is dataset]
