"""Peak memory of decoding a shard, against the size of the store that it writes.

    PYTHONPATH=src:. python benchmarks/decode_memory.py                      # 40 clips of 100 frames at 224 px
    PYTHONPATH=src:. python benchmarks/decode_memory.py --clips 400          # ten times the store, the same memory

Runs the workflow's own script on copies of one clip. The memory is that of the job's process; the process that decodes
holds one clip more.
"""

import shutil
import tempfile
from pathlib import Path
from statistics import median

import av
import numpy as np
import pandas as pd
from benchmarks.measured import GIB, MIB, Figures, arguments, run_measured

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.io import write_table


def write_clip(path: Path, frames: int, side: int, seed: int = 0) -> None:
    """Noise that hardly moves: its size on disk does not matter here."""
    ground = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "40"})
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(ground, format="rgb24")))
        container.mux(stream.encode())


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--encoding", default="raw")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clip(folder / "0.mp4", given.frames, given.size)
        for k in range(1, given.clips):
            shutil.copy(folder / "0.mp4", folder / f"{k}.mp4")
        row = {"label": "anger", "split": "test", "fold": 0, "identity": "p"}
        rows = [{"clip_id": f"d/{k:06}", "path": f"{k}.mp4", **row} for k in range(given.clips)]
        write_table(pd.DataFrame(rows), folder / "manifest.parquet", MANIFEST)
        files = {"store": "0.safetensors", "clips": "clips.parquet", "frames": "frames.parquet"}
        job = {
            "wildcards": {"shard": "0"},
            "inputs": {"manifest": folder / "manifest.parquet"},
            "outputs": {name: folder / file for name, file in files.items()},
            "params": {
                "size": given.size,
                "timeout_s": 600,
                "folder": folder,
                "n_shards": 1,
                "encoding": given.encoding,
            },
        }
        peaks = [run_measured("decode_frames", **job).memory / MIB for _ in range(given.rounds)]
        store = (folder / "0.safetensors").stat().st_size
    raw = given.clips * given.frames * given.size**2 * 3
    print(f"store {store / MIB:.0f} MiB, peak memory {median(peaks):.0f} MiB", flush=True)
    figures = Figures("decode_memory", ("av", "numpy", "pandas", "pyarrow"))
    figures.row(
        f"decode a shard of {given.clips} clips of {given.frames} frames at {given.size} px, {raw / GIB:.1f} GiB, "
        f"stored as `{given.encoding}`",
        peaks, "MiB", raw / MIB, "all frames at once, calculated",
    )  # fmt: skip
    figures.write(given.json)


if __name__ == "__main__":
    main()
