"""A contact sheet of a rendered corpus: one row a class, faces at the apex, decoded from the real clips."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from emovlm.core.errors import StudyError
from emovlm.core.io import atomic
from emovlm.synface.expression import CLASSES
from emovlm.synface.video import read_mp4

LABEL_WIDTH, GAP = 120, 2  # px


def contact_sheet(clips: pd.DataFrame, folder: str | Path, columns: int = 8, tile: int = 84) -> Image.Image:
    """Lay out one apex frame of up to ``columns`` people for each class.

    Macro-expressions seen from the front come first; a neutral clip shows its middle frame.

    Args:
        clips: a ``CLIP_TRUTH`` table.
        folder: where its MP4 files lie.
        tile: px, side of one face.

    Raises:
        StudyError: the table is empty or a clip cannot be read.
    """
    labels = [label for label in CLASSES if (clips["label"] == label).any()]
    if not labels:
        raise StudyError("contact sheet: the table of clips is empty")
    sheet = Image.new("RGB", (LABEL_WIDTH + columns * (tile + GAP), len(labels) * (tile + GAP)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    for row, label in enumerate(labels):
        top = row * (tile + GAP)
        pen.text((LABEL_WIDTH - 8, top + tile / 2), label, fill="black", font=font, anchor="rm")
        for column, clip in enumerate(_chosen(clips[clips["label"] == label], columns).itertuples()):
            face = Image.fromarray(_apex(clip, Path(folder))).resize((tile, tile), Image.Resampling.LANCZOS)
            sheet.paste(face, (LABEL_WIDTH + column * (tile + GAP), top))
    return sheet


def _chosen(clips: pd.DataFrame, n: int) -> pd.DataFrame:
    aside = clips["yaw_deg"].abs().gt(12)
    order = clips.assign(aside=aside).sort_values(["micro", "aside", "clip_id"], kind="stable")
    return order.drop_duplicates("identity").head(n)


def _apex(clip: object, folder: Path) -> np.ndarray:
    frames, fps = read_mp4(folder / f"{clip.clip_id.split('/')[-1]}.mp4")
    middle = len(frames) // 2 if pd.isna(clip.apex_s) else round((clip.apex_s + clip.apex_end_s) / 2 * fps)
    return frames[min(middle, len(frames) - 1)]


def save_sheet(sheet: Image.Image, path: str | Path) -> None:
    """Write the sheet as a small PNG (a palette of 256 colours)."""
    with atomic(path) as temporary:
        small = sheet.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(temporary, format="PNG", optimize=True)
