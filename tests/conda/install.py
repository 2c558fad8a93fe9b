"""A real conda and a channel that it can create the study's environments from, out of the Python Package Index alone.

    python tests/conda/install.py FOLDER      then: PATH=FOLDER/cmd:$PATH make study PROFILE=profiles/conda

conda 24.7.1, the oldest that Snakemake takes, is inside the wheel of conda-lock, complete but for its import prefix. It
uses the classic solver, which needs no more than these packages. Only FOLDER/cmd belongs on PATH: FOLDER/bin has a
Python. ``conda-meta/history`` makes FOLDER a conda installation, and Snakemake sources its ``bin/activate``.

No conda channel is asked. The channel ``conda-forge`` in FOLDER/channels holds what the environment files want of it:
the Python that runs this, repackaged, and pip. Everything else is in their ``pip:`` section. The repackaged Python
borrows its shared library from the original, so it works on this machine only. Conda's probe for a GPU can be left out
by ``CONDA_OVERRIDE_CUDA=``.
"""

import bz2
import hashlib
import io
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
CONDA_LOCK, VENDORED = "conda-lock==4.0.3", "conda_lock/_vendor/conda/"
PYTHON = "{}.{}.{}".format(*sys.version_info)
# Parts of the standard library that no environment needs; packages belong to the environments.
LEFT_OUT = {"test", "tests", "idlelib", "turtledemo", "tkinter", "lib2to3", "site-packages", "__pycache__", "ensurepip"}

CONDA = """\
#!{folder}/bin/python
import sys

if __name__ == "__main__":  # conda's probe for a GPU starts a process of its own
    from conda.cli import main

    sys.exit(main())
"""
ACTIVATE = 'eval "$("{folder}/bin/conda" shell.posix activate "$1")"\n'
CONDARC = """\
channel_alias: file://{folder}/channels
channels: [conda-forge]
channel_priority: strict
solver: classic
notify_outdated_conda: false
auto_update_conda: false
register_envs: false
"""

Files = dict[str, bytes]  # of a package, by path


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check_interpreter()
    folder = Path(sys.argv[1]).resolve()
    pips = pinned_pips(HERE.parents[1] / "envs")
    made_of = repr([sys.version, sys.base_prefix, pips, Path(__file__).read_text(), REQUIREMENTS.read_text()])
    made = folder / "made-of.txt"
    if not made.exists() or made.read_text() != made_of:
        if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
            sys.exit(f"{folder}: there is something else in this folder; name another one")
        shutil.rmtree(folder, ignore_errors=True)
        install_conda(folder)
        build_channel(folder / "channels" / "conda-forge", pips)
        made.write_text(made_of)
    print(folder / "cmd" / "conda")


def check_interpreter() -> None:
    """The Python that runs this must be one that can be repackaged; otherwise end with a message."""
    if sys.version_info[:2] != (3, 11) or not sys.platform.startswith("linux"):
        sys.exit(f"the environments need Python 3.11 on Linux; this is {PYTHON} on {sys.platform}")
    if "deb_system" in sysconfig.get_scheme_names():
        sys.exit(
            f"{sys.base_prefix}: this Python looks for packages where only a Debian system has them and cannot be"
            " repackaged; name another one, for example of pyenv: make PYTHON=/path/to/python3.11"
        )


def install_conda(folder: Path) -> None:
    """Make ``folder`` a conda installation, with ``cmd/conda``."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "--no-deps", "--requirement", REQUIREMENTS], check=True)
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([*pip, "download", "--no-deps", "--dest", wheels, CONDA_LOCK], check=True)
        (wheel,) = Path(wheels).glob("*.whl")
        packages = folder / "lib" / "python3.11" / "site-packages"
        for path, data in wheel_files(wheel):
            if path.startswith(VENDORED):
                target = packages / "conda" / path.removeprefix(VENDORED)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data.replace(b"conda_lock._vendor.conda", b"conda"))
    for place, text in {"bin/conda": CONDA, "bin/activate": ACTIVATE, ".condarc": CONDARC}.items():
        (folder / place).write_text(text.format(folder=folder))
    (folder / "bin" / "conda").chmod(0o755)
    (folder / "conda-meta").mkdir()
    (folder / "conda-meta" / "history").touch()
    (folder / "cmd").mkdir()
    (folder / "cmd" / "conda").symlink_to("../bin/conda")


def pinned_pips(environments: Path) -> list[str]:
    """The versions of pip that the environment files pin."""
    lines = {line.strip() for file in environments.glob("*.yaml") for line in file.read_text().splitlines()}
    return sorted(line.removeprefix("- pip=") for line in lines if line.startswith("- pip="))


def build_channel(channel: Path, pips: list[str]) -> None:
    """Write a conda channel with this Python and these versions of pip."""
    packages = {"linux-64": [python_package(channel)], "noarch": [pip_package(channel, version) for version in pips]}
    for subdir, made in packages.items():
        index = {"info": {"subdir": subdir}, "packages": dict(made), "packages.conda": {}, "repodata_version": 1}
        (channel / subdir / "repodata.json").write_text(json.dumps(index))


def python_package(channel: Path) -> tuple[str, dict]:
    """Repackage the Python that runs this, without its tests and graphical parts."""
    library = Path(sysconfig.get_path("stdlib"))
    files = {"bin/python3.11": Path(sys.executable).resolve().read_bytes()}
    for path in sorted(library.rglob("*")):
        inside = path.relative_to(library)
        if not LEFT_OUT & set(inside.parts) and path.suffix not in (".a", ".o") and path.is_file():
            files[f"lib/python3.11/{inside}"] = path.read_bytes()
    links = {"bin/python": "python3.11", "bin/python3": "python3.11"}
    return write_package(channel, files, links, name="python", version=PYTHON, subdir="linux-64", depends=[])


def pip_package(channel: Path, version: str) -> tuple[str, dict]:
    """Repackage pip's wheel."""
    with tempfile.TemporaryDirectory() as wheels:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        subprocess.run([*pip, "--no-deps", "--dest", wheels, f"pip=={version}"], check=True)
        (wheel,) = Path(wheels).glob("*.whl")
        files = {f"site-packages/{path}": data for path, data in wheel_files(wheel)}
    link = {"noarch": {"type": "python", "entry_points": ["pip = pip._internal.cli.main:main"]}}
    files["info/link.json"] = json.dumps({**link, "package_metadata_version": 1}).encode()
    return write_package(
        channel, files, {}, name="pip", version=version, subdir="noarch", depends=["python"], noarch="python"
    )


def write_package(channel: Path, files: Files, links: dict[str, str], **index) -> tuple[str, dict]:
    """Write a package into a channel.

    Args:
        files: by path; those under ``info/`` are for conda alone.
        links: target of each symbolic link.
        index: what ``info/index.json`` says.

    Returns:
        The package's file name, and its entry in the channel's index.
    """
    index = {"build": "0", "build_number": 0, **index}
    listed = [path for path in [*files, *links] if not path.startswith("info/")]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = {"info/index.json": json.dumps(index).encode(), "info/files": "\n".join(listed).encode()}
        for path, data in {**info, **files}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(data))
        for path, target in links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    data = bz2.compress(packed.getvalue(), compresslevel=1)
    path = channel / index["subdir"] / f"{index['name']}-{index['version']}-{index['build']}.tar.bz2"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    found = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return path.name, {**index, **found}


def wheel_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel, by path."""
    with zipfile.ZipFile(wheel) as archive:
        for path in archive.namelist():
            if not path.endswith("/"):
                yield path, archive.read(path)


if __name__ == "__main__":
    main()
