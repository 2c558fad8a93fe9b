"""Decode a clip that is a folder of images, one a frame, as owners of datasets give away cropped faces.

Such a folder says nothing of time: frames follow their numbers at a constant rate that the dataset's row states.
"""

import io
import os
import re
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from emovlm.frames.decoding import DecodedClip, Fit, Undecodable, inner_size, put_in_middle

# How a file of each format begins, whatever it is called: nothing but these decoders is ever tried.
BEGINS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP"}
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
MOST_BYTES, MOST_PIXELS = 64 * 2**20, 2**26  # of one image: more is no frame of a face


def image_files(folder: Path) -> list[Path]:
    """The images of a folder by the numbers in their names (``00001_00002.jpg`` before ``00001_00010.jpg``).

    Raises:
        Undecodable: there are none, one is no plain file (but a link, say), or two have the same numbers.
    """
    found: dict[tuple[int, ...], str] = {}
    for entry in os.scandir(folder):
        stem, suffix = os.path.splitext(entry.name)
        if suffix.lower() not in SUFFIXES or entry.name.startswith("."):
            continue
        if not entry.is_file(follow_symlinks=False):
            raise Undecodable(f"image {entry.name} is no plain file")
        numbers = tuple(int(digits) for digits in re.findall(r"[0-9]+", stem))
        if not numbers:
            raise Undecodable(f"image {entry.name} has no number")
        if numbers in found:
            raise Undecodable(f"images {' and '.join(sorted((found[numbers], entry.name)))} have the same number")
        found[numbers] = entry.name
    if not found:
        raise Undecodable("the folder has no images")
    return [folder / found[numbers] for numbers in sorted(found)]


def decode_images(path: str, size: int, fps: float, fit: Fit = "pad") -> DecodedClip:
    """Decode a folder of images as a clip of ``fps`` frames a second, into squares of ``size`` px (:func:`inner_size`).

    Pillow decodes and scales the images, as the official code of MAE-DFER and HiCMAE does; a stretched image is scaled
    by bilinear interpolation like there, others by bicubic interpolation.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: see :func:`image_files`; or an image is damaged, too large or none.
    """
    files = image_files(Path(path))
    pixels = np.zeros((len(files), size, size, 3), np.uint8)
    shape = (0, 0)
    for k, file in enumerate(files):
        image = _decode(file)
        shape = shape if k else (image.height, image.width)
        height, width = inner_size(image.height, image.width, size, fit)
        small = image.resize((width, height), Resampling.BILINEAR if fit == "stretch" else Resampling.BICUBIC)
        put_in_middle(np.asarray(small)[None], pixels[k : k + 1])
    return DecodedClip(
        pixels=pixels,
        timestamps_s=(np.arange(len(files)) / fps).round(6),
        fps=round(fps, 6),
        duration_s=round(len(files) / fps, 6),
        width=shape[1],
        height=shape[0],
    )


def _decode(file: Path) -> Image.Image:
    if file.stat().st_size > MOST_BYTES:
        raise Undecodable(f"image {file.name} is too large")
    data = file.read_bytes()
    format = next((format for begin, format in BEGINS.items() if data.startswith(begin)), None)
    if format is None:
        raise Undecodable(f"image {file.name} is no JPEG, PNG or BMP file")
    try:
        with Image.open(io.BytesIO(data), formats=[format]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Undecodable(f"image {file.name} is too large")
            return image.convert("RGB")
    except Image.DecompressionBombError:
        raise Undecodable(f"image {file.name} is too large") from None
    except (
        OSError,
        ValueError,
        SyntaxError,
    ):  # what Pillow raises for damaged files, UnidentifiedImageError among them
        raise Undecodable(f"image {file.name} is damaged") from None
