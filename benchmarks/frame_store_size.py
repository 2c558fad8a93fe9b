"""Size and speed of ways to store frames: raw, PNG, WebP, JPEG, FFV1, H.264, and decoding the source again.

    PYTHONPATH=src:. python benchmarks/frame_store_size.py --footage FOLDER_OF_VIDEOS
    PYTHONPATH=src:. python benchmarks/frame_store_size.py --footage FOLDER_OF_VIDEOS --faces

Each video gives one clip of at most 75 frames, decoded as the study does: whole frames padded to 224 px, or with
``--faces`` squares from its middle, saved as JPEG files of 224 px and stretched to 160 px, as owners of datasets give
away aligned faces. Without ``--footage`` it takes windows that wander over the photographs of scikit-learn, with the
noise of a sensor, compressed as H.264 at 640 x 360 px.

Prints, for each way: bytes a frame, share of raw, CPU time a frame to encode, CPU time a clip to read all frames, and
some, whether pixels are exact, and GiB of all clips of the paper's datasets (the size of a raw store by the study's
tables, times the share). Some frames are every fifth, as five frames a second take of a film; of faces every fourth, as
their networks take. Times to read are medians of several rounds, with files in the page cache; beside each stands its
ratio to reading a raw store.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pandas as pd
from benchmarks.measured import GIB, Figures, arguments
from PIL import Image
from sklearn.datasets import load_sample_images

from emovlm.frames.codecs import FORMAT, H264_OPTIONS
from emovlm.frames.decoding import decode_clip
from emovlm.frames.images import decode_images
from emovlm.frames.store import FrameStore, StoreWriter
from emovlm.planning.cost import FPS, evaluated, frame_bytes, listed, mean_length
from emovlm.sampling.frame_samplers import sample_frames
from emovlm.study.load import load_study, read_config
from emovlm.study.rows import Dataset
from emovlm.study.study import Study

MOST = 75  # frames of a clip
OTHER_PLANES = {"libx264rgb": "rgb24"}  # all others are given the planes of the study's store


@dataclass(frozen=True)
class Clip:
    """Its frames, uint8 [n, size, size, 3], and how they are decoded once more from its source of ``size`` bytes."""

    pixels: np.ndarray
    again: Callable[[], np.ndarray]
    size: int


@dataclass(frozen=True)
class Way:
    """``encode`` returns what is stored and its bytes; ``decode`` gives the frames of what is stored, all or some."""

    encode: Callable[[np.ndarray], tuple[object, int]]
    decode: Callable[[object, range], np.ndarray]


def in_store(encoding: str, folder: Path) -> Way:
    """The study's own store."""

    def encode(pixels: np.ndarray) -> tuple[object, int]:
        path = folder / "clip.safetensors"
        with StoreWriter(path, ["c"], pixels.shape, encoding) as writer:
            writer.add("c", pixels)
        return FrameStore([path]), path.stat().st_size

    return Way(encode, lambda store, indices: store.frames("c", indices))


def images(**options: object) -> Way:
    """Each frame an image of Pillow."""

    def encode(pixels: np.ndarray) -> tuple[object, int]:
        files = []
        for frame in pixels:
            Image.fromarray(frame).save(file := io.BytesIO(), **options)
            files.append(file.getvalue())
        return files, sum(map(len, files))

    def decode(files: list[bytes], indices: range) -> np.ndarray:
        return np.stack([np.asarray(Image.open(io.BytesIO(files[k])).convert("RGB")) for k in indices])

    return Way(encode, decode)


def video(codec: str, **options: str) -> Way:
    """A video of PyAV's, its frames in their order, decoded from its beginning; of the store's planes, if it can."""
    kind = OTHER_PLANES.get(codec, FORMAT)

    def encode(pixels: np.ndarray) -> tuple[object, int]:
        file = io.BytesIO()
        with av.open(file, "w", format="matroska") as container:
            stream = container.add_stream(codec, rate=Fraction(FPS), options={"threads": "1", **options})
            stream.height, stream.width, stream.pix_fmt = *pixels.shape[1:3], kind
            for frame in pixels:
                planes = frame
                if kind == FORMAT:
                    green = frame[..., 1]
                    planes = np.stack([green, frame[..., 2] - green + 128, frame[..., 0] - green + 128])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format=kind)))
            container.mux(stream.encode())
        return file.getvalue(), len(file.getvalue())

    def decode(data: bytes, indices: range) -> np.ndarray:
        frames = []
        with av.open(io.BytesIO(data)) as container:
            container.streams.video[0].thread_count = 1
            for k, picture in enumerate(container.decode(video=0)):
                if k in indices:
                    frames.append(_pixels(picture))
                if k == indices[-1]:
                    break
        return np.stack(frames)

    return Way(encode, decode)


def _pixels(picture: av.VideoFrame) -> np.ndarray:
    if picture.format.name != FORMAT:
        return picture.to_ndarray(format="rgb24")
    green, blue, red = np.moveaxis(picture.to_ndarray(channel_last=True), -1, 0)
    return np.stack([red + green - 128, green, blue + green - 128], axis=-1)


