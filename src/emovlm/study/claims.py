"""Claims of a study as tests with margins that are fixed before the run (``claims.yaml``)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_yaml
from emovlm.study import choices
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.fields import Model, NotNegative, Number, OneOf, Text, matching
from emovlm.study.row import RowOf
from emovlm.study.rows import FrameSampler
from emovlm.study.tables import validated

ClaimId = matching("[A-Za-z0-9-]+", "an id: write letters, digits and hyphens")


class Claim(Model):
    """A claim."""

    statement: Text
    kind: Annotated[str, OneOf(choices.claim_kinds)] = Field(description="how it is judged")
    margin: NotNegative = Field(description="the smallest effect that counts, in the unit of the evidence")


class LexicalClaim(Claim):
    """That recognition of an emotion follows how often its word is written."""

    subject: Annotated[Condition, RowOf("conditions")]
    intervention: Annotated[Condition, RowOf("conditions")] = Field(
        description="the same model, for which all emotions are named equally often"
    )
    permuted: Annotated[Condition, RowOf("conditions")] = Field(
        description="the same model, for which emotions are named as often as a permuted word list says"
    )
    control: Annotated[Condition, RowOf("conditions")] = Field(description="a system that never saw a word")
    language: Annotated[str, OneOf(choices.languages)] = "en"


class Evidence(Model):
    """What a planned comparison should show."""

    comparison: Annotated[Comparison, RowOf("comparisons")]
    expect: Literal["greater", "less", "equal"]


class ComparisonsClaim(Claim):
    """That planned comparisons come out as expected."""

    evidence: Annotated[list[Evidence], Field(min_length=1)]


class EventCoverageClaim(Claim):
    """That a frame sampler misses most short events."""

    sampler: Annotated[FrameSampler, RowOf("frame_samplers")]


MODELS = {"lexical": LexicalClaim, "comparisons": ComparisonsClaim, "event_coverage": EventCoverageClaim}
"""The model of each kind of claim."""


class Claims(Model):
    """All claims, and the level at which they are judged."""

    alpha: Annotated[Number, Field(gt=0, lt=1)] = 0.05
    claims: dict[ClaimId, Claim] = Field({}, description="by id")

    def of_kind(self, kind: str) -> dict[str, Any]:
        """The claims of one kind by id."""
        return {name: claim for name, claim in self.claims.items() if claim.kind == kind}


def read_claims(files: list[str], context: object) -> Claims:
    """The claims of all files; the first says at what level all are judged.

    Raises:
        StudyError: a file or a claim is wrong; the message names the file, the claim and the key.
    """
    claims: dict[str, Claim] = {}
    alpha: dict[str, Any] = {}
    for number, file in enumerate(files):
        found = read_yaml(file)
        stated = found.get("claims") if isinstance(found, dict) else None
        if not isinstance(stated, dict):
            raise StudyError(f"{file}: it should have the key claims, with the claims by their ids")
        if number and list(found) != ["claims"]:
            raise StudyError(f"{file}: it should have the key claims alone, for it comes after {files[0]}")
        if not number:
            alpha = {key: value for key, value in found.items() if key != "claims"}
            validated(Claims, alpha, file)
        for name, values in stated.items():
            if name in claims:
                raise StudyError(f"{file}: an earlier file has a claim {name} as well; ids must be unique")
            claims[name] = _read_claim(values, f"{file}, claim {name}", context)
    return validated(Claims, {**alpha, "claims": claims}, " and ".join(files))


def _read_claim(values: Any, where: str, context: object) -> Claim:
    kind = values.get("kind") if isinstance(values, dict) else None
    model = MODELS.get(kind)
    if model is None:
        model = Claim  # which says what is wrong
    return validated(model, values, where, context)
