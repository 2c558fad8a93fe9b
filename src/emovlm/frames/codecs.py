"""Codecs without loss for the frames of a clip: the same pixels to the bit, in an eighth to a third of the space."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import av
import numpy as np
from PIL import Image, features

from emovlm.core.errors import StudyError

FORMAT = "yuv444p"
# CAVLC: CABAC would save another tenth, and take 2.5 times as long to decode. The last line is for equal bytes on every
# machine, see also synface/rendering/video.py.
H264_OPTIONS = {"qp": "0", "preset": "medium", "coder": "vlc", "bf": "0", "refs": "3", "g": "25", "sc_threshold": "0",
                "x264-params": "mbtree=0:cpu-independent=1"}  # fmt: skip
WEBP_OPTIONS = {"lossless": True, "method": 2, "quality": 0}  # method 4, quality 50: 5% smaller, 4 times slower
MIDDLE = np.uint8(128)  # what a difference of zero is stored as, so that small ones of either sign are near


class Damaged(Exception):
    """What was stored is not what was written; the message says what is wrong with it."""


@dataclass(frozen=True)
class Groups:
    """Frames that are coded together, and in which order.

    Every ``length`` frames begins a group that needs none before it. In it every ``step``-th frame is coded first, then
    the others, each with the help of those that were coded before.
    """

    length: int
    step: int

    def order(self, n: int) -> np.ndarray:
        """The frames of a clip of ``n`` in the order in which they are coded: int64 [n]."""
        frames = np.arange(n)
        inside = frames % self.length
        return np.lexsort((frames, inside % self.step > 0, frames // self.length))


class Codec(Protocol):
    """How frames become packets, one each, and back."""

    groups: Groups

    def encode(self, frames: Sequence[np.ndarray]) -> list[bytes]:
        """Packets of frames, uint8 [height, width, 3] (RGB) each, which come in the order of :class:`Groups`.

        Raises:
            StudyError: this machine's encoder is missing or does something else than it is told.
        """

    def decode(self, packets: Sequence[bytes], wanted: Sequence[int], height: int, width: int) -> Iterator[np.ndarray]:
        """Of the frames of the first packets of a group, those at the places ``wanted``, which ascend.

        No more is decoded than frames of this size.

        Raises:
            Damaged: they cannot be decoded, or are of another size or number.
        """


class H264:
    """Lossless H.264, where frames resemble the one before: whole clips.

    It codes three planes. Of pixels these are green, blue minus green and red minus green, each modulo 256, which is
    undone exactly and takes a quarter less than green, blue and red.
    """

    # A second of film, and five of its frames first: five frames a second are a fifth of the work, at 7% more space.
    groups = Groups(25, 5)

    def encode(self, frames: Sequence[np.ndarray]) -> list[bytes]:
        """See :class:`Codec`."""
        try:
            encoder = av.CodecContext.create("libx264", "w")
        except av.codec.codec.UnknownCodecError:
            raise StudyError("this PyAV has no encoder libx264; install the pinned version, or choose webp") from None
        encoder.height, encoder.width = frames[0].shape[:2]
        encoder.pix_fmt, encoder.time_base, encoder.options = FORMAT, Fraction(1, 25), H264_OPTIONS
        encoder.thread_count = 1
        packets = []
        for k, frame in enumerate(frames):
            green = frame[..., 1]
            planes = np.stack([green, frame[..., 2] - green + MIDDLE, frame[..., 0] - green + MIDDLE])
            picture = av.VideoFrame.from_ndarray(planes, format=FORMAT)
            picture.pts = k
            packets += encoder.encode(picture)
        packets += encoder.encode(None)
        if [packet.is_keyframe for packet in packets] != [k % self.groups.length == 0 for k in range(len(frames))]:
            raise StudyError("this PyAV begins groups of frames elsewhere than it is told; install the pinned version")
        return [bytes(packet) for packet in packets]

    def decode(self, packets: Sequence[bytes], wanted: Sequence[int], height: int, width: int) -> Iterator[np.ndarray]:
        """See :class:`Codec`."""
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        # The packets may claim any size of their pictures; whole macroblocks of 16 x 16 px are decoded. An error is to
        # be told: by default the decoder makes up what is missing.
        decoder.options = {"max_pixels": str((height + 16) * (width + 16)), "err_detect": "explode", "ec": "0"}
        pictures: list[av.VideoFrame] = []
        try:
            for packet in packets:
                pictures += decoder.decode(av.Packet(packet))
            pictures += decoder.decode(None)
        except (av.FFmpegError, ValueError):
            raise Damaged("its H.264 cannot be decoded") from None
        if len(pictures) != len(packets):
            raise Damaged(f"of {len(packets)} frames {len(pictures)} can be decoded")
        for picture in (pictures[place] for place in wanted):
            if (picture.height, picture.width, picture.format.name) != (height, width, FORMAT):
                raise Damaged(f"a frame is of {picture.width} x {picture.height} px, {picture.format.name}")
            yield _pixels(picture)


def _pixels(picture: av.VideoFrame) -> np.ndarray:
    green, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : picture.width] for plane in picture.planes
    )
    pixels = np.empty((picture.height, picture.width, 3), np.uint8)
    shifted = green - MIDDLE  # modulo 256, as all of these
    pixels[..., 0] = red + shifted
    pixels[..., 1] = green
    pixels[..., 2] = blue + shifted
    return pixels


class WebP:
    """Lossless WebP, where frames do not resemble the one before to the pixel, or are read one by one."""

    groups = Groups(1, 1)

    def encode(self, frames: Sequence[np.ndarray]) -> list[bytes]:
        """See :class:`Codec`."""
        if not features.check("webp"):
            raise StudyError("this Pillow cannot write WebP; install the pinned version, or choose h264")
        files = []
        for frame in frames:
            Image.fromarray(np.ascontiguousarray(frame)).save(file := io.BytesIO(), "WEBP", **WEBP_OPTIONS)
            files.append(file.getvalue())
        return files

    def decode(self, packets: Sequence[bytes], wanted: Sequence[int], height: int, width: int) -> Iterator[np.ndarray]:
        """See :class:`Codec`."""
        for packet in (packets[place] for place in wanted):
            if packet[:4] != b"RIFF" or packet[8:16] != b"WEBPVP8L" or len(packet) < 25:
                raise Damaged("a frame is no lossless WebP file")
            sides = int.from_bytes(packet[21:25], "little")  # 14 bits each, less one
            found = (sides >> 14) % 2**14 + 1, sides % 2**14 + 1
            if found != (height, width):
                raise Damaged(f"a frame is of {found[1]} x {found[0]} px")
            try:
                with Image.open(io.BytesIO(packet), formats=["WEBP"]) as image:
                    pixels = np.asarray(image.convert("RGB"))
            except (OSError, ValueError, SyntaxError, RuntimeError, EOFError):  # what Pillow raises for damaged files
                raise Damaged("its WebP cannot be decoded") from None
            if pixels.shape != (height, width, 3):
                raise Damaged(f"a frame is of {pixels.shape[1]} x {pixels.shape[0]} px")
            yield pixels


CODECS: dict[str, Codec] = {"h264": H264(), "webp": WebP()}
