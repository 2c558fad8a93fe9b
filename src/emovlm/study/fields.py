"""The base class of a study's models, and types of values that several of them use."""

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator
from pydantic import WithJsonSchema as Schema
from pydantic_core import PydanticCustomError, core_schema


def problem(says: str, *key: str) -> PydanticCustomError:
    """What a validator raises: a sentence, and the key or column inside the model that it is about."""
    return PydanticCustomError("study", "{says}", {"says": says, "key": key})


def meant(name: str, names: Sequence[str]) -> str:
    """A question for the name that is most like a wrong one, or nothing."""
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}? " if close else ""


class Model(BaseModel):
    """A group of values that people write. It cannot be changed, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True)

    @classmethod
    def keys_allowed(cls) -> list[str]:
        """The keys (columns of a table) as people write them."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def allows(cls, key: str) -> bool:
        """Whether a key may be there."""
        return key in cls.keys_allowed() or key in cls.model_fields

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        for key in values:
            if not cls.allows(key):
                keys = cls.keys_allowed()
                raise problem(f"there is no such key. {meant(str(key), keys)}Allowed are {', '.join(keys)}", str(key))
        return values

    def told(self) -> dict[str, Any]:
        """The values as JSON has them, by the keys that people write: without empty ones, and rows by their names."""
        values = {field.alias or name: getattr(self, name) for name, field in type(self).model_fields.items()}
        return {key: _plain(value) for key, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Named):
        return value.name
    if isinstance(value, Model):
        return value.told()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


class Named(Model):
    """A model that others refer to by its name."""

    name: str

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    __str__ = __repr__


def matching(pattern: str, says: str) -> Any:
    """Type of a text that matches ``pattern`` as a whole; ``says`` describes such a text."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise problem(f"{value!r} is not {says}")
        return value

    return Annotated[str, AfterValidator(check), Schema({"type": "string", "pattern": f"^({pattern})$"})]


@dataclass(frozen=True)
class OneOf:
    """Annotation of a text that is one of ``names()``, which are asked for when a value is checked."""

    names: Callable[[], Sequence[str]]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.names())}

    def check(self, value: str) -> str:
        """The value itself.

        Raises:
            PydanticCustomError: it is none of the names.
        """
        if value not in self.names():
            raise problem(not_one_of(value, self.names()))
        return value


def not_one_of(value: Any, names: Sequence[Any]) -> str:
    """What to say of a value that is none of the allowed ones."""
    return f"{value!r} is not one of {', '.join(map(str, names))}"


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise problem(f"{value!r} is not a number")
    return value


def _different(values: list[Any]) -> list[Any]:
    for value in values:
        if values.count(value) > 1:
            raise problem(f"{value!r} is listed twice")
    return values


def or_default(number: type[int] | type[float], says: str) -> Any:
    """Type of a number from 0, read from text, or the word ``default``; ``says`` describes such a number."""

    def check(value: Any) -> Any:
        if value in (None, "default"):
            return value
        try:
            found = number(value)
        except ValueError:
            found = -1
        if not 0 <= found < math.inf:
            raise problem(f"{value!r} is neither default nor {says}")
        return found

    allowed = {"anyOf": [{"type": "number", "minimum": 0}, {"const": "default"}]}
    return Annotated[Any, PlainValidator(check), Schema(allowed)]


Id = matching("[a-z0-9-]+", "an id: write lower-case letters, digits and hyphens")
Sha256 = matching("[0-9a-f]{64}", "a SHA-256: 64 digits and letters a to f")
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
# A number as it is written: 60 stays 60 where a float would become 60.0.
Number = Annotated[float, PlainValidator(_number), Schema({"type": "number"})]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AboveZero = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Different = AfterValidator(_different)
Words = Annotated[
    list[str],
    BeforeValidator(lambda value: value.split() if isinstance(value, str) else value),
    Schema({"type": "string", "description": "words separated by spaces"}),
]
