"""Where a job ran: machine, accelerators, installed packages, state of the repository. Standard library only."""

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

SETS = ("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile")


def machine() -> dict[str, Any]:
    """Host, operating system, processor, memory, accelerators, and the job's number on a cluster."""
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "accelerators": accelerators(),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
    }


def processor() -> str | None:
    """The processor's name, and the instruction sets by which libraries choose their arithmetic."""
    name, flags = (_first(rf"{key}\s*:\s*(.+)", "/proc/cpuinfo") for key in ("model name", "flags"))
    sets = [each for each in SETS if flags and each in flags.split()]
    return f"{name} ({', '.join(sets)})" if name and sets else name


def accelerators() -> list[str]:
    """Names of the NVIDIA cards that the job may use."""
    cards = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    names = [_first(r"Model:\s*(.+)", card) or "unknown" for card in cards]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return names
    chosen = [int(number) for number in visible.split(",") if number.strip().isdigit()]
    return [names[number] for number in chosen if number < len(names)]


def environment(file: str) -> dict[str, Any]:
    """How packages were deployed, and every one installed, by its lower-case name.

    Args:
        file: the rule's environment file.
    """
    conda = Path(sys.prefix, "conda-meta").is_dir()
    return {
        "file": file,
        "deployment": "conda" if conda else "venv" if sys.prefix != sys.base_prefix else "system",
        "python": platform.python_version(),
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """Version of each package of this Python, read off the names of their metadata folders."""
    found = {}
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in os.scandir(folder):
            if match := re.fullmatch(r"(.+?)-([^-]+)\.dist-info", entry.name):
                found[plain(match[1])] = match[2]
    return dict(sorted(found.items()))


def plain(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def repository() -> dict[str, Any] | None:
    """Commit, and whether files differ from it (ignored ones apart); None outside a git repository."""
    if not shutil.which("git"):
        return None
    commit = _git("rev-parse", "HEAD")
    return commit and {"commit": commit, "dirty": _git("status", "--porcelain") != ""}


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _first(pattern: str, path: str | Path) -> str | None:
    try:
        match = re.search(pattern, Path(path).read_text(errors="replace"))
    except OSError:
        return None
    return match and match[1].strip()
