"""Speed of the study's decoding against PyAV, OpenCV and decord, by kind of sampler, side by side.

    PYTHONPATH=src:. python benchmarks/decode_speed.py

OpenCV and decord are no part of the project's environment, and are skipped where they are missing. To have them for
this benchmark alone:

    pip install --no-deps --target FOLDER opencv-python-headless decord==0.6.0
    PYTHONPATH=src:.:FOLDER python benchmarks/decode_speed.py        # or PYTHONPATH=FOLDER make benchmark

Writes clips of 65 frames at 112 px (H.264) to a temporary folder, decodes all of them by each way in turn, several
rounds, and prints the median CPU and wall time a clip, child processes included. A sampler asks for all frames, for
five a second, or for eight in all; each tool gives these alone, as squares of 64 px, with one thread. The study
decodes in a process of its own; the same is measured without that process.
"""

import argparse
import importlib
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import numpy as np
import pandas as pd
from benchmarks.measured import Figures, arguments
from PIL import Image

from emovlm.frames.decoding import decode_clip
from emovlm.frames.shard import decode_path
from emovlm.frames.store import FrameStore, StoreWriter
from emovlm.frames.worker import Worker
from emovlm.sampling.frame_samplers import Row, sample_frames

FRAMES, FPS, SIDE, SIZE = 65, 25.0, 112, 64
UNIT = "ms CPU"
SAMPLERS: dict[str, Row] = {
    "all frames": {"sampler": "all", "kind": "all"},
    "5 frames a second": {"sampler": "fps5", "kind": "rate", "rate": 5.0},
    "8 frames evenly spaced": {"sampler": "count8", "kind": "uniform", "count": 8},
}
Tool = Callable[[Path, list[int]], np.ndarray]
"""Frames of a clip by their indices: uint8 [n, SIZE, SIZE, 3]."""
# Looked up by name, since they are no packages of this project.
CV2, DECORD = (importlib.import_module(name) if importlib.util.find_spec(name) else None for name in ("cv2", "decord"))
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


def study(paths: list[Path]) -> None:
    """The study's way: in a killable process, shrunk there, pixels sent back."""
    for path in paths:
        WORKER.decode(path)


def in_this_process(paths: list[Path]) -> None:
    """The same without that process."""
    for path in paths:
        decode_clip(str(path), SIZE)


def seconds(way: Callable[[list[Path]], None], paths: list[Path]) -> tuple[float, float]:
    """CPU time (this process and the worker) and wall time of one pass, in s."""
    cpu, wall = _cpu(), time.perf_counter()
    way(paths)
    return _cpu() - cpu, time.perf_counter() - wall


def _cpu() -> float:
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in (os.getpid(), WORKER.pid))  # Linux's clock of a process


def sampled(tool: Tool, indices: list[int]) -> Callable[[list[Path]], None]:
    """Frames of each clip by a tool, shrunk."""

    def way(paths: list[Path]) -> None:
        for path in paths:
            assert tool(path, indices).shape == (len(indices), SIZE, SIZE, 3)

    return way


def decoded_anew(path: Path, indices: list[int]) -> np.ndarray:
    """The study's way for the first sampler: all frames are decoded, and some taken."""
    return WORKER.decode(path)[0][indices]


def by_pyav(path: Path, indices: list[int]) -> np.ndarray:
    """PyAV: every frame is decoded, the wanted ones are scaled."""
    wanted = set(indices)
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        frames = {k: frame.to_ndarray(width=SIZE, height=SIZE, format="rgb24", interpolation="BILINEAR")
                  for k, frame in enumerate(container.decode(video=0)) if k in wanted}  # fmt: skip
    return np.stack([frames[k] for k in indices])


def by_decord(path: Path, indices: list[int]) -> np.ndarray:
    """decord, which scales too, and seeks."""
    return DECORD.VideoReader(str(path), width=SIZE, height=SIZE, num_threads=1).get_batch(indices).asnumpy()


def by_opencv(path: Path, indices: list[int]) -> np.ndarray:
    """OpenCV: every frame is decoded, the wanted ones are converted and scaled."""
    wanted, frames, capture = set(indices), {}, CV2.VideoCapture(str(path))
    for k in range(max(wanted) + 1):
        assert capture.grab()
        if k in wanted:
            picture = CV2.resize(capture.retrieve()[1], (SIZE, SIZE), interpolation=CV2.INTER_AREA)
            frames[k] = CV2.cvtColor(picture, CV2.COLOR_BGR2RGB)
    capture.release()
    return np.stack([frames[k] for k in indices])


