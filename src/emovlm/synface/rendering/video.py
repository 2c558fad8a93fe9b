"""Write and read clips as H.264 in MP4."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic

# Without macroblock trees: with them, x264 encodes equal small frames differently from time to time (35 of 9,600
# encodes; without them none). Another clip is another training, and another result.
OPTIONS = {"preset": "veryfast", "bf": "0", "x264-params": "mbtree=0", "threads": "1"}
LOWEST_QUALITY = 51


def file_size(n_frames: int, fps: float, size: int, crf: int) -> int:
    """Bytes of every clip of so many frames, whatever they show: an expression's motion must not tell in the file.

    It follows the largest of some thousand clips at crf 20, whose frames are the larger the further they are apart,
    with room to spare; a step of 6 in crf halves it, which is H.264's rule of thumb.
    """
    pixels = size * size * (0.4 + 0.03 * n_frames + 0.6 * n_frames / fps)
    return round(4096 + 16 * n_frames + pixels * 2 ** ((20 - crf) / 6))


def write_mp4(path: str | Path, frames: np.ndarray, fps: float, crf: int) -> None:
    """Encode a clip on one thread, fill the file up to :func:`file_size`, and move it into place in one step.

    A clip that does not fit is encoded again with the next larger crf, until it does.

    Args:
        frames: (frames, height, width, 3) uint8 RGB; height and width even.
        fps: frames a second; crf: H.264 quality, 0 (lossless) .. 51.

    Raises:
        StudyError: the clip does not fit even at the lowest quality.
    """
    size = file_size(len(frames), fps, max(frames.shape[1:3]), crf)
    with atomic(path) as temporary:
        for quality in range(crf, LOWEST_QUALITY + 1):
            _encode(temporary, frames, fps, quality)
            room = size - temporary.stat().st_size
            if room >= 8:
                with open(temporary, "ab") as file:  # a `free` box (ISO/IEC 14496-12, 8.1.2), which players skip
                    file.write(room.to_bytes(4, "big") + b"free" + bytes(room - 8))
                return
        raise StudyError(f"{path}: {len(frames)} frames do not fit into {size} bytes even at crf {LOWEST_QUALITY}")


def _encode(path: Path, frames: np.ndarray, fps: float, crf: int) -> None:
    with av.open(str(path), "w") as container:
        container.flags |= av.container.core.Flags.bitexact.value
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        stream.options = {"crf": str(crf), **OPTIONS}
        picture = av.VideoFrame(stream.width, stream.height, "rgb24")
        rows = np.frombuffer(picture.planes[0], np.uint8).reshape(stream.height, -1)[:, : 3 * stream.width]
        for frame in frames:
            rows[:] = frame.reshape(stream.height, -1)  # encoding converts it into another frame, so one is enough
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def read_mp4(path: str | Path) -> tuple[np.ndarray, float]:
    """Decode a whole clip: (frames, height, width, 3) uint8 RGB, and its frames a second.

    Raises:
        StudyError: the file is missing or cannot be decoded.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
            return np.stack(frames), float(stream.average_rate)
    except (OSError, av.error.FFmpegError, IndexError, ValueError) as error:
        raise StudyError(f"{path}: not a readable video ({error})") from None
