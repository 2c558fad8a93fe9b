"""Write requirements.hashes.txt: the pins of requirements.txt with the hashes of their files on the package index.

    python workflow/hashes.py      (or make hashes; needs a network)

torch and torchvision are left out: pip takes hashes for all packages of a file or for none, and the builds of these two
for CPUs and for CUDA come from several places and need different further packages.
"""

import json
from urllib.request import Request, urlopen

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from workflow.environments import ROOT, requirements

INDEX = "https://pypi.org/simple"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}  # PEP 691
BY_BUILD = {"torch", "torchvision"}
OUT = ROOT / "requirements.hashes.txt"
HEAD = "# Written by `make hashes` of requirements.txt; torch and torchvision have several builds, and are not here.\n"


def fits(filename: str) -> bool:
    """Whether CPython 3.11 on Linux may install a file."""
    if not filename.endswith(".whl"):
        return True
    tags = parse_wheel_filename(filename)[3]
    return any(
        tag.interpreter in ("py3", "cp311") or (tag.abi == "abi3" and int(tag.interpreter[3:]) <= 11)
        for tag in tags
        if tag.platform == "any" or "linux" in tag.platform
    )


def version_of(filename: str) -> str | None:
    """The version of a wheel or a source archive; None for files of other kinds."""
    try:
        parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
        return str(parse(filename)[1])
    except ValueError:
        return None


def hashes(name: str, version: str) -> list[str]:
    """SHA-256 of the files of a release that fit, sorted."""
    with urlopen(Request(f"{INDEX}/{canonicalize_name(name)}/", headers=JSON), timeout=60) as answer:
        files = json.load(answer)["files"]
    found = {
        each["hashes"]["sha256"] for each in files if version_of(each["filename"]) == version and fits(each["filename"])
    }
    if not found:
        raise SystemExit(f"error: {name}=={version}: the index has no file of this release for Python 3.11 on Linux")
    return sorted(found)


def main() -> None:
    lines = [HEAD]
    for name, version in requirements().items():
        if name not in BY_BUILD:
            listed = [f"--hash=sha256:{each}" for each in hashes(name, version)]
            lines.append(" \\\n    ".join([f"{name}=={version}", *listed]) + "\n")
    OUT.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