def indices_of(samplers: dict[str, Row]) -> dict[str, list[int]]:
    """The frames that the study's samplers take of a clip, by sampler."""
    clip = pd.DataFrame({"clip_id": ["c"], "status": ["ok"], "n_frames": [FRAMES], "fps": [FPS]})
    frames = pd.DataFrame({"clip_id": "c", "frame_index": range(FRAMES), "timestamp_s": np.arange(FRAMES) / FPS})
    return {name: sample_frames(row, None, 0, clip, frames)["frame_index"].tolist() for name, row in samplers.items()}


def write_frames(paths: list[Path], store: Path) -> None:
    """The frame store of the clips, each called as its file."""
    with StoreWriter(store, [path.name for path in paths], (FRAMES, SIZE, SIZE, 3)) as writer:
        for path in sorted(paths, key=lambda path: path.name):
            writer.add(path.name, WORKER.decode(path)[0])


def main(options: argparse.Namespace, folder: Path) -> None:
    """Measure all ways in turn, print a table, and write the figures."""
    files = [folder / f"{k:05}.mp4" for k in range(options.clips)]
    for seed, file in enumerate(files):
        write_clip(file, seed)
    write_frames(files, folder / "store.safetensors")
    store = FrameStore([folder / "store.safetensors"])
    tools: dict[str, Tool] = {"study": decoded_anew, "PyAV": by_pyav}
    tools |= {"OpenCV": by_opencv} if CV2 else {}
    tools |= {"decord": by_decord} if DECORD else {}
    tools["store"] = lambda path, indices: store.frames(path.name, indices)
    chosen = indices_of(SAMPLERS)
    ways = PARTS | {f"{tool}, {sampler}": sampled(way, indices)
                    for sampler, indices in chosen.items() for tool, way in tools.items()}  # fmt: skip
    for way in ways.values():
        way(files[:2])
    rounds = [{name: seconds(way, files) for name, way in ways.items()} for _ in range(options.rounds)]
    print(f"{options.clips} clips of {FRAMES} frames, {SIDE} px to {SIZE} px, median of {options.rounds} rounds")
    print(f"{'way':42}{'CPU ms/clip':>12}{'wall ms/clip':>14}")
    cpu = {name: [1e3 * each[name][0] / options.clips for each in rounds] for name in ways}
    for name in ways:
        wall = statistics.median(1e3 * each[name][1] / options.clips for each in rounds)
        print(f"{name:42}{statistics.median(cpu[name]):12.2f}{wall:14.2f}")
    figures = Figures("decode_speed", ("av", "decord", "opencv-python-headless", "pillow", "numpy"))
    whole = f"decode and scale a clip of {FRAMES} frames, {SIDE} to {SIZE} px"
    figures.row(whole, cpu["study"], UNIT, cpu["PyAV + Pillow"], "PyAV and Pillow",
                limit=("without a process of its own", statistics.median(cpu["in this process"])))  # fmt: skip
    for sampler, indices in chosen.items():
        what, others = (
            f"{sampler}: {len(indices)} of {FRAMES} frames",
            [t for t in tools if t not in ("study", "store")],
        )
        for tool in others:
            figures.row(f"{what}, decoded anew", cpu[f"study, {sampler}"], UNIT, cpu[f"{tool}, {sampler}"], tool)
        best = min(others, key=lambda tool: statistics.median(cpu[f"{tool}, {sampler}"]))
        figures.row(f"{what}, once they are in the store", cpu[f"store, {sampler}"], UNIT,
                    cpu[f"{best}, {sampler}"], f"{best}, the fastest of the other tools")  # fmt: skip
    for tool in [tool for tool in tools if tool not in ("study", "store")]:
        once = zip(cpu["study"], *(cpu[f"store, {sampler}"] for sampler in chosen), strict=True)
        thrice = zip(*(cpu[f"{tool}, {sampler}"] for sampler in chosen), strict=True)
        figures.row("these three samplers one after another, added up", [sum(parts) for parts in once], UNIT,
                    [sum(parts) for parts in thrice], tool)  # fmt: skip
    figures.note("The study decodes all frames of a clip in a process that may be killed, and sends the pixels back.")
    for name, tool in (("OpenCV", CV2), ("decord", DECORD)):
        if not tool:
            figures.note(f"{name} is not installed here, so its rows are missing.")
            print(f"{name} is not installed, so it is skipped; the head of this script says how to get it")
    figures.write(options.json)


PARTS = {"study": study, "in this process": in_this_process, "PyAV + Pillow": plain_pyav}

if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--clips", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, Worker(DECODER, timeout_s=60) as WORKER:
        main(given, Path(temporary))
