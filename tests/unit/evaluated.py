"""What the tests of the evaluation share: a few real clips, tiny models, and the command in a process of its own."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emovlm.cli import main
from emovlm.synface.rendering.video import write_mp4

ROOT = Path(__file__).resolve().parents[2]
LABELS = ("angry", "happy", "sad")


def make_clips(folder: Path, labels=LABELS, n=2, frames=20, side=64) -> Path:
    """``n`` clips a label in a folder a class, at 10 frames a second: a square of the label's grey that moves."""
    for k, label in enumerate(labels):
        for i in range(n):
            pixels = np.full((frames, side, side, 3), 40 + 60 * k, np.uint8)
            for t in range(frames):
                pixels[t, 8 : 24 + 8 * i, t : t + 16] = 220 - 40 * k
            write_mp4(folder / label / f"{i}.mp4", pixels, 10.0, crf=20)
    return folder


def command(*arguments: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``emovlm``."""
    return subprocess.run(
        [sys.executable, "-m", "emovlm.cli", *map(str, arguments)],
        cwd=cwd, env=environment(**variables), capture_output=True, text=True, check=False,
    )  # fmt: skip


def command_here(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``emovlm`` in this process, which has imported its libraries: another takes five seconds to do that."""
    said, failed = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["emovlm", *map(str, arguments)])
        code = main()
    return subprocess.CompletedProcess(sys.argv, code, said.getvalue(), failed.getvalue())


def environment(**variables: str) -> dict[str, str]:
    """Of a process that finds the package and asks no network."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1", "COLUMNS": "100", **variables}
