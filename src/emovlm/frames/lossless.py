"""Frames of a clip as lossless H.264: the same pixels to the bit, in an eighth to a quarter of the space.

A coded clip is one array of bytes: a header of 32-bit little-endian numbers (``HEADER``, then the length and the CRC-32
of each packet), then the packets, one a frame, in the order of the frames. Every ``GROUP`` frames one begins that needs
none before it, so a frame is read without the whole clip.

H.264 codes three planes. Of pixels these are green, blue minus green and red minus green, each modulo 256, which is
undone exactly and takes a quarter less than green, blue and red.
"""

import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np

from emovlm.core.errors import StudyError

GROUP = 25  # a second of film, so that keyframes once a second are read alone
# CAVLC and P-frames alone: CABAC would save another tenth, and take 2.5 times as long to decode. The rest is for equal
# bytes on every machine: see also synface/rendering/video.py.
OPTIONS = {"qp": "0", "preset": "medium", "coder": "vlc", "bf": "0", "refs": "1", "g": str(GROUP), "sc_threshold": "0",
           "x264-params": "mbtree=0:cpu-independent=1"}  # fmt: skip
FORMAT = "yuv444p"
HEADER = 5  # CRC-32 of the rest of the header; frames; height and width in px; frames from a key to the next
MOST_SIDE = 4096  # px
MOST_BYTES = 2**32  # of the pixels of a clip: more is never put into memory at once
UPRIGHT = np.uint8(128)  # what a difference of zero is stored as, so that small ones of either sign are near


class Damaged(Exception):
    """A coded clip is not what :func:`coded` has written; the message says what is wrong with it."""


def coded(pixels: np.ndarray) -> np.ndarray:
    """Code the frames of a clip, and make sure that decoding gives them back.

    Args:
        pixels: uint8 [n, height, width, 3] (RGB).

    Returns:
        uint8 [bytes].

    Raises:
        StudyError: the clip is too large, or this machine's encoder is missing or does not give the frames back.
    """
    n, height, width, _ = pixels.shape
    if max(height, width) > MOST_SIDE or pixels.nbytes > MOST_BYTES:
        raise StudyError(
            f"{n} frames of {width} x {height} px are too many for the encoding h264; choose raw, or cut the clip"
        )
    packets = _packets(pixels) if n else []
    lengths, sums = [len(packet) for packet in packets], [zlib.crc32(packet) for packet in packets]
    rest = np.array([n, height, width, GROUP, *lengths, *sums], "<u4").tobytes()
    header = zlib.crc32(rest).to_bytes(4, "little") + rest
    result = np.frombuffer(b"".join([header, *packets]), np.uint8)
    try:
        same = all(np.array_equal(frame, pixels[k]) for k, frame in Coded(result).decoded(range(n)))
    except Damaged as error:
        raise StudyError(f"this PyAV cannot decode what it encoded ({error}); install the pinned version") from None
    if not same:
        raise StudyError("this PyAV does not encode H.264 without loss; install the pinned version")
    return result


def _packets(pixels: np.ndarray) -> list[bytes]:
    try:
        encoder = av.CodecContext.create("libx264", "w")
    except av.codec.codec.UnknownCodecError:
        raise StudyError("this PyAV has no encoder libx264; install the pinned version, or choose raw") from None
    encoder.height, encoder.width = pixels.shape[1:3]
    encoder.pix_fmt, encoder.time_base, encoder.options = FORMAT, Fraction(1, GROUP), OPTIONS
    encoder.thread_count = 1
    packets = []
    for k, frame in enumerate(pixels):
        green = frame[..., 1]
        planes = np.stack([green, frame[..., 2] - green + UPRIGHT, frame[..., 0] - green + UPRIGHT])
        picture = av.VideoFrame.from_ndarray(planes, format=FORMAT)
        picture.pts = k
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    if [packet.is_keyframe for packet in packets] != [k % GROUP == 0 for k in range(len(pixels))]:
        raise StudyError("this PyAV does not begin a group of frames where it is told to; install the pinned version")
    return [bytes(packet) for packet in packets]


