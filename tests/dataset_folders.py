"""Miniature MAFW and DFEW, folders in their owners' layouts, made of any MP4 clips.

    python -m tests.dataset_folders --clips results/raw/synface/clips --out /tmp/data

writes ``<out>/mafw`` and ``<out>/dfew``: five folds with every class in each, the clips both as videos and as folders
of JPEG frames, one clip in five without sound and a tone in the others. Which clip gets which label means nothing.
"""

import argparse
import io
from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle
from pathlib import Path

import av
import numpy as np

FOLDS = range(1, 6)
MAFW = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety",
        "helplessness", "disappointment")  # fmt: skip
DFEW = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
SIDE, RATE = 224, 44_100


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clips", type=Path, required=True, help="folder of MP4 clips")
    arguments.add_argument("--out", type=Path, required=True, help="where the two folders are made")
    arguments.add_argument("--per-class", type=int, default=len(FOLDS), help="clips of each class, dealt to the folds")
    options = arguments.parse_args()
    clips = sorted(options.clips.glob("*.mp4"))
    write_mafw(options.out / "mafw", clips, options.per_class)
    write_dfew(options.out / "dfew", clips, options.per_class)


def write_mafw(folder: Path, clips: list[Path], per_class: int = len(FOLDS), frames: bool = True) -> None:
    """MAFW: ``data/{clips,frames}``, lists of five folds; clips are numbered from 00025, as there."""
    files = cycle(clips)
    listed = [(f"{k:05d}", label) for k, label in enumerate(np.repeat(MAFW, per_class).tolist(), start=25)]
    for name, _ in listed:
        video = folder / "data/clips" / f"{name}.mp4"
        write_clip(next(files), video, sound=int(name) % 5 != 0)
        if frames:
            write_frames(video, folder / "data/frames" / name, "{:05d}.jpg".format)
    for fold, test, train in folds(listed):
        lists = folder / "Train & Test Set/single/no_caption" / f"set_{fold}"
        lists.mkdir(parents=True)
        for file, rows in (("test", test), ("train", train)):
            (lists / f"{file}.txt").write_text("".join(f"{name}.mp4 {label}\n" for name, label in rows))


def write_dfew(folder: Path, clips: list[Path], per_class: int = len(FOLDS), frames: bool = True) -> None:
    """DFEW: ``Clip/{original,clip_224x224}``, lists of five folds; clips are numbered from 1, with gaps, as there."""
    files = cycle(clips)
    listed = [(str(3 * k + 1), str(1 + label)) for k, label in enumerate(np.repeat(range(len(DFEW)), per_class))]
    for name, _ in listed:
        video, number = folder / "Clip/original" / f"{name}.mp4", f"{int(name):05d}"
        write_clip(next(files), video, sound=int(name) % 5 != 0)
        if frames:
            write_frames(video, folder / "Clip/clip_224x224" / number, (number + "_{:05d}.jpg").format)
    for fold, test, train in folds(listed):
        for file, rows in (("test", test), ("train", train)):
            place = folder / "EmoLabel_DataSplit" / f"{file}(single-labeled)"
            place.mkdir(parents=True, exist_ok=True)
            lines = ["video_name,label", *(f"{name},{label}" for name, label in rows)]
            (place / f"set_{fold}.csv").write_text("\r\n".join(lines) + "\r\n")


Row = tuple[str, str]


def folds(listed: list[Row]) -> Iterator[tuple[int, list[Row], list[Row]]]:
    """Each fold with its test and its training rows; every fifth row is tested in it."""
    for fold in FOLDS:
        test = listed[fold - 1 :: len(FOLDS)]
        yield fold, test, [row for row in listed if row not in test]


def write_clip(source: Path, target: Path, sound: bool) -> None:
    """Write a clip with a tone as its only sound, or with none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(remuxed(source, sound))


@cache
def remuxed(source: Path, sound: bool) -> bytes:
    """A clip's picture as it is, with a stereo tone beside it, or nothing."""
    file = io.BytesIO()
    with av.open(str(source)) as given, av.open(file, "w", format="mp4") as container:
        picture = container.add_stream_from_template(given.streams.video[0])
        if sound:
            tone = container.add_stream("aac", rate=RATE, layout="stereo")
        for packet in given.demux(given.streams.video[0]):
            if packet.dts is not None:
                packet.stream = picture
                container.mux(packet)
        if sound:
            n = int(RATE * float(given.duration / av.time_base))
            wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(n) / RATE).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            frame.sample_rate = RATE
            container.mux(tone.encode(frame))
            container.mux(tone.encode())
    return file.getvalue()


def write_frames(video: Path, folder: Path, name_of: Callable[[int], str]) -> None:
    """A clip as a folder of JPEG files of 224 x 224 px, numbered from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    with av.open(str(video)) as container:
        for k, frame in enumerate(container.decode(video=0), start=1):
            frame.to_image(width=SIDE, height=SIDE).save(folder / name_of(k), quality=95)


if __name__ == "__main__":
    main()
