"""The ffmpeg program: it makes clips of drawn pictures, and shows what another reader makes of a clip."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips.drawn import FRAMES, HEIGHT, RATE, WIDTH, drawn

TV601 = ("-vf", "scale=out_color_matrix=bt601:out_range=tv")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", 10, "-g", 12, "-bf", 2, "-pix_fmt", "yuv420p", "-threads", 1)


def ffmpeg(
    *arguments: object, data: bytes | None = None, says: str = "error", program: str = "ffmpeg"
) -> tuple[bytes, str]:
    """Run the program; returns what it writes to both outputs."""
    if not shutil.which(program):
        pytest.fail("no ffmpeg: tests/packages.sh video installs it (Debian, as root or with sudo)", pytrace=False)
    command = [program, "-nostdin" if data is None else "-hide_banner", "-v", says, "-y", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr.decode(errors='replace')[-2000:]}"
    return done.stdout, done.stderr.decode(errors="replace")


def encode(
    out: Path, *options: object, numbers: Iterable[int] = range(FRAMES), width: int = WIDTH, height: int = HEIGHT,
    rate: object = RATE, inputs: tuple = (), turn=lambda picture: picture,
) -> None:  # fmt: skip
    """A clip of drawn pictures, each stored as ``turn`` gives it; ``inputs`` are further inputs."""
    pictures = [np.ascontiguousarray(turn(drawn(number % 256, width, height))) for number in numbers]
    height, width = pictures[0].shape[:2]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate, "-i", "-")
    ffmpeg(*raw, *inputs, *options, out, data=b"".join(picture.tobytes() for picture in pictures))


def plain(out: Path, **drawing) -> Path:
    """An ordinary H.264 clip in MP4."""
    encode(out, *TV601, *H264, **drawing)
    return out


def remux(source: Path, out: Path, *options: object, before: tuple = ()) -> None:
    """The same streams in another file; ``before`` are options of the input."""
    ffmpeg(*before, "-i", source, "-c", "copy", *options, out)


def timed(
    out: Path, times: Iterable[float], ticks: int = 1000, side: int | None = None, movflags: dict | None = None
) -> None:
    """H.264 with B-frames and exactly these times in s, on a clock of ``ticks`` a second (with PyAV)."""
    width, height = (side, side) if side else (WIDTH, HEIGHT)
    with av.open(str(out), "w", options=movflags or {}) as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "10", "preset": "veryfast", "bf": "2", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base, stream.codec_context.thread_count = Fraction(1, ticks), 1
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(drawn(number % 256, width, height), format="rgb24")
            frame.pts, frame.time_base = round(time * ticks), Fraction(1, ticks)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def shown_by_ffmpeg(path: Path, height: int, width: int, program: str = "ffmpeg") -> tuple[np.ndarray, np.ndarray]:
    """What the program shows: frames uint8 [n, height, width, 3] and their times in s [n], from the first."""
    scaled = f"scale={width}:{height}:flags=bilinear,format=rgb24,showinfo"
    raw, said = ffmpeg("-i", path, "-an", "-sn", "-fps_mode", "passthrough", "-vf", scaled, "-f", "rawvideo", "-",
                       says="info", program=program)  # fmt: skip
    times = np.array([float(time) for time in re.findall(r" pts_time:(\S+)", said)])
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3), times - times[:1]
