"""Decode a clip that is a folder of images, one a frame, as owners of datasets give away cropped faces.

Such a folder says nothing of time: frames follow their numbers at a constant rate that the dataset's row states.
"""

import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from emovlm.datasets.suffixes import IMAGES
from emovlm.frames.container import Undecodable
from emovlm.frames.decoding import DecodedClip
from emovlm.frames.fit import Fit, inner_size, over_black, put_in_middle
from emovlm.frames.turn import Turn, exif_turn, swaps, turned

# How a file of each format begins, whatever it is called: nothing but these decoders is ever tried.
BEGINS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP"}
# Images that are not read: left out without a word, the others would move up in time.
OTHERS = (".webp", ".tif", ".tiff", ".gif", ".jp2", ".jxl", ".avif", ".heic", ".heif", ".ppm", ".pgm", ".tga")
MOST_BYTES, MOST_PIXELS = 64 * 2**20, 2**26  # of one image: more is no frame of a face


def image_files(folder: Path) -> list[Path]:
    """The images of a folder by the numbers in their names (``00001_00002.jpg`` before ``00001_00010.jpg``).

    Raises:
        Undecodable: there are none, one is no plain file (but a link, say), is of a format that is not read or a copy
            of another, or two have the same numbers.
    """
    found: dict[tuple[int, ...], str] = {}
    for entry in os.scandir(folder):
        stem, suffix = os.path.splitext(entry.name)
        if suffix.lower() not in (*IMAGES, *OTHERS) or entry.name.startswith("."):
            continue
        if suffix.lower() in OTHERS:
            raise Undecodable(f"image {_told(entry.name)} is no JPEG, PNG or BMP file")
        if not entry.is_file(follow_symlinks=False):
            raise Undecodable(f"image {_told(entry.name)} is no plain file")
        numbers = tuple(int(digits) for digits in re.findall(r"[0-9]+", stem))
        if not numbers:
            raise Undecodable(f"image {_told(entry.name)} has no number")
        if numbers in found:
            names = " and ".join(_told(name) for name in sorted((found[numbers], entry.name)))
            raise Undecodable(f"images {names} have the same number")
        found[numbers] = entry.name
    if not found:
        raise Undecodable("the folder has no images")
    _refuse_copies(found.values())
    return [folder / found[numbers] for numbers in sorted(found)]


def _refuse_copies(names: Iterable[str]) -> None:
    """A second download calls a file ``00003 (1).jpg``: as numbers alone read, that would be a frame of its own."""
    stems = {os.path.splitext(name)[0]: name for name in names}
    for stem, name in sorted(stems.items()):
        copied = re.fullmatch(r"(.+?) ?\([0-9]+\)", stem)
        if copied and copied[1] in stems:
            raise Undecodable(f"images {_told(stems[copied[1]])} and {_told(name)} look like copies of one frame")


def _told(name: str) -> str:
    """A file's name for messages; bytes that are no UTF-8 are written as escapes."""
    return name.encode(errors="backslashreplace").decode()


def decode_images(path: str, size: int, fps: float, fit: Fit = "pad") -> DecodedClip:
    """Decode a folder of images as a clip of ``fps`` frames a second, into squares of ``size`` px (:func:`inner_size`).

    Each is turned as its EXIF data say, and keeps its own shape; what is transparent is laid over black. Pillow decodes
    and scales the images, as the official code of MAE-DFER and HiCMAE does; a stretched image is scaled by bilinear
    interpolation like there, others by bicubic interpolation.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: see :func:`image_files`; or an image is damaged, too large or none.
    """
    files = image_files(Path(path))
    pixels = np.zeros((len(files), size, size, 3), np.uint8)
    shape = None
    for k, file in enumerate(files):
        image, turn = _decode(file)
        height, width = inner_size(image.height, image.width, size, fit)
        small = image.resize((width, height), Resampling.BILINEAR if fit == "stretch" else Resampling.BICUBIC)
        picture = np.asarray(small)
        put_in_middle(turned(over_black(picture) if small.mode == "RGBA" else picture, turn), pixels[k])
        shape = shape or ((image.width, image.height) if swaps(turn) else (image.height, image.width))
    return DecodedClip(
        pixels=pixels,
        timestamps_s=(np.arange(len(files)) / fps).round(6),
        fps=round(fps, 6),
        duration_s=round(len(files) / fps, 6),
        width=shape[1],
        height=shape[0],
    )


def _decode(file: Path) -> tuple[Image.Image, Turn]:
    """An image, RGB or RGBA, and how it is turned for display."""
    name = _told(file.name)
    if file.stat().st_size > MOST_BYTES:
        raise Undecodable(f"image {name} is too large")
    data = file.read_bytes()
    kind = next((kind for begin, kind in BEGINS.items() if data.startswith(begin)), None)
    if kind is None:
        raise Undecodable(f"image {name} is no JPEG, PNG or BMP file")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Undecodable(f"image {name} is too large")
            if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255 and not scale
                image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))
            return image.convert("RGBA" if image.has_transparency_data else "RGB"), exif_turn(data)
    except Image.DecompressionBombError:
        raise Undecodable(f"image {name} is too large") from None
    except (OSError, ValueError, SyntaxError):  # what Pillow raises for damaged files
        raise Undecodable(f"image {name} is damaged") from None
