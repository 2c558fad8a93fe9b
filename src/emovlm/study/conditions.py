"""What is asked and compared. A cell that names a row of another table is that row: ``condition.system.family``."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from emovlm.study import choices
from emovlm.study.fields import Id, OneOf, Text, Words, problem
from emovlm.study.row import ABOUT, NamedRow, RowOf
from emovlm.study.rows import Dataset, FrameSampler
from emovlm.study.systems import System


class Condition(NamedRow):
    """What is asked: a system about the clips of a dataset, from some frames, in a context."""

    name: Id = Field(alias="condition")
    system: Annotated[System, RowOf("systems")]
    dataset: Annotated[Dataset, RowOf("datasets")]
    frames: Annotated[FrameSampler, RowOf("frame_samplers")]
    context: Annotated[str, OneOf(lambda: list(choices.contexts()))] = Field(
        "none", description="what is shown beside the frames"
    )
    decision: Annotated[str, OneOf(choices.decisions)] = Field(
        None, validate_default=True,
        description="how scores become an answer; by default likelihood, or reply where a system gives no likelihoods",
    )  # fmt: skip
    claims: Words = Field([], description="claims that it bears on")
    published: Words = Field(
        [], description="published figures that it answers to: shuffle.ordered, fps.5, msce.keyframes, ..."
    )
    about: str | None = ABOUT

    @field_validator("decision", mode="before")
    @classmethod
    def _default_decision(cls, value: Any, info: ValidationInfo) -> Any:
        system = info.data.get("system")
        return value or ("reply" if system is not None and not system.scores else "likelihood")

    @property
    def texts(self) -> str | None:
        """The kind of texts that it shows, if any: motion, static or truth."""
        return choices.contexts()[self.context]


class Comparison(NamedRow):
    """A planned comparison of two conditions, or of two such differences.

    Those of a family are corrected together.
    """

    name: Id = Field(alias="comparison")
    claim: Text | None = Field(None, description="the claim whose margin it is measured by")
    a: Annotated[Condition, RowOf("conditions")]
    b: Annotated[Condition, RowOf("conditions")]
    minus_a: Annotated[Condition, RowOf("conditions")] | None = Field(
        None, description="of a difference of differences: (a - b) - (minus_a - minus_b)"
    )
    minus_b: Annotated[Condition, RowOf("conditions")] | None = Field(None, description="see minus_a")
    clips: Annotated[str, OneOf(choices.clip_groups)] = Field("all", description="which clips")
    metric: Annotated[str, OneOf(choices.metrics)]
    test: Literal["difference", "equivalence"] = "difference"
    family: Text = Field("all", description="its p is corrected together with those of the same family")
    about: str | None = ABOUT

    @model_validator(mode="after")
    def _fits(self) -> "Comparison":
        if (self.minus_a is None) != (self.minus_b is None):
            empty = "minus_a" if self.minus_a is None else "minus_b"
            raise problem("the cell is empty, but a difference of differences needs minus_a and minus_b", empty)
        return self

    @property
    def asked(self) -> list[Condition]:
        """All conditions that it compares."""
        return [row for row in (self.a, self.b, self.minus_a, self.minus_b) if row is not None]
