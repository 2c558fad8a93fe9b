"""Pictures to look at a rendered corpus by: apex frames of every class, and clips as strips of frames over time."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.core.files import atomic
from emovlm.core.hashing import rng
from emovlm.synface.dataset import write_script
from emovlm.synface.face.canvas import make_canvas
from emovlm.synface.face.identity import make_identity
from emovlm.synface.face.rig import Rig
from emovlm.synface.motion.expression import CLASSES, ORDER_PAIRS, Event
from emovlm.synface.rendering.render import Renderer
from emovlm.synface.rendering.video import read_mp4

LABEL_WIDTH, GAP = 150, 2  # px
ASIDE_DEG = 12  # a head turned further than this is seen from the side
MARGIN_S = 0.12  # shown before and after a micro-expression


class Row(NamedTuple):
    """One row of a picture: what it says at the left, and its frames."""

    text: str
    faces: list[np.ndarray]


def contact_sheet(clips: pd.DataFrame, folder: str | Path, columns: int = 8, tile: int = 84) -> Image.Image:
    """Lay out one apex frame of up to ``columns`` people for each class, decoded from the clips.

    Macro-expressions seen from the front come first; a neutral clip shows its middle frame. Order-dependent clips,
    which show two expressions, are left out.

    Args:
        clips: a ``CLIP_TRUTH`` table.
        folder: where its MP4 files lie.
        tile: px, side of one face.

    Raises:
        StudyError: the table is empty or a clip cannot be read.
    """
    single = _single(clips)
    aside = single["yaw_deg"].abs().gt(ASIDE_DEG)
    single = single.assign(aside=aside).sort_values(["micro", "aside", "clip_id"], kind="stable")
    rows = []
    for label in [label for label in CLASSES if (single["label"] == label).any()]:
        chosen = single[single["label"] == label].drop_duplicates("identity").head(columns)
        rows.append(Row(label, [_apex_of(clip, Path(folder)) for clip in chosen.itertuples()]))
    return _layout(rows, columns, tile)


def apex_sheet(plan: pd.DataFrame, rig: Rig, seed: int, size: int, supersampling: int, people: int = 9) -> Image.Image:
    """Render the apex of the first clips of each class, each of another person, at ``size`` px without compression.

    Heads are turned and lit as in the clips; micro-expressions and order-dependent clips are left out.

    Args:
        plan: a ``CLIP_PLAN`` table.

    Raises:
        StudyError: the plan is empty.
    """
    canvas = make_canvas(rig)
    renderer = Renderer(rig, canvas, size, supersampling)
    single = _single(plan)
    single = single[~single["micro"]].sort_values("name")
    rows = []
    for label in [label for label in CLASSES if (single["label"] == label).any()]:
        faces = []
        for _, clip in single[single["label"] == label].drop_duplicates("identity").head(people).iterrows():
            script = write_script(clip, size)
            apex = _nearest(script.event, len(script.t), float(clip["fps"]))
            identity = make_identity(rig, canvas, seed, clip["identity"])
            action, pose = script.action[apex : apex + 1], script.pose[apex : apex + 1]
            faces += list(renderer.clip(identity, script.scene, action, pose, script.lean, rng(clip["seed"], "grain")))
        rows.append(Row(label, faces))
    return _layout(rows, people, size)


def strips(clips: pd.DataFrame, folder: str | Path, columns: int = 10, tile: int = 84) -> Image.Image:
    """Show clips over time: one of each class, an order-dependent one and its mirror image, and a micro-expression.

    Frames are evenly spaced from the first to the last; the micro-expression's from just before it to just after.
    Rows for which the corpus has no clip are left out.

    Args:
        clips: a ``CLIP_TRUTH`` table.
        folder: where its MP4 files lie.

    Raises:
        StudyError: the table is empty or a clip cannot be read.
    """
    clips = clips.sort_values("clip_id")
    single = _single(clips)
    front = single[single["yaw_deg"].abs() <= ASIDE_DEG]
    macro = front[~front["micro"]].drop_duplicates("label").set_index("label")
    chosen = [(label, macro.loc[label]) for label in CLASSES if label in macro.index]
    chosen += [(f"{clip['order']},\nthen {clip['label']}", clip) for clip in _mirrored(clips)]
    chosen += [(f"micro-expression:\n{clip['label']}", clip) for _, clip in front[front["micro"]].head(1).iterrows()]
    rows = []
    for text, clip in chosen:
        frames, fps = _read(clip["clip_id"], Path(folder))
        start, end = 0.0, (len(frames) - 1) / fps
        if clip["micro"]:
            start, end = max(start, clip["onset_s"] - MARGIN_S), min(end, clip["offset_s"] + MARGIN_S)
        shown = np.rint(np.linspace(start, end, columns) * fps).astype(int)
        rows.append(Row(f"{text}\n{start:.1f}-{end:.1f} s", [frames[k] for k in shown]))
    return _layout(rows, columns, tile)


def _single(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["order"].isna()]


def _mirrored(clips: pd.DataFrame) -> list[pd.Series]:
    """The first order-dependent clip seen from the front, and its mirror image; nothing if there is none."""
    moving = clips[clips["order"].notna() & (clips["yaw_deg"].abs() <= ASIDE_DEG)]
    for first, second in ORDER_PAIRS:
        one = moving[(moving["order"] == first) & (moving["label"] == second)]
        other = moving[(moving["order"] == second) & (moving["label"] == first)]
        for _, clip in one.iterrows():
            same = (other["identity"] == clip["identity"]) & np.isclose(other["yaw_deg"], clip["yaw_deg"])
            if same.any():
                return [clip, other[same].iloc[0]]
    return []


def _nearest(event: Event | None, n_frames: int, fps: float) -> int:
    """The frame in the middle of the apex, or of the clip where nothing happens."""
    middle = n_frames // 2 if event is None else round((event.apex + event.apex_end) / 2 * fps)
    return min(middle, n_frames - 1)


def _apex_of(clip: object, folder: Path) -> np.ndarray:
    frames, fps = _read(clip.clip_id, folder)
    times = (clip.onset_s, clip.apex_s, clip.apex_end_s, clip.offset_s)
    return frames[_nearest(None if pd.isna(clip.apex_s) else Event(*times), len(frames), fps)]


def _read(clip_id: str, folder: Path) -> tuple[np.ndarray, float]:
    path = folder / f"{clip_id.split('/')[-1]}.mp4"
    notes.read(path)
    return read_mp4(path)


def _layout(rows: list[Row], columns: int, tile: int) -> Image.Image:
    """One row of faces under another, each scaled to ``tile`` px, with the rows' texts at the left."""
    if not rows:
        raise StudyError("sheet: no clip to show; the table of clips is empty, or has none of a single expression")
    sheet = Image.new("RGB", (LABEL_WIDTH + columns * (tile + GAP), len(rows) * (tile + GAP)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for i, row in enumerate(rows):
        top = i * (tile + GAP)
        place = (LABEL_WIDTH - 8, top + tile / 2)
        pen.multiline_text(place, row.text, fill="black", font=font, anchor="rm", align="right")
        for j, face in enumerate(row.faces):
            picture = Image.fromarray(face).resize((tile, tile), Image.Resampling.LANCZOS)
            sheet.paste(picture, (LABEL_WIDTH + j * (tile + GAP), top))
    return sheet


def save_sheet(sheet: Image.Image, path: str | Path, small: bool = False) -> None:
    """Write the sheet as a PNG; ``small``: with a palette of 256 colours, which leaves steps in smooth shades."""
    if small:
        sheet = sheet.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    with atomic(path) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)