class Coded:
    """A coded clip, of which only the frames asked for are decoded, with those of their groups that come before."""

    def __init__(self, stored: np.ndarray) -> None:
        """``stored``: uint8 [bytes], of :func:`coded`.

        Raises:
            Damaged: the header is not that of a coded clip.
        """
        self._bytes = np.ascontiguousarray(stored).data
        if stored.dtype != np.uint8 or stored.ndim != 1 or len(stored) < 4 * HEADER:
            raise Damaged("it has no header")
        first, n, self._height, self._width, self._group = np.frombuffer(self._bytes, "<u4", HEADER).tolist()
        end = 4 * (HEADER + 2 * n)
        if end > len(stored) or zlib.crc32(self._bytes[4:end]) != first:
            raise Damaged("its header was changed")
        lengths, self._sums = np.frombuffer(self._bytes, "<u4", 2 * n, 4 * HEADER).reshape(2, n)
        self._ends = end + np.cumsum(lengths, dtype=np.int64)
        if (self._ends[-1] if n else end) != len(stored):
            raise Damaged("it was cut off")
        sides = self._height, self._width
        if min(*sides, self._group) < 1 or max(sides) > MOST_SIDE:
            raise Damaged(f"its frames would be of {self._width} x {self._height} px")
        if n * self._height * self._width * 3 > MOST_BYTES:
            raise Damaged(f"its {n} frames of {self._width} x {self._height} px would not fit into memory")
        self._starts = self._ends - lengths

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._ends)

    def frames(self, indices: Sequence[int]) -> np.ndarray:
        """Frames in the order of ``indices``, which must exist: uint8 [len(indices), height, width, 3].

        Raises:
            Damaged: a packet was changed.
        """
        asked, places = np.unique(np.asarray(indices, np.int64), return_inverse=True)
        pixels = np.empty((len(asked), self._height, self._width, 3), np.uint8)
        for frame, (_, decoded) in zip(pixels, self.decoded(asked.tolist()), strict=True):
            frame[:] = decoded
        return pixels if np.array_equal(places, np.arange(len(asked))) else pixels[places]

    def decoded(self, ascending: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Frames one by one with their indices, which ascend: uint8 [height, width, 3] each.

        Raises:
            Damaged: a packet was changed.
        """
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        room = (self._height + 16) * (self._width + 16)  # a header may claim any size; whole macroblocks are decoded
        decoder.options = {"max_pixels": str(room)}
        groups: dict[int, list[int]] = {}
        for index in ascending:
            groups.setdefault(index // self._group, []).append(index)
        for group, wanted in groups.items():
            start, pictures = group * self._group, []
            try:
                for k in range(start, wanted[-1] + 1):
                    pictures += decoder.decode(av.Packet(self._packet(k)))
                pictures += decoder.decode(None)
                decoder.flush_buffers()
            except (av.FFmpegError, ValueError):
                raise Damaged(f"frame {start + len(pictures)} cannot be decoded") from None
            if len(pictures) != wanted[-1] + 1 - start:
                raise Damaged(f"frames {start} to {wanted[-1]} are {len(pictures)}")
            for index in wanted:
                yield index, self._pixels(pictures[index - start])

    def _packet(self, k: int) -> bytes:
        packet = bytes(self._bytes[self._starts[k] : self._ends[k]])
        if zlib.crc32(packet) != self._sums[k]:
            raise Damaged(f"frame {k} was changed")
        return packet

    def _pixels(self, picture: av.VideoFrame) -> np.ndarray:
        if (picture.height, picture.width, picture.format.name) != (self._height, self._width, FORMAT):
            raise Damaged(f"a frame is of {picture.width} x {picture.height} px, {picture.format.name}")
        green, blue, red = (
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : self._width] for plane in picture.planes
        )
        pixels = np.empty((self._height, self._width, 3), np.uint8)
        shifted = green - UPRIGHT  # modulo 256, as all of these
        pixels[..., 0] = red + shifted
        pixels[..., 1] = green
        pixels[..., 2] = blue + shifted
        return pixels
