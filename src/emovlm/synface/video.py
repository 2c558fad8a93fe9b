"""Write and read clips as H.264 in MP4."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from emovlm.core.errors import StudyError
from emovlm.core.io import atomic

# Without B-frames: with them, x264 encodes equal small frames differently from time to time (5 of 300 encodes).
OPTIONS = {"preset": "veryfast", "bf": "0", "threads": "1"}


def write_mp4(path: str | Path, frames: np.ndarray, fps: float, crf: int) -> None:
    """Encode a clip on one thread and move it into place in one step.

    Args:
        frames: (frames, height, width, 3) uint8 RGB; height and width even.
        fps: frames a second; crf: H.264 quality, 0 (lossless) .. 51.
    """
    with atomic(path) as temporary, av.open(str(temporary), "w") as container:
        container.flags |= av.container.core.Flags.bitexact.value
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        stream.options = {"crf": str(crf), **OPTIONS}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
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
