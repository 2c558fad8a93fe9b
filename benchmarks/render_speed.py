"""How fast one core renders faces, and how fast the usual pure-NumPy z-buffer would be.

    PYTHONPATH=src:. python benchmarks/render_speed.py --rig results/rig/rig.npz
    git worktree add /tmp/before COMMIT; PYTHONPATH=src:. python benchmarks/render_speed.py --before /tmp/before/src

Prints, for frames of 112 and 224 px: the whole path of a clip (action units to MP4), and finding what each pixel sees
by the compiled rasteriser and by a z-buffer in plain NumPy (a loop over the triangles that face the camera, each filled
as an array), which is what a machine without a GPU or OpenGL otherwise offers. Both get the same heads in the same
order, in turns, and should agree on what is seen. Times are CPU seconds of this process, which has one thread.

With ``--before`` only whole clips are rendered, by this code and by that of another commit, in turns of a process each
that renders the same clips: of people who appear once, at 5 frames a second as for pretraining, and at 25. The first
turn compiles and does not count; medians and the ratio of CPU times are printed, and whether the MP4 files are equal.
"""

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmarks.measured import ROOT, Figures, arguments

from emovlm.core.hashing import rng
from emovlm.synface.face.canvas import make_canvas
from emovlm.synface.face.identity import make_identity
from emovlm.synface.face.rig import load_rig
from emovlm.synface.motion.distractors import add_distractors, draw_pose
from emovlm.synface.motion.expression import CLASSES, draw_event, express
from emovlm.synface.rendering.raster import rasterise
from emovlm.synface.rendering.render import Renderer
from emovlm.synface.rendering.scene import draw_scene
from emovlm.synface.rendering.video import write_mp4

CLIP_S, FPS = 3.0, 25.0
PACKAGES = ("numpy", "numba", "av")


