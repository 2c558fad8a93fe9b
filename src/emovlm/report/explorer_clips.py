"""The clips of one dataset for the explorer page: columns to filter by, details of each clip, and its pictures.

Whether a dataset's licence allows pictures is decided by who calls.
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

    ``truths`` are CLIP_TRUTH and, for the details, FRAME_TRUTH of a rendered dataset, else none.
    """

    manifest: str
    clips: list[str]
    frames: list[str]
    truths: list[str]


@dataclass(frozen=True)
class Shown:
    """What is shown of the clips of a dataset: their frames' times in seconds, truth, strip and thumbnail, by clip."""

    clips: pd.DataFrame
    times: dict[str, np.ndarray]
    truth: dict[str, pd.DataFrame]
    strips: dict[str, list[int]]
    thumbnails: dict[str, int]


def tested_clips(manifest: str, clips: list[str]) -> pd.DataFrame:
    """The clips that the study asks about, sorted by id: the manifest joined with the clip index.

    Raises:
        StudyError: there are none.
    """
    found = read_table(manifest, MANIFEST).query("split == 'test'").merge(read_tables(clips, CLIP_INDEX), on="clip_id")
    if found.empty:
        raise StudyError(f"{manifest}: no clip of the split test is in the clip index")
    return found.sort_values("clip_id", ignore_index=True)


def read_shown(sources: Sources) -> Shown:
    """Read the clips of a dataset and choose the frames that its pictures show."""
    clips = tested_clips(sources.manifest, sources.clips)
    truth = _by_clip(read_table(sources.truths[0], CLIP_TRUTH), clips) if sources.truths else {}
    frames = _by_clip(read_tables(sources.frames, FRAME_INDEX), clips)
    times = {clip: of.sort_values("frame_index")["timestamp_s"].to_numpy() for clip, of in frames.items()}
    strips = {clip: strip_frames(each) for clip, each in times.items()}
    return Shown(clips, times, truth, strips, {clip: _telling(each, truth.get(clip)) for clip, each in times.items()})


def write_clips(
    dataset: dict[str, Any], classes: list[str], sources: Sources, samples: dict[str, str],
    out: str, details: list[str], sheets: int,
) -> None:  # fmt: skip
    """Write the columns of all clips, and their details in parts of about equal size.

    Args:
        dataset: its id (``dataset``), ``licence``, and ``size`` of its stored frames in px.
        classes: of the dataset, in the study's order.
        samples: SAMPLE by sampler.
        out: the file of the columns.
        details: the files of the details.
        sheets: number of thumbnail sheets; 0 where pictures may not be passed on. Earlier ones are deleted then.

    Raises:
        StudyError: a table is missing or does not fit the others.
    """
    shown, name = read_shown(sources), dataset["dataset"]
    if not sheets:
        for left in Path(out).parent.glob("*.webp"):
            left.unlink()  # made when the licence was another one
    about = {**dataset, "classes": classes, "pictures": sheets > 0, "details": len(details)}
    write_data(out, f"{name}/clips", {**about, **_columns(shown, classes, sheets)})
    taken = {k: _by_clip(read_table(path, SAMPLE), shown.clips) for k, path in samples.items()}
    units = _by_clip(read_table(sources.truths[1], FRAME_TRUTH), shown.clips) if sources.truths else {}
    fps = shown.clips.set_index("clip_id")["fps"]
    for k, path in enumerate(details):
        start, rows = 0, []
        for clip in _part(shown.clips, k, len(details)):
            strip = shown.strips.get(clip, []) if sheets else []
            frames = {
                s: of[clip].sort_values("position")["frame_index"].tolist() for s, of in taken.items() if clip in of
            }
            timed = _details(shown.times.get(clip), fps[clip], shown.truth.get(clip), units.get(clip))
            rows.append({**timed, "samples": frames, "strip": strip, "start": start})
            start += len(strip)
        write_data(path, f"{name}/{k}", {"clips": rows, "columns": columns_of(start)})


def write_pictures(sources: Sources, stores: list[str], size: int, strips: list[str], thumbnails: list[str]) -> None:
    """Write the sprite sheets of a dataset: frames of each clip over time, and one of each clip.

    Args:
        stores: frame stores, all shards.
        size: of the stored frames, px.
        strips: files, as many as there are parts of the details.
    """
    shown, store, side = read_shown(sources), FrameStore(stores), tile_of(size)
    singles = {clip: [frame] for clip, frame in shown.thumbnails.items()}
    for frames, paths in ((shown.strips, strips), (singles, thumbnails)):
        for k, path in enumerate(paths):
            mine = [clip for clip in _part(shown.clips, k, len(paths)) if clip in frames]
            tiles = (tile for clip in mine for tile in store.frames(clip, frames[clip]))
            write_sheet(tiles, sum(len(frames[clip]) for clip in mine), side, path)


def _part(clips: pd.DataFrame, k: int, parts: int) -> list[str]:
    """The clips of one part."""
    return [clip for i, clip in enumerate(clips["clip_id"]) if share_of(i, len(clips), parts) == k]


def _by_clip(table: pd.DataFrame, clips: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(iter(table[table["clip_id"].isin(clips["clip_id"])].groupby("clip_id")))


def _columns(shown: Shown, classes: list[str], sheets: int) -> dict[str, Any]:
    """What clips are listed and filtered by; ``kinds`` has one letter a clip: p(lain), m(icro), o(rder) or none."""
    clips = shown.clips
    flags = [_flag(shown.truth.get(clip)) for clip in clips["clip_id"]]
    ordered = {i: clip for i, clip in enumerate(clips["clip_id"]) if flags[i] == "o"}
    return {
        "names": clips["clip_id"].str.partition("/")[2].tolist(),
        "labels": letters(clips["label"].tolist(), classes),
        "kinds": "".join(flags),
        "before": {i: shown.truth[clip]["order"].iloc[0] for i, clip in ordered.items()},
        "identities": clips["identity"].tolist(),
        "durations": clips["duration_s"].round(2).tolist(),
        "fps": clips["fps"].round(3).tolist(),
        "frames": clips["n_frames"].tolist(),
        "unread": {i: clips["reason"][i] for i in clips.index[clips["status"] != "ok"]},
        "thumb": list(_thumb_places(clips, shown.thumbnails, sheets)),
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
