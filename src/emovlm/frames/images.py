"""Decode a clip that is a folder of images, one a frame, as owners of datasets give away cropped faces.

Such a folder says nothing of time: frames follow their numbers at a constant rate that the dataset's row states.
"""

import os
import re
from pathlib import Path

import av
import numpy as np

from emovlm.frames.decoding import DecodedClip, Undecodable, inner_size

# How a file of each format begins, whatever it is called: nothing but these decoders is ever tried.
BEGINS = {b"\xff\xd8\xff": "mjpeg", b"\x89PNG\r\n\x1a\n": "png", b"BM": "bmp"}
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


def decode_images(path: str, size: int, fps: float) -> DecodedClip:
    """Decode a folder of images as a clip of ``fps`` frames a second; each is padded to a square with black.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: see :func:`image_files`; or an image is damaged, too large or none.
    """
    files = image_files(Path(path))
    pixels = np.zeros((len(files), size, size, 3), np.uint8)
    shape = (0, 0)
    for k, file in enumerate(files):
        frame = _decode(file)
        shape = shape if k else (frame.height, frame.width)
        height, width = inner_size(frame.height, frame.width, size)
        top, left = (size - height) // 2, (size - width) // 2
        small = frame.reformat(width, height, format="rgb24", interpolation="BICUBIC").to_ndarray()
        pixels[k, top : top + height, left : left + width] = small
    return DecodedClip(
        pixels=pixels,
        timestamps_s=(np.arange(len(files)) / fps).round(6),
        fps=round(fps, 6),
        duration_s=round(len(files) / fps, 6),
        width=shape[1],
        height=shape[0],
    )


def _decode(file: Path) -> av.VideoFrame:
    if file.stat().st_size > MOST_BYTES:
        raise Undecodable(f"image {file.name} is too large")
    data = file.read_bytes()
    codec = next((codec for begin, codec in BEGINS.items() if data.startswith(begin)), None)
    if codec is None:
        raise Undecodable(f"image {file.name} is no JPEG, PNG or BMP file")
    decoder = av.CodecContext.create(codec, "r")
    decoder.options = {"max_pixels": str(MOST_PIXELS), "err_detect": "explode"}
    decoder.thread_count = 1
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except (av.FFmpegError, ValueError):
        frames = []
    if not frames:
        raise Undecodable(f"image {file.name} is damaged")
    return frames[0]
