"""The fields of a record and what each may hold; a record is checked against them when it is read back."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,  # fmt: skip
)

from emovlm.provenance.records.record import VERSION, Record

Path = Annotated[str, Field(pattern=r"(?s)^(?!/)(?!.*(^|/)\.\.(/|$))[^\x00]+$")]
"""Relative to the study, or ``<dataset>/...`` for one elsewhere."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Time = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"),
    AfterValidator(lambda text: datetime.fromisoformat(text) and text),
]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Counted = Annotated[int, Field(ge=1, lt=2**63)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Files = dict[str, Path | list[Path] | dict[str, Path]]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, regex_engine="python-re")


class _Described(_Fields):
    """The description of the job, as its script read it (:mod:`emovlm.core.job`)."""

    rule: str
    script: Path
    code: str
    wildcards: dict[str, str]
    params: dict[str, Any]
    inputs: Files
    outputs: Files


class _Input(_Fields):
    """``noted``: told by the job itself (clips, answer stores), not declared by its rule."""

    path: Path
    sha256: Sha256 | None  # none: there was no such file
    noted: bool


class _Output(_Fields):
    path: Path
    sha256: Sha256
    bytes: Whole
    since: Time
    noted: bool


class _Fetched(_Fields):
    """What came from outside the study, and what fixes its content: ``sha256:...`` or ``commit:...``."""

    name: str
    pin: str


class _Environment(_Fields):
    file: Path
    deployment: Literal["venv", "conda", "system"]
    python: str
    packages: dict[str, str]


class _Git(_Fields):
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    dirty: bool


class _Machine(_Fields):
    host: str
    system: str
    processor: str | None
    cores: Counted
    memory_bytes: Counted
    accelerators: list[str]
    slurm_job: str | None


class _Record(_Fields):
    version: Literal[VERSION]
    job: _Described
    config: list[Path]  # that override config.yaml, in their order
    seeds: dict[str, int]
    inputs: list[_Input]
    outputs: Annotated[list[_Output], Field(min_length=1)]
    fetched: list[_Fetched]
    datasets: dict[str, str]  # licence of each dataset whose files the job read or wrote
    environment: _Environment
    git: _Git | None
    machine: _Machine
    started: Time
    ended: Time
    seconds: Seconds
    cpu_seconds: Seconds  # of the job's processes
    peak_memory_bytes: Whole  # of the largest process of the job
    digest: Sha256


def what_is_wrong(record: Record) -> str | None:
    """The first field that a record may not hold so, and why; None if there is none."""
    try:
        _Record.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None
