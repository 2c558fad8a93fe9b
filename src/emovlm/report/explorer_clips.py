"""The clips of one dataset for the explorer page: columns to filter by, details of each clip, and its pictures.

Pictures are made where frame stores are given. Whether a dataset's licence allows that is decided by who calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX, SAMPLE
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, read_tables
from emovlm.frames.store import FrameStore
from emovlm.report.explorer_data import letters, packed, share_of, write_data
from emovlm.report.explorer_sheets import columns_of, strip_frames, tile_of, write_sheet

INTENSITY = 200  # what an action unit's intensity is multiplied by to be a byte; 1.2 is the largest
SEEN = 0.05  # an action unit that stays below is left out


@dataclass(frozen=True)
class Sources:
    """Files of one dataset: tables of the contracts of these names, each in as many shards as there are.

    ``samples`` by sampler. ``truths`` are CLIP_TRUTH and FRAME_TRUTH of a rendered dataset, else none. ``stores`` are
    frame stores, none where pictures of the dataset may not be passed on.
    """

    manifest: str
    clips: list[str]
    frames: list[str]
    samples: dict[str, str]
    truths: list[str]
    stores: list[str]


@dataclass(frozen=True)
class Places:
    """Files to write: the columns, and in parts of about equal size the details, strips and thumbnails."""

    columns: str
    details: list[str]
    strips: list[str]
    thumbnails: list[str]


def tested_clips(manifest: str, clips: list[str]) -> pd.DataFrame:
    """The clips that the study asks about, sorted by id: the manifest joined with the clip index.

    Raises:
        StudyError: there are none.
    """
    found = read_table(manifest, MANIFEST).query("split == 'test'").merge(read_tables(clips, CLIP_INDEX), on="clip_id")
    if found.empty:
        raise StudyError(f"{manifest}: no clip of the split test is in the clip index")
    return found.sort_values("clip_id", ignore_index=True)


def write_clips(dataset: dict[str, Any], classes: list[str], sources: Sources, places: Places) -> None:
    """Write all files of one dataset.

    Args:
        dataset: its id (``dataset``), ``licence``, ``about`` and ``size`` of its stored frames in px.
        classes: of the dataset, in the lexicon's order.

    Raises:
        StudyError: a table or store is missing or does not fit the others.
    """
    name = dataset["dataset"]
    clips = tested_clips(sources.manifest, sources.clips)
    truth = _by_clip(read_table(sources.truths[0], CLIP_TRUTH), clips) if sources.truths else {}
    times = {k: v["timestamp_s"].to_numpy() for k, v in _by_clip(read_tables(sources.frames, FRAME_INDEX), clips).items()}
    strips = {clip: strip_frames(each) for clip, each in times.items()} if sources.stores else {}
    thumbs = {clip: _telling(each, truth.get(clip)) for clip, each in times.items()} if sources.stores else {}
    for folder in {Path(path).parent for path in places.details}:
        for left in set(folder.glob("*.webp")) - {*map(Path, places.strips), *map(Path, places.thumbnails)}:
            left.unlink()  # made when the licence was another one, or for other parts
    parts = {"details": len(places.details), "thumbnails": len(places.thumbnails)}
    columns = _columns(clips, truth, classes) | parts | {
        **dataset, "classes": classes, "tile": tile_of(dataset["size"]), "pictures": bool(sources.stores),
        "thumb": [share for share in _thumb_places(clips, thumbs, parts["thumbnails"])],
    }  # fmt: skip
    write_data(places.columns, f"{name}/clips", columns)
    samples = {k: _by_clip(read_table(path, SAMPLE), clips) for k, path in sources.samples.items()}
    units = _by_clip(read_table(sources.truths[1], FRAME_TRUTH), clips) if sources.truths else {}
    for k, path in enumerate(places.details):
        mine = [clip for i, clip in enumerate(clips["clip_id"]) if share_of(i, len(clips), parts["details"]) == k]
        fps = clips.set_index("clip_id")["fps"]
        start, details = 0, []
        for clip in mine:
            detail = _details(times.get(clip), fps[clip], truth.get(clip), units.get(clip))
            taken = {s: of[clip].sort_values("position")["frame_index"].tolist() for s, of in samples.items() if clip in of}
            details.append({**detail, "samples": taken, "strip": strips.get(clip, []), "start": start})
            start += len(strips.get(clip, []))
        write_data(path, f"{name}/{k}", {"clips": details, "columns": columns_of(start)})
    if sources.stores:
        _write_pictures(FrameStore(sources.stores), clips, strips, places.strips, tile_of(dataset["size"]))
        single = {clip: [frame] for clip, frame in thumbs.items()}
        _write_pictures(FrameStore(sources.stores), clips, single, places.thumbnails, tile_of(dataset["size"]))


def _by_clip(table: pd.DataFrame, clips: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(iter(table[table["clip_id"].isin(clips["clip_id"])].groupby("clip_id")))


def _columns(clips: pd.DataFrame, truth: dict[str, pd.DataFrame], classes: list[str]) -> dict[str, Any]:
    """What clips are listed and filtered by; ``kinds`` has one letter a clip: p(lain), m(icro), o(rder) or nothing."""
    flags = [_flag(truth.get(clip)) for clip in clips["clip_id"]]
    before = {
        i: truth[clip]["order"].iloc[0] for i, clip in enumerate(clips["clip_id"]) if flags[i] == "o"
    }  # fmt: skip
    failed = clips["status"] != "ok"
    return {
        "names": clips["clip_id"].str.partition("/")[2].tolist(),
        "labels": letters(clips["label"].tolist(), classes),
        "kinds": "".join(flags),
        "before": before,
        "identities": clips["identity"].tolist(),
        "durations": clips["duration_s"].round(2).tolist(),
        "fps": clips["fps"].round(3).tolist(),
        "frames": clips["n_frames"].tolist(),
        "unread": {i: clips["reason"][i] for i in clips.index[failed]},
    }


def _flag(truth: pd.DataFrame | None) -> str:
    if truth is None:
        return " "
    row = truth.iloc[0]
    return "o" if pd.notna(row["order"]) else "m" if row["micro"] else "p"


def _telling(times: np.ndarray, truth: pd.DataFrame | None) -> int:
    """The frame in the middle of the apex, where it is known, else of the clip."""
    middle = times[-1] / 2
    if truth is not None and pd.notna(truth["apex_s"].iloc[0]):
        middle = (truth["apex_s"].iloc[0] + truth["apex_end_s"].iloc[0]) / 2
    return int(np.abs(times - middle).argmin())


def _thumb_places(clips: pd.DataFrame, thumbs: dict[str, int], sheets: int) -> Iterator[list[int] | None]:
    """Sheet, number of the tile and width of the sheet in tiles, for each clip; None without a picture."""
    order = clips["clip_id"]
    shares = [share_of(i, len(order), sheets) if sheets and clip in thumbs else None for i, clip in enumerate(order)]
    seen: dict[int, int] = {}
    for share in shares:
        if share is None:
            yield None
            continue
        yield [share, seen.get(share, 0), columns_of(shares.count(share))]
        seen[share] = seen.get(share, 0) + 1


def _details(
    times: np.ndarray | None, fps: float, truth: pd.DataFrame | None, units: pd.DataFrame | None
) -> dict[str, Any]:
    """Times of a clip's frames, its event, and its action units as bytes."""
    if times is None:
        return {}
    even = np.abs(times - np.arange(len(times)) / fps).max() < 1e-3
    found: dict[str, Any] = {} if even else {"times": times.round(3).tolist()}
    if truth is not None and pd.notna(truth["onset_s"].iloc[0]):
        found["event"] = [round(float(truth[k].iloc[0]), 3) for k in ("onset_s", "apex_s", "apex_end_s", "offset_s")]
    if units is not None:
        units = units.sort_values("frame_index")
        names = [k for k in units.columns if k.startswith("au_") and units[k].max() >= SEEN]
        found["units"] = {
            k.removeprefix("au_"): packed((units[k].clip(0, 1.275) * INTENSITY).round(), "u1") for k in names
        }
    return found


def _write_pictures(
    store: FrameStore, clips: pd.DataFrame, frames: dict[str, list[int]], paths: list[str], side: int
) -> None:
    """Write the sheets, each clip's tiles in the order of ``frames``."""
    for k, path in enumerate(paths):
        mine = [c for i, c in enumerate(clips["clip_id"]) if share_of(i, len(clips), len(paths)) == k and c in frames]
        tiles = (tile for clip in mine for tile in store.frames(clip, frames[clip]))
        write_sheet(tiles, sum(len(frames[clip]) for clip in mine), side, path)
