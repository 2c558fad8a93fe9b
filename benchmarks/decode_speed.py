"""Speed of the study's decoding against a plain PyAV loop with Pillow, and against decord alone, side by side.

    PYTHONPATH=src python benchmarks/decode_speed.py

Writes clips of 65 frames at 112 px (H.264) to a temporary folder, decodes all of them by each way in turn, several
rounds, and prints the median CPU and wall time a clip, child processes included, and their ratio to the study's way.
Two of its parts are measured alone: the look at the header that decides whether decord can be trusted with a clip,
beside opening the file for the size of its picture, and PyAV, which decodes the others.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import decord
import numpy as np
from PIL import Image

from emovlm.frames.container import open_container, video_stream
from emovlm.frames.exact import decode_exactly
from emovlm.frames.header import plain_ticks
from emovlm.frames.shard import decode_path
from emovlm.frames.worker import Worker

FRAMES, SIDE, SIZE = 65, 112, 64
DECODER = partial(decode_path, size=SIZE, fps=None)


def write_clip(path: Path, seed: int) -> None:
    """A window that wanders over a smooth random picture, with a little noise."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((SIDE + FRAMES, SIDE + FRAMES))).astype(int)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for k in range(FRAMES):
            window = picture[k : k + SIDE, k : k + SIDE] + generator.integers(-6, 7, (SIDE, SIDE, 3))
            frame = av.VideoFrame.from_ndarray(window.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def plain_pyav(paths: list[Path]) -> None:
    """What one would write first: PyAV, one frame at a time, Pillow to shrink it."""
    for path in paths:
        with av.open(str(path)) as container:
            frames = [frame.to_image().resize((SIZE, SIZE)) for frame in container.decode(video=0)]
        np.stack([np.asarray(frame) for frame in frames])


def decord_alone(paths: list[Path]) -> None:
    """decord in this process, at full size: the decoder's own speed."""
    for path in paths:
        reader = decord.VideoReader(str(path), num_threads=1)
        reader.get_batch(list(range(len(reader)))).asnumpy()


def study(paths: list[Path]) -> None:
    """The study's way: decord in a killable process, shrunk there, pixels sent back."""
    for path in paths:
        WORKER.decode(path)


def size_alone(paths: list[Path]) -> None:
    """Open a clip and take the size of its picture."""
    for path in paths:
        with open_container(str(path)) as container:
            assert video_stream(container).width == SIDE


def header(paths: list[Path]) -> None:
    """The look at the header, which finds that decord can be trusted with these clips."""
    for path in paths:
        with open_container(str(path)) as container:
            assert len(plain_ticks(container, video_stream(container))) == FRAMES


def exact(paths: list[Path]) -> None:
    """PyAV as the study uses it, in this process."""
    for path in paths:
        with open_container(str(path)) as container:
            decode_exactly(container, video_stream(container), SIZE)


def seconds(way: Callable[[list[Path]], None], paths: list[Path]) -> tuple[float, float]:
    """CPU time (this process and the worker) and wall time of one pass, in s."""
    cpu, wall = _cpu(), time.perf_counter()
    way(paths)
    return _cpu() - cpu, time.perf_counter() - wall


def _cpu() -> float:
    ticks = 0
    for pid in (os.getpid(), WORKER.pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clips", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    ways = {
        "study": study,
        "decord alone, full size": decord_alone,
        "PyAV + Pillow": plain_pyav,
        "size of the picture": size_alone,
        "look at the header": header,
        "the study's PyAV": exact,
    }
    with tempfile.TemporaryDirectory() as folder, Worker(DECODER, timeout_s=60) as WORKER:
        files = [Path(folder) / f"{k}.mp4" for k in range(options.clips)]
        for seed, file in enumerate(files):
            write_clip(file, seed)
        for way in ways.values():
            way(files[:2])
        rounds = [{name: seconds(way, files) for name, way in ways.items()} for _ in range(options.rounds)]
    print(f"{options.clips} clips of {FRAMES} frames, {SIDE} px to {SIZE} px, median of {options.rounds} rounds")
    print(f"{'way':26}{'CPU ms/clip':>12}{'wall ms/clip':>14}{'CPU / study':>13}{'wall / study':>14}")
    medians = {name: [statistics.median(r[name][k] for r in rounds) for k in (0, 1)] for name in ways}
    for name, (cpu, wall) in medians.items():
        ratios = cpu / medians["study"][0], wall / medians["study"][1]
        print(
            f"{name:26}{1e3 * cpu / options.clips:12.1f}{1e3 * wall / options.clips:14.1f}"
            f"{ratios[0]:13.2f}{ratios[1]:14.2f}"
        )