def ways(folder: Path) -> dict[str, Way]:
    """What is compared, the study's own first."""
    plain = {key: value for key, value in H264_OPTIONS.items() if key not in ("coder", "x264-params")}
    return {
        "raw store": in_store("raw", folder),
        "h264 store": in_store("h264", folder),
        "webp store": in_store("webp", folder),
        "H.264, frames in order": video("libx264", **plain, coder="vlc"),
        "H.264, CABAC": video("libx264", **plain),
        "H.264, each frame alone": video("libx264", **{**plain, "coder": "vlc", "g": "1"}),
        "H.264 of R, G and B": video("libx264rgb", **plain, coder="vlc"),
        "FFV1, frames from frames": video("ffv1", level="3", context="1", g="75"),
        "FFV1, each frame alone": video("ffv1", level="3", g="1"),
        "PNG": images(format="PNG"),
        "WebP, lossless, method 4": images(format="WEBP", lossless=True, quality=50),
        "JPEG 95, 4:4:4": images(format="JPEG", quality=95, subsampling=0),
        "JPEG 90, 4:4:4": images(format="JPEG", quality=90, subsampling=0),
        "WebP 90": images(format="WEBP", quality=90),
    }


def of_video(path: Path) -> Clip:
    """Whole frames of a video, as of the datasets mafw and dfew."""
    again = partial(decode_clip, str(path), 224)
    pixels = again().pixels
    n = len(pixels)
    return Clip(pixels[:MOST], lambda: again().pixels, path.stat().st_size * min(n, MOST) // n)


def of_faces(path: Path, folder: Path) -> Clip:
    """The middle of a video as a folder of JPEG files, which jitter as faces do that are aligned one by one."""
    draw, place = np.random.default_rng(0), folder / path.name
    place.mkdir()
    for k, frame in enumerate(decode_clip(str(path), 288, "crop").pixels[:MOST]):
        x, y = 32 + draw.normal(0, 0.5, 2)
        Image.fromarray(frame).transform(
            (224, 224), Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BICUBIC
        ).save(place / f"{k}.jpg", quality=95)
    again = partial(decode_images, str(place), 160, FPS, "stretch")
    return Clip(again().pixels, lambda: again().pixels, sum(file.stat().st_size for file in place.iterdir()))


def write_stand_ins(folder: Path) -> list[Path]:
    """Windows that wander over photographs, with the noise of a sensor."""
    draw, paths = np.random.default_rng(0), []
    for j, photograph in enumerate(load_sample_images().images):
        for noise in (1, 3):
            path = folder / f"photograph{j}-noise{noise}.mp4"
            with av.open(str(path), "w") as container:
                stream = container.add_stream("libx264", rate=FPS, options={"crf": "23", "threads": "1"})
                stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
                for k in range(MOST):
                    left, top, side = 40 + 0.8 * k, 20 + 0.3 * k, 1 - 0.002 * k
                    box = (left, top, left + 480 * side, top + 270 * side)
                    window = np.asarray(Image.fromarray(photograph).resize((640, 360), Image.Resampling.BICUBIC, box))
                    noisy = (window + draw.normal(0, noise, window.shape)).clip(0, 255).astype(np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
                container.mux(stream.encode())
            paths.append(path)
    return paths


def seconds(act: Callable[[], object], rounds: int) -> float:
    """CPU time, the median of some rounds, in s."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        act()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def measure(way: Way, clips: list[Clip], step: int, rounds: int) -> dict[str, float]:
    """What a way takes of all clips: bytes; s to encode, to decode all and some; differences of pixels."""
    total = dict.fromkeys(("bytes", "encode", "decode", "some", "largest", "mean"), 0.0)
    for clip in clips:
        stored, size = way.encode(clip.pixels)
        every = range(len(clip.pixels))
        difference = np.abs(way.decode(stored, every).astype(np.int16) - clip.pixels)
        total["bytes"] += size
        total["encode"] += seconds(partial(way.encode, clip.pixels), 1)
        total["decode"] += seconds(partial(way.decode, stored, every), rounds)
        total["some"] += seconds(partial(way.decode, stored, every[::step]), rounds)
        total["largest"] = max(total["largest"], difference.max())
        total["mean"] += difference.mean() / len(clips)
    return total


def asked_for(study: Study, dataset: Dataset) -> float:
    """Share of a dataset's frames that some sampler of the study asks for."""
    n = round(mean_length() * FPS)
    clips = pd.DataFrame({"clip_id": ["c"], "status": "ok", "n_frames": n, "fps": float(FPS)})
    frames = pd.DataFrame({"clip_id": "c", "frame_index": np.arange(n), "timestamp_s": np.arange(n) / FPS})

    def union(rows: list) -> int:
        taken = [sample_frames(row.told(), row.base and row.base.told(), 0, clips, frames) for row in rows]
        return len({frame for sample in taken for frame in sample["frame_index"]})

    shown = [row.frames for row in study.conditions.values() if row.dataset is dataset]
    if study.config.enrichment and any(row.texts for row in study.conditions.values() if row.dataset is dataset):
        shown.append(study.frame_samplers[study.config.enrichment.sampler])
    trained = [
        study.frame_samplers[system.recipe.sampler]
        for system in study.systems.values()
        if system.sampler is not None and system.dataset is dataset
    ]
    tested = evaluated(dataset) / listed(dataset)
    return (tested * union(shown + trained) + (1 - tested) * union(trained)) / n


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--faces", action="store_true")
    options = parser.parse_args()
    study = load_study(read_config(".", ["config/paper.yaml"]))
    step = 4 if options.faces else 5
    names = ["mafw-faces", "dfew-faces"] if options.faces else ["mafw", "dfew"]
    raw = sum(frame_bytes(study.datasets[name], "raw") for name in names) / GIB
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = sorted(options.footage.iterdir()) if options.footage else write_stand_ins(folder)
        clips = [of_faces(path, folder) if options.faces else of_video(path) for path in paths]
        n, whole = sum(len(clip.pixels) for clip in clips), sum(clip.pixels.nbytes for clip in clips)
        measured = {name: measure(way, clips, step, options.rounds) for name, way in ways(folder).items()}
        again = sum(seconds(clip.again, options.rounds) for clip in clips)
        chosen = in_store("webp" if options.faces else "h264", folder)
        each = {path.name: chosen.encode(clip.pixels)[1] for path, clip in zip(paths, clips, strict=True)}
        sparse = sum(chosen.encode(clip.pixels[::step])[1] for clip in clips) / whole
    none = dict.fromkeys(("bytes", "encode", "largest", "mean"), 0.0)
    measured["the source again"] = none | {"decode": again, "some": again}
    print(f"{len(clips)} clips, {n} frames of {clips[0].pixels.shape[1]} px, median of {options.rounds} rounds")
    some = f"every {step}th, ms"
    print(
        f"{'':28}{'bytes':>8}{'of raw':>8}{'encode':>11}{'all, ms':>16}{some:>16}  {'difference':18}{'all clips':>14}"
    )
    for name, found in measured.items():
        share, told = found["bytes"] / whole, "exact"
        if found["largest"]:
            told = f"at most {found['largest']:.0f}, {found['mean']:.2f}"
        times = (
            f"{1e3 * found[what] / len(clips):8.1f}{found[what] / measured['raw store'][what]:6.1f} x"
            for what in ("decode", "some")
        )
        print(
            f"{name:28}{found['bytes'] / n:8,.0f}{share:8.1%}{1e3 * found['encode'] / n:8.2f} ms{''.join(times)}"
            f"  {told:18}{share * raw:10.1f} GiB"
        )
    print(f"the sources themselves: {sum(clip.size for clip in clips) / n:,.0f} bytes a frame")
    shares = (f"{name} {size / clip.pixels.nbytes:.1%}" for (name, size), clip in zip(each.items(), clips, strict=True))
    print(f"{'webp' if options.faces else 'h264'} store, each clip: {', '.join(shares)}")
    asked = {name: asked_for(study, study.datasets[name]) for name in names}
    print("frames that a sampler asks for: " + ", ".join(f"{name} {part:.0%}" for name, part in asked.items()))
    print(f"every {step}th frame alone, in the same encoding: {sparse:.1%} of all frames raw, {sparse * raw:.1f} GiB")
    own = "webp store" if options.faces else "h264 store"
    figures = Figures("frame_store_size", ("av", "pillow", "numpy"))
    facts = {}
    for name, found in measured.items():
        difference = f"differs by at most {found['largest']:.0f}" if found["largest"] else "exact"
        reads = [1e3 * found[what] / len(clips) for what in ("decode", "some")]
        facts[name] = (f"{difference}; {found['bytes'] / whole:.1%} of raw, {found['bytes'] / whole * raw:.1f} GiB of "
                       f"all clips; a frame {1e3 * found['encode'] / n:.1f} ms to encode; a clip {reads[0]:.1f} ms to "
                       f"read, every {step}th frame {reads[1]:.1f} ms")  # fmt: skip
    for name, found in measured.items():
        if name != own and found["bytes"]:
            figures.row(f"size, `{own}`", measured[own]["bytes"] / n, "bytes a frame", found["bytes"] / n,
                        f"{name}: {facts[name]}", also=facts[own], runs=options.rounds)  # fmt: skip
    for what, words in (("decode", "read a clip"), ("some", f"read every {step}th frame of a clip")):
        for name in ("the source again", "raw store"):
            figures.row(f"{words}, `{own}`", 1e3 * measured[own][what] / len(clips), "ms CPU",
                        1e3 * measured[name][what] / len(clips), name, runs=options.rounds)  # fmt: skip
    figures.note(f"{len(clips)} clips, {n} frames of {clips[0].pixels.shape[1]} px.")
    figures.write(options.json)
