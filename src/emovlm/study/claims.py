"""Claims of a study as tests with margins that are fixed before the run (``claims.yaml``)."""

import dataclasses
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field, create_model

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_yaml
from emovlm.statistics.claims import AboveZero as Positive
from emovlm.statistics.claims import Metric
from emovlm.statistics.claims import RowOf as Id
from emovlm.study import choices
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.fields import AboveZero, Model, Number, OneOf, Text, matching
from emovlm.study.row import RowOf
from emovlm.study.rows import FrameSampler
from emovlm.study.slopes import Slope
from emovlm.study.tables import validated

ClaimId = matching("[A-Za-z0-9-]+", "an id: write letters, digits and hyphens")


class Claim(Model):
    """A claim."""

    statement: Text
    kind: Annotated[str, OneOf(lambda: list(choices.claim_kinds()))] = Field(description="how it is judged")
    margin: AboveZero = Field(description="the smallest effect that counts, in the unit of the evidence")


ROWS = {"conditions": Condition, "comparisons": Comparison, "slopes": Slope, "frame_samplers": FrameSampler}


@cache
def model_of(kind: str) -> type[Claim]:
    """The model of a kind of claim: the keys that all have, and those that its entry in ``CLAIM_KINDS`` lists."""
    entry = choices.claim_kinds()[kind]
    return create_model(kind, __base__=Claim, __doc__=entry.about, **_keys(entry.keys))


def _keys(listed: type) -> dict[str, Any]:
    """The fields of a dataclass, for a model with the same: a key that names a row is that row."""
    hints = get_type_hints(listed, include_extras=True)
    absent = [field.name for field in dataclasses.fields(listed) if field.default is not dataclasses.MISSING]
    defaults = {name: getattr(listed, name) for name in absent}
    return {name: (_type_of(hint), defaults.get(name, ...)) for name, hint in hints.items()}


def _type_of(hint: Any) -> Any:
    if dataclasses.is_dataclass(hint):
        return create_model(hint.__name__, __base__=Model, __doc__=hint.__doc__, **_keys(hint))
    if get_origin(hint) is list:
        return Annotated[list[_type_of(*get_args(hint))], Field(min_length=1)]
    if get_origin(hint) is Annotated:
        if any(isinstance(each, Metric) for each in get_args(hint)[1:]):
            return Annotated[str, OneOf(choices.all_metrics)]
        if any(isinstance(each, Positive) for each in get_args(hint)[1:]):
            return AboveZero | None
        tables = [each.table for each in get_args(hint)[1:] if isinstance(each, Id)]
        return Annotated[ROWS[tables[0]], RowOf(tables[0])] if tables else hint
    return hint


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
    if isinstance(values, dict) and kind not in choices.claim_kinds():  # the kind says which other keys there are
        return validated(Claim, {key: value for key, value in values.items() if key in Claim.model_fields}, where)
    return validated(model_of(kind) if isinstance(values, dict) else Claim, values, where, context)