def numpy_zbuffer(points: np.ndarray, triangles: np.ndarray, side: int) -> np.ndarray:
    """(side, side) int: the triangle that each pixel sees, -1 for none."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    corners = points[triangles]
    low = np.ceil(corners[..., :2].min(1) - 0.5).astype(int).clip(0)
    high = np.floor(corners[..., :2].max(1) - 0.5).astype(int).clip(max=side - 1)
    depth, seen = np.zeros((side, side), np.float32), np.full((side, side), -1)
    for t in np.nonzero((area < 0) & (low <= high).all(1))[0]:
        (x0, y0), (x1, y1) = low[t], high[t]
        px, py = np.arange(x0, x1 + 1) + 0.5, np.arange(y0, y1 + 1)[:, None] + 0.5
        w1 = ((px - a[t, 0]) * (c[t, 1] - a[t, 1]) - (c[t, 0] - a[t, 0]) * (py - a[t, 1])) / area[t]
        w2 = ((b[t, 0] - a[t, 0]) * (py - a[t, 1]) - (px - a[t, 0]) * (b[t, 1] - a[t, 1])) / area[t]
        w0 = 1 - w1 - w2
        z = w0 * a[t, 2] + w1 * b[t, 2] + w2 * c[t, 2]
        nearer = (w0 >= 0) & (w1 >= 0) & (w2 >= 0) & (z > depth[y0 : y1 + 1, x0 : x1 + 1])
        depth[y0 : y1 + 1, x0 : x1 + 1][nearer] = z[nearer]
        seen[y0 : y1 + 1, x0 : x1 + 1][nearer] = t
    return seen


def _clips(rig, canvas, size: int, folder: Path, n: int, fps: float = FPS) -> tuple[float, float]:
    """Frames a second of whole clips, each of another person, and milliseconds to make a person."""
    renderer = Renderer(rig, canvas, size)
    t = np.arange(round(CLIP_S * fps)) / fps
    people, frames, making, start = 0, 0, 0.0, 0.0
    for i in range(-1, n):  # the first clip only warms up
        if i == 0:
            start, making = time.process_time(), 0.0
        begun = time.process_time()
        identity = make_identity(rig, canvas, 0, str(i))
        making += time.process_time() - begun
        draw = rng(0, i)
        action = express(draw, CLASSES[i % len(CLASSES)], 0, 1.0, t, draw_event(draw, CLIP_S, micro=False))
        add_distractors(draw, action, t, CLIP_S)
        pixels = renderer.clip(identity, draw_scene(draw, size), action, draw_pose(draw, t), 0.0, draw)
        write_mp4(folder / f"{i}.mp4", pixels, fps, 20)
        people, frames = i + 1, (i + 1) * len(t)
    return frames / (time.process_time() - start), 1e3 * making / people


def _visibility(rig, canvas, size: int, n: int) -> tuple[float, float, float]:
    """Frames a second of the compiled and the NumPy rasteriser, and the share of pixels on which they agree."""
    renderer = Renderer(rig, canvas, size)
    depth, seen = np.zeros((size, size), np.float32), np.zeros((size, size), np.int32)
    weights = np.zeros((size, size, 2), np.float32)
    ours = theirs = 0.0
    agree = []
    for i in range(-1, n):
        identity = make_identity(rig, canvas, 0, str(i))
        points = renderer.projected(identity, draw_scene(rng(0, i), size))
        outer = np.ascontiguousarray(identity.triangles[: identity.first_inside])
        begun = time.process_time()
        rasterise(points, outer, identity.inside, len(outer), depth, seen, weights)
        middle = time.process_time()
        expected = numpy_zbuffer(points, outer, size)
        if i >= 0:
            ours, theirs = ours + middle - begun, theirs + time.process_time() - middle
            agree.append((expected == seen).mean())
    return n / ours, n / theirs, float(np.mean(agree))


def _turn(source: str, rig: str, size: int, fps: float, clips: int) -> tuple[float, str]:
    """Seconds a clip that the code in ``source`` takes, and a digest of the clips."""
    command = [sys.executable, __file__, "--rig", rig, "--clips", str(clips), "--turn", str(size), str(fps)]
    printed = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}, check=True, capture_output=True
    )
    seconds, digest = printed.stdout.split()
    return float(seconds), digest.decode()


def _compare(before: str, options: argparse.Namespace) -> None:
    """How whole clips of this code compare with those of the code in ``before``."""
    figures = Figures("render_speed", PACKAGES)
    sources = {"before": before, "now": str(Path(__file__).parents[1] / "src")}
    for size, fps in ((112, FPS), (112, 5.0), (224, FPS)):
        turns = [
            {k: _turn(v, options.rig, size, fps, options.clips) for k, v in sources.items()}
            for _ in range(options.rounds + 1)
        ]
        runs = {k: [1e3 * turn[k][0] for turn in turns[1:]] for k in sources}
        spent = {k: statistics.median(each) for k, each in runs.items()}
        equal = len({digest for turn in turns for _, digest in turn.values()}) == 1
        print(
            f"{size} px, {fps:.0f} frames/s: a clip of {CLIP_S:.0f} s took {spent['before']:.1f} ms, takes "
            f"{spent['now']:.1f} ms, ratio {spent['before'] / spent['now']:.2f}; "
            f"files are {'the same' if equal else 'DIFFERENT'}",
            flush=True,
        )
        what = f"a clip of {CLIP_S * fps:.0f} frames, from a new person and action units to MP4, {size} px"
        files = "the same files" if equal else "other files"
        figures.row(what, runs["now"], "ms CPU", runs["before"], f"the code before; {files}")
    figures.write(options.json)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rig", default="results/rig/rig.npz")
    parser.add_argument("--clips", type=int, default=22, help="clips a size")
    parser.add_argument("--before", help="the folder src of another commit: compare whole clips with it")
    parser.add_argument("--turn", nargs=2, type=float, help=argparse.SUPPRESS)  # one process of --before
    options = parser.parse_args()
    if options.before:
        return _compare(options.before, options)
    rig = load_rig(options.rig)
    canvas = make_canvas(rig)
    if options.turn:
        size, fps = int(options.turn[0]), options.turn[1]
        with tempfile.TemporaryDirectory() as folder:
            rate, _ = _clips(rig, canvas, size, Path(folder), options.clips, fps)
            files = b"".join(path.read_bytes() for path in sorted(Path(folder).iterdir()))
        return print(round(CLIP_S * fps) / rate, hashlib.sha256(files).hexdigest())
    figures = Figures("render_speed", PACKAGES)
    print("one thread; whole clip: person, action units, rendering without supersampling, H.264")
    for size in (112, 224):
        clips, seen = [], []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                clips.append(_clips(rig, canvas, size, Path(folder), options.clips))
            seen.append(_visibility(rig, canvas, size, 10))
        rates, people = zip(*clips, strict=True)
        ours, theirs, same = zip(*seen, strict=True)
        mine, other, agree = (statistics.median(each) for each in (ours, theirs, same))
        print(
            f"{size} px: whole clip {statistics.median(rates):.0f} frames/s (of which a person costs "
            f"{statistics.median(people):.0f} ms); what each pixel sees: compiled {mine:.0f} frames/s, "
            f"NumPy {other:.1f} frames/s, {mine / other:.0f}x; same on {agree:.2%}"
        )
        figures.row(f"which triangle each pixel sees, {size} px", ours, "frames/s", theirs,
                    f"z-buffer in plain NumPy, the same on {agree:.2%} of the pixels")  # fmt: skip
        figures.row(f"whole clips of a new person, to MP4, {size} px", rates, "frames/s")
    figures.write(options.json)


if __name__ == "__main__":
    main()
