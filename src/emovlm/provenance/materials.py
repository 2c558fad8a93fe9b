"""The bill of materials: what software made the results, in the form that scanners for known faults read (CycloneDX).

Source: CycloneDX 1.6 (ECMA-424); packages are named by package URLs, as vulnerability databases name them.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from emovlm.core.hashing import sha256_json
from emovlm.provenance.records.record import Record

MEDIA_TYPE = "application/vnd.cyclonedx+json"


def materials(study: str, records: Iterable[Record]) -> str:
    """The bill of materials of a study as JSON; the same records give the same bytes.

    Args:
        study: its name.
        records: of all its jobs. Each says which packages were installed where it ran; a package that was there in
            several versions is listed with each, and with the environment files of its jobs.
    """
    where: dict[tuple[str, str], set[str]] = {}
    ended = []
    for record in records:
        environment = record["environment"]
        ended.append(record["ended"])
        for package in [*environment["packages"].items(), ("python", environment["python"])]:
            where.setdefault(package, set()).add(environment["file"])
    bom = Bom(
        components=[_component(*package, sorted(files)) for package, files in where.items()],
        serial_number=uuid.UUID(sha256_json([study, sorted(where), max(ended)])[:32], version=4),
    )
    bom.metadata.timestamp = datetime.fromisoformat(max(ended))
    bom.metadata.component = Component(name=study, type=ComponentType.APPLICATION, bom_ref=study)
    bom.register_dependency(bom.metadata.component, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=1)


def _component(name: str, version: str, files: list[str]) -> Component:
    """A package of the Python Package Index, or Python itself."""
    python = name == "python"
    url = PackageURL("generic" if python else "pypi", name=name, version=version)
    return Component(
        name=name, version=version, type=ComponentType.PLATFORM if python else ComponentType.LIBRARY, purl=url,
        bom_ref=str(url), properties=[Property(name="emovlm:environment", value=file) for file in files],
    )  # fmt: skip
