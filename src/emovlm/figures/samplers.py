"""Which frames of a clip each sampler takes."""

import re

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emovlm.core.errors import StudyError
from emovlm.figures import style

DISTRACTOR = re.compile(r"\D(43|45|6[1-4])$")  # closed lids, blink and gaze say nothing of the emotion
MARKERS = {"frame": "o", "keyframe": "s", "between": "d"}


def samplers(
    samples: dict[str, pd.DataFrame],
    truth: pd.DataFrame | None = None,
    frame_truth: pd.DataFrame | None = None,
    *,
    clip: str = "",
) -> Figure:
    """One clip's timeline: a row a sampler, a mark a frame taken, coloured by the order it is shown in.

    Args:
        samples: SAMPLE tables by sampler, in the order of the rows.
        truth: CLIP_TRUTH, for the event (onset to offset, shaded) and the label.
        frame_truth: FRAME_TRUTH; the strongest action unit, lids and gaze left out, is drawn above the samplers.
        clip: clip id; if empty, the first clip with a micro-expression, or else the first clip.

    Raises:
        StudyError: no sampler took a frame of ``clip``.
    """
    clip = clip or _choose(samples, truth)
    taken = {name: table[table["clip_id"] == clip].sort_values("position") for name, table in samples.items()}
    taken = {name: table for name, table in taken.items() if len(table)}
    if not taken:
        raise StudyError(
            f"figure samplers: no sampler took a frame of clip {clip!r}; params key clip must name a sampled clip"
        )
    units = _units(frame_truth, clip)
    height = 0.75 + 0.19 * len(taken) + (0.8 if units is not None else 0)
    figure = style.new_figure(style.PAGE_IN, height)
    rows = figure.subplots(
        1 if units is None else 2,
        1,
        sharex=True,
        squeeze=False,
        height_ratios=[0.19 * len(taken)] if units is None else [0.7, 0.19 * len(taken)],
    )[:, 0]
    lower = rows[-1]
    for place, table in enumerate(taken.values()):
        turn = table["position"] / max(table["position"].max(), 1)
        for role, marker in MARKERS.items():
            mine = table["role"] == role
            lower.scatter(
                table.loc[mine, "timestamp_s"],
                [place] * mine.sum(),
                c=turn[mine],
                cmap="viridis",
                vmin=0,
                vmax=1,
                marker=marker,
                s=12,
                linewidths=0.3,
                edgecolors=style.INK,
                zorder=3,
            )
    lower.set_yticks(range(len(taken)), [f"{name} ({len(table)})" for name, table in taken.items()])
    lower.set_ylim(len(taken) - 0.4, -0.6)
    lower.set_xlabel("time in the clip (s)")
    lower.tick_params(axis="y", length=0)
    if units is not None:
        rows[0].fill_between(units["timestamp_s"], units["strongest"], color=style.GREY, alpha=0.6, linewidth=0)
        rows[0].set(ylabel="strongest AU\n(intensity)", ylim=(0, None))
    event = _shade(rows, truth, clip)
    rows[0].set_title(f"{clip}{event}", fontsize=style.SMALL_PT)
    bar = figure.colorbar(lower.collections[0], ax=lower, location="right", aspect=12, pad=0.01, ticks=[0, 1])
    bar.ax.set_yticklabels(["first", "last"])
    bar.set_label("order shown")
    bar.outline.set_visible(False)
    shapes = {
        role: marker for role, marker in MARKERS.items() if any((t["role"] == role).any() for t in taken.values())
    }
    words = {"o": "circle", "s": "square", "d": "diamond"}
    style.foot(
        figure,
        "In brackets: number of frames taken. Marks: "
        + ", ".join(f"{words[m]} = {role}" for role, m in shapes.items())
        + ".",
    )
    return figure


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


def _shade(rows: list[Axes], truth: pd.DataFrame | None, clip: str) -> str:
    """Shade the event in each panel; return its description for the title."""
    mine = truth[truth["clip_id"] == clip] if truth is not None else []
    if not len(mine):
        return ""
    event = mine.iloc[0]
    kind = " (micro-expression)" if event["micro"] else ""
    if pd.isna(event["onset_s"]):
        return f": {event['label']}, no event"
    for axes in rows:
        axes.axvspan(event["onset_s"], event["offset_s"], color=style.SKY, alpha=0.3, linewidth=0, zorder=0)
    return f": {event['label']}{kind}, event from {event['onset_s']:.2f} to {event['offset_s']:.2f} s (shaded)"
