"""Planned slopes of recall on how often a class's name was read."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from emovlm.study.conditions import Condition
from emovlm.study.fields import Different, Id, Text, problem
from emovlm.study.row import ABOUT, NamedRow, RowOf
from emovlm.study.systems import System

Conditions = Annotated[
    list[Annotated[Condition, RowOf("conditions")]],
    Different,
    BeforeValidator(lambda value: value.split() if isinstance(value, str) else value),
    WithJsonSchema({"type": "string", "description": "ids in the table conditions, separated by spaces"}),
]


class Slope(NamedRow):
    """A planned slope of recall on the logarithm of how often a class was named."""

    name: Id = Field(alias="slope")
    claim: Text | None = Field(None, description="the claim whose margin it is measured by")
    conditions: Conditions = Field(
        description="of within: organisms that read different captions; of across: one condition"
    )
    classes: Literal["all", "changed"] = Field(
        "all", description="changed: of within, only classes that the conditions' captions name unequally often"
    )
    kind: Literal["within", "across"] = Field(
        description="within: does a class's recall change between conditions as its exposure does; across: does recall "
        "go over the classes with the frequency of their words, more than in the condition minus"
    )
    minus: Annotated[Condition, RowOf("conditions")] | None = Field(
        None, description="of across: a condition whose slope is taken off, such as one that never saw a word"
    )
    about: str | None = ABOUT

    @model_validator(mode="after")
    def _fits(self) -> "Slope":
        if self.kind == "within":
            self._has_no(("minus",), "a slope within classes")
            self._has_captions_of_its_own()
        else:
            self._needs(("minus",), "a slope across classes")
            if len(self.conditions) > 1:
                raise problem(f"{len(self.conditions)} are listed, but a slope across classes has one", "conditions")
            if self.classes == "changed":
                raise problem("changed is for slopes within classes alone; write all", "classes")
        for other in self.asked[1:]:
            if other.dataset is not self.asked[0].dataset:
                raise problem(f"{other.name} and {self.asked[0].name} are on different datasets", "conditions")
        return self

    def _has_captions_of_its_own(self) -> None:
        variants = {row.name: captions_of(row.system) for row in self.conditions}
        for name, variant in variants.items():
            if variant is None:
                raise problem(f"the system of {name} was not pretrained here, so what it read is unknown",
                              "conditions")  # fmt: skip
        if len(set(variants.values())) < max(2, len(variants)):
            raise problem("a slope within classes needs two or more organisms of different variants", "conditions")

    @property
    def asked(self) -> list[Condition]:
        """All conditions that it is computed from."""
        return [*self.conditions, *([self.minus] if self.minus else [])]


def captions_of(system: System) -> str | None:
    """The variant of the captions that a system, or the one it is fine-tuned from, was pretrained on."""
    if system.variant:
        return system.variant.name
    return captions_of(system.base) if system.base else None


def conditions_of(slopes: Iterable[Slope]) -> list[str]:
    """The conditions that slopes are computed from, each once."""
    return list(dict.fromkeys(row.name for slope in slopes for row in slope.asked))


def captions_read(slopes: Iterable[Slope]) -> dict[str, str]:
    """The variant of the captions that each condition of the slopes within classes read."""
    return {row.name: captions_of(row.system) for slope in slopes if slope.kind == "within" for row in slope.conditions}
