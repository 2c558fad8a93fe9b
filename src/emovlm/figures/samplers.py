"""Which frames of a clip each sampler takes: the clip as pictures, its action units, and the frames below them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.figures import style
from emovlm.figures.registry import has_rendered_clips, register_figure
from emovlm.frames.store import FrameStore

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DISTRACTOR = re.compile(r"\D(43|45|6[1-4])$")  # closed lids, blink and gaze say nothing of the emotion
MARKERS = {"frame": "o", "keyframe": "s", "between": "d"}
WORDS = {"o": "circle", "s": "square", "d": "diamond"}
# Samplers by their kind, in the order of the figure.
ANOTHER_ORDER = "A number of frames, and frames in another order"
GROUPS = {
    "A number of frames a second": ("rate", "all"),
    "As many frames as the highest rate, each held: equal tokens": ("held",),
    "Five frames around the middle, a longer or shorter time apart": ("window",),
    "Keyframes, and the frames between them that are described in words": ("keyframes", "between"),
    ANOTHER_ORDER: ("uniform", "shuffled", "reversed"),
}
OTHERS = "Others"
PICTURES, PICTURE_IN, UNITS_IN, ROW_IN = 11, 0.43, 0.5, 0.145


@register_figure(
    title="Frames that each sampler takes",
    caption=(
        "Which frames of one clip each sampler takes, below pictures of the clip, its action units and its event."
        " Colour is the order in which a model sees the frames."
    ),
    alt=(
        "Dots on a line of time: which frames of one clip each frame sampler takes, below pictures of the clip "
        "and the intensity of its strongest action unit."
    ),
    needs=has_rendered_clips,
)
def samplers(
    samples: dict[str, pd.DataFrame],
    truth: pd.DataFrame | None = None,
    frame_truth: pd.DataFrame | None = None,
    frame_samplers: pd.DataFrame | None = None,
    stores: dict[str, Path] | None = None,
    *,
    clip: str = "",
) -> Figure:
    """One clip's timeline: pictures, action units, then a row a sampler, a mark a frame, coloured by the order shown.

    Args:
        samples: SAMPLE tables by sampler, in the order of the rows.
        truth: CLIP_TRUTH, for the event (onset to offset, shaded) and the label.
        frame_truth: FRAME_TRUTH; the strongest action unit, lids and gaze left out, is drawn above the samplers.
        frame_samplers: ``config/frame_samplers.tsv``, whose column kind groups the rows.
        stores: the frame stores of the clip's dataset, all shards. One of the pictures is of the apex.
        clip: clip id; if empty, the first clip with a micro-expression, or else the first clip.

    Raises:
        StudyError: no sampler took a frame of ``clip``, or the stores do not have it.
    """
    clip = clip or _choose(samples, truth)
    taken = {name: table[table["clip_id"] == clip].sort_values("position") for name, table in samples.items()}
    taken = {name: table for name, table in taken.items() if len(table)}
    if not taken:
        raise StudyError(
            f"figure samplers: no sampler took a frame of clip {clip!r}; params key clip must name a sampled clip"
        )
    groups = _grouped(list(taken), frame_samplers)
    units, event = _units(frame_truth, clip), _event(truth, clip)
    times = pd.concat(taken.values()).groupby("frame_index")["timestamp_s"].first()
    heights = {
        "pictures": PICTURE_IN + 0.12 if stores else 0,
        "units": UNITS_IN if units is not None else 0,
        "marks": ROW_IN * (len(taken) + sum(bool(title) for title in groups)),
    }
    shown = [name for name, height in heights.items() if height]
    figure = style.new_figure(style.PAGE_IN, 0.85 + sum(heights.values()))
    grid = figure.subplots(len(shown), 1, sharex=True, squeeze=False, height_ratios=[heights[name] for name in shown])
    axes = dict(zip(shown, grid[:, 0], strict=True))
    _marks(axes["marks"], taken, groups)
    if units is not None:
        axes["units"].fill_between(units["timestamp_s"], units["strongest"], color=style.GREY, alpha=0.6, linewidth=0)
        axes["units"].set(ylabel="strongest\naction unit", ylim=(0, None))
        axes["units"].tick_params(axis="x", length=0)
    if stores:
        _pictures(axes["pictures"], FrameStore([*stores.values()]), clip, times, event)
    if event is not None:
        for panel in axes.values():
            panel.axvspan(event["onset_s"], event["offset_s"], color=style.SKY, alpha=0.3, linewidth=0, zorder=0)
    grid[0, 0].set_title(f"{clip}{_described(truth, clip, event)}", fontsize=style.SMALL_PT)
    roles = {role for table in taken.values() for role in table["role"]}
    shapes = ", ".join(f"{WORDS[mark]} = {role}" for role, mark in MARKERS.items() if role in roles)
    style.foot(figure, f"In brackets: frames shown, and how many differ where some are held; {shapes}.")
    return figure


def _grouped(names: list[str], frame_samplers: pd.DataFrame | None) -> dict[str, list[str]]:
    """Names of samplers by the title of their group; one group without a title if their kinds are not known."""
    if frame_samplers is None:
        return {"": names}
    kinds = frame_samplers.set_index("sampler")["kind"]
    title = {kind: title for title, kinds in GROUPS.items() for kind in kinds}
    groups: dict[str, list[str]] = {title: [] for title in (*GROUPS, OTHERS)}
    for name in names:
        groups[title.get(kinds.get(name), OTHERS)].append(name)
    base = dict(zip(frame_samplers["sampler"], frame_samplers["base"], strict=True))
    groups[ANOTHER_ORDER].sort(key=lambda name: base.get(name) or name)  # other orders stand below the first
    return {title: members for title, members in groups.items() if members}


def _marks(axes: Axes, taken: dict[str, pd.DataFrame], groups: dict[str, list[str]]) -> None:
    """A row a sampler, below the title of its group."""
    row, rows = -1, {}
    for title, members in groups.items():
        if title:
            row += 1
            axes.text(0.004, row, title, transform=axes.get_yaxis_transform(), va="center", color=style.GREY, zorder=4)
        for name in members:
            row += 1
            rows[name] = row
            table = taken[name]
            turn = table["position"] / max(table["position"].max(), 1)
            for role, marker in MARKERS.items():
                mine = table["role"] == role
                axes.scatter(
                    table.loc[mine, "timestamp_s"], [row] * mine.sum(), c=turn[mine], cmap="viridis", vmin=0, vmax=1,
                    marker=marker, s=9, linewidths=0.25, edgecolors=style.INK, zorder=3,
                )  # fmt: skip
    axes.set_yticks([rows[name] for name in rows], [_counted(name, taken[name]) for name in rows])
    axes.set_ylim(row + 0.7, -0.7)
    axes.set_xlabel("time in the clip (s)")
    axes.tick_params(axis="y", length=0)
    bar = axes.figure.colorbar(axes.collections[0], ax=axes, location="right", aspect=25, pad=0.01, ticks=[0, 1])
    bar.ax.set_yticklabels(["first", "last"])
    bar.set_label("order shown", labelpad=-8)
    bar.outline.set_visible(False)


def _counted(name: str, table: pd.DataFrame) -> str:
    different = table["frame_index"].nunique()
    return f"{name} ({len(table)})" if different == len(table) else f"{name} ({len(table)}, {different} different)"


def _pictures(axes: Axes, store: FrameStore, clip: str, times: pd.Series, event: pd.Series | None) -> None:
    """Pictures spread evenly over the clip, the one nearest to the apex exchanged for the apex, each at its time."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    known = times.sort_index()
    wanted = known.max() * (np.arange(PICTURES) + 0.5) / PICTURES
    frames = [int((known - time).abs().idxmin()) for time in wanted]
    if event is not None:
        apex = int((known - event["apex_s"]).abs().idxmin())
        frames[int(np.argmin(np.abs(wanted - known[apex])))] = apex
    for place, (frame, pixels) in enumerate(zip(frames, store.frames(clip, frames), strict=True)):
        inside = event is not None and event["onset_s"] <= known[frame] <= event["offset_s"]
        box = AnnotationBbox(
            OffsetImage(pixels, zoom=PICTURE_IN * 72 / len(pixels)), (wanted[place], 0.55), xybox=(wanted[place], 0.55),
            xycoords=("data", "axes fraction"), boxcoords=("data", "axes fraction"), pad=0.12,
            bboxprops={"linewidth": 1.4 if inside else 0.3, "edgecolor": style.BLUE if inside else style.GREY},
        )  # fmt: skip
        box.set_zorder(5 if inside else 3)  # a neighbour must not cover the frame
        axes.add_artist(box)
        axes.plot([wanted[place], known[frame]], [0.1, 0], transform=axes.get_xaxis_transform(), color=style.GREY,
                  linewidth=0.5, label="_picture")  # fmt: skip
    axes.set(ylim=(0, 1), yticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _choose(samples: dict[str, pd.DataFrame], truth: pd.DataFrame | None) -> str:
    clips = sorted(set().union(*(table["clip_id"] for table in samples.values())))
    if truth is not None:
        micro = sorted(set(truth.loc[truth["micro"] & truth["onset_s"].notna(), "clip_id"]) & set(clips))
        clips = micro or clips
    if not clips:
        raise StudyError("figure samplers: the sample tables are empty; no sampler took any frame")
    return clips[0]


def _units(frame_truth: pd.DataFrame | None, clip: str) -> pd.DataFrame | None:
    """Time and the largest intensity of the action units (lids and gaze left out) of a clip."""
    if frame_truth is None:
        return None
    rows = frame_truth[frame_truth["clip_id"] == clip].sort_values("frame_index")
    names = [name for name in rows.columns if name.startswith("au_") and not DISTRACTOR.search(name)]
    return rows.assign(strongest=rows[names].max(axis=1)) if len(rows) and names else None


def _event(truth: pd.DataFrame | None, clip: str) -> pd.Series | None:
    """The clip's row of CLIP_TRUTH if it has an event."""
    mine = truth[truth["clip_id"] == clip] if truth is not None else pd.DataFrame()
    return None if mine.empty or pd.isna(mine.iloc[0]["onset_s"]) else mine.iloc[0]


def _described(truth: pd.DataFrame | None, clip: str, event: pd.Series | None) -> str:
    """The clip's label and event, for the title."""
    if event is not None:
        kind = " (micro-expression)" if event["micro"] else ""
        return f": {event['label']}{kind}, event from {event['onset_s']:.2f} to {event['offset_s']:.2f} s (shaded)"
    mine = truth[truth["clip_id"] == clip] if truth is not None else pd.DataFrame()
    return "" if mine.empty else f": {mine.iloc[0]['label']}, no event"
