"""The bill of materials is valid CycloneDX, and names every package that jobs recorded."""

import json
from importlib.resources import files

import pytest
from jsonschema import Draft7Validator
from packageurl import PackageURL
from referencing import Registry, Resource

from emovlm.provenance.materials import materials

PACKAGES = {"numpy": "2.4.6", "torch": "2.13.0+cpu"}


def record(file: str, ended: str, **packages: str) -> dict:
    """The part of a job's record that the bill of materials reads."""
    return {"ended": ended, "environment": {"file": file, "python": "3.11.7", "packages": {**PACKAGES, **packages}}}


RECORDS = [record("envs/a.yaml", "2026-11-01T10:00:00Z"), record("envs/b.yaml", "2026-11-01T11:00:00Z", numpy="2.5.0")]


@pytest.fixture(scope="module")
def bill() -> dict:
    records = [
        record("envs/a.yaml", "2026-11-01T10:00:00Z"),
        record("envs/b.yaml", "2026-11-01T11:00:00Z", numpy="2.5.0"),
    ]
    return json.loads(materials("embedded", records))


def test_it_is_valid_for_the_schema_of_the_standard(bill):
    folder = files("cyclonedx.schema") / "_res"
    schemas = [json.loads(path.read_text()) for path in folder.iterdir() if path.name.endswith(".schema.json")]
    known = Registry().with_resources([(each["$id"], Resource.from_contents(each)) for each in schemas])
    (own,) = (each for each in schemas if each["$id"].endswith("bom-1.6.schema.json"))
    check = Draft7Validator(own, registry=known)
    assert list(check.iter_errors(bill)) == []
    assert list(check.iter_errors({**bill, "components": [{"name": "x"}]}))  # the check can fail


def test_each_version_is_listed_once_with_the_environments_that_had_it(bill):
    found = {
        (each["name"], each["version"]): sorted(p["value"] for p in each["properties"]) for each in bill["components"]
    }
    both = ["envs/a.yaml", "envs/b.yaml"]
    versions = {("numpy", "2.4.6"): both[:1], ("numpy", "2.5.0"): both[1:], ("torch", "2.13.0+cpu"): both}
    assert found == {**versions, ("python", "3.11.7"): both}
    urls = {url.name: url for url in (PackageURL.from_string(each["purl"]) for each in bill["components"])}
    assert urls["torch"].type == "pypi" and urls["torch"].version == "2.13.0+cpu" and urls["python"].type == "generic"


def test_the_same_records_give_the_same_bytes_in_any_order():
    records = [
        record("envs/a.yaml", "2026-11-01T10:00:00Z"),
        record("envs/b.yaml", "2026-11-01T11:00:00Z", numpy="2.5.0"),
    ]
    assert materials("s", records) == materials("s", records[::-1]) != materials("t", records)
