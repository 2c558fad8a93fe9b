"""What an audit found."""

from dataclasses import asdict, dataclass, field
from typing import Any

from emovlm.provenance.records.record import Record


@dataclass(frozen=True)
class Finding:
    """One break of the chain.

    ``kind``: changed, missing, unrecorded, orphan, forged, seal, code, config, declared, environment, unpinned, licence
    or times. ``job`` is the job that it belongs to, ``path`` the file; ``says`` is a sentence, ``do`` what to do.
    """

    kind: str
    path: str
    says: str
    do: str
    job: str | None = None


@dataclass
class Report:
    """What an audit looked at, and what it found, the break nearest to the raw data first.

    ``seal`` is one hash over all records: whoever has noted it can tell whether any record was written anew since.
    ``records`` are all that were readable, by job.
    """

    results: str
    targets: list[str]
    jobs: list[str]
    files: int
    hashed: int
    seal: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {**{key: value for key, value in asdict(self).items() if key != "records"}, "ok": self.ok}
