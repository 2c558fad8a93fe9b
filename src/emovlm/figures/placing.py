"""Labels beside points, placed so that they cover as little as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emovlm.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACHES_PT = (4, 7, 11, 16, 22, 30, 40, 52)  # from the point to the label
ANGLES = np.deg2rad(
    [0, 180, 90, 270, *range(15, 90, 15), *range(105, 180, 15), *range(195, 270, 15), *range(285, 360, 15)]
)
MARK_PT = 2.5  # half the size of a mark
NEAR_PT = 6  # a label farther off gets a line to its point
ROUNDS = 3
STEPS = np.linspace(0.1, 1, 12)  # where a line is looked at
# What counts against a place: a point of distance, all of a text covered, a tenth of a line crossed, leaving the frame.
DISTANCE, COVER, CROSS, LEAVE = 0.02, 3.0, 0.15, 8.0


def label_points(axes: Axes, x: list[float], y: list[float], texts: list[str], color: str) -> None:
    """Write a text beside each point where it covers the fewest points, texts and lines.

    Candidate places lie around the point in growing distance, the far ones with a line to the point. Points in
    crowded places choose first, and all choose again when the others have a place. Call it last: it measures the
    finished layout.
    """
    axes.autoscale(False)  # the lines to the labels must not move the points
    pixel = axes.figure.dpi / 72
    renderer = axes.figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer).get_points()
    points = axes.transData.transform(np.column_stack([x, y]))
    marks = np.stack([points - MARK_PT * pixel, points + MARK_PT * pixel], axis=1)
    written = [text.get_window_extent(renderer).get_points() for text in axes.texts]
    boxes = np.concatenate([marks, np.reshape(written, (-1, 2, 2))])  # each from its lower left to its upper right
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag(np.full(len(points), np.inf))
    reach, angle = (grid.ravel() for grid in np.meshgrid(REACHES_PT, ANGLES, indexing="ij"))
    labels = [axes.annotate(text, (x[index], y[index]), (0, 0), textcoords="offset points", color=color,
                            fontsize=style.SMALL_PT, ha="center", va="center", zorder=5)
              for index, text in enumerate(texts)]  # fmt: skip
    sizes = [label.get_window_extent(renderer).size for label in labels]
    placed: dict[int, np.ndarray] = {}
    order = np.argsort(gaps.min(axis=1, initial=np.inf), kind="stable")
    for index in [*order] * ROUNDS:
        point, size = points[index], sizes[index]
        shifts = np.column_stack([np.cos(angle), np.sin(angle)]) * (reach[:, None] * pixel + size / 2)
        places = np.stack([point + shifts - size / 2, point + shifts + size / 2], axis=1)
        rest = {other: box for other, box in placed.items() if other != index}
        others = np.concatenate([np.delete(boxes, index, axis=0), np.reshape([*rest.values()], (-1, 2, 2))])
        lines = [_leader(points[other], box) for other, box in rest.items() if _far(points[other], box, pixel)]
        cost = _cost(point, places, others, np.reshape(lines, (-1, 2)), frame)
        best = int(np.argmin(DISTANCE * reach + cost))
        placed[index] = places[best]
        labels[index].set_position(tuple(shifts[best] / pixel))
    for index, box in placed.items():
        if _far(points[index], box, pixel):
            ends = axes.transData.inverted().transform([points[index], np.clip(points[index], *box)])
            axes.plot(*ends.T, color=color, linewidth=0.4, label="_leader", zorder=1)


def _far(point: np.ndarray, box: np.ndarray, pixel: float) -> bool:
    """Whether a label is so far off that it needs a line."""
    return bool(np.linalg.norm(np.clip(point, *box) - point) > NEAR_PT * pixel)


def _leader(point: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Points along the line from a point to its label."""
    return point + STEPS[:, None] * (np.clip(point, *box) - point)


def _cost(
    point: np.ndarray, places: np.ndarray, others: np.ndarray, lines: np.ndarray, frame: np.ndarray
) -> np.ndarray:
    """What speaks against each of ``places`` [n, 2, 2] for the label of ``point``; fewer is better."""
    area = _area(places)
    smaller = np.minimum(area[:, None], _area(others))
    covered = (_shared(places[:, None], others) / smaller).sum(axis=1)
    outside = 1 - _shared(places, frame) / area
    ends = np.clip(point, places[:, 0], places[:, 1])
    leads = point + STEPS[:, None] * (ends - point)[:, None]
    crossed = _inside(lines[None], places[:, None]).sum(axis=1) + _inside(leads[:, :, None], others).sum(axis=(1, 2))
    return COVER * covered + LEAVE * outside + CROSS * crossed


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(boxes[..., 1, :] - boxes[..., 0, :], axis=-1)


def _shared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Area that boxes have in common."""
    low, high = np.maximum(first[..., 0, :], second[..., 0, :]), np.minimum(first[..., 1, :], second[..., 1, :])
    return np.prod(np.clip(high - low, 0, None), axis=-1)


def _inside(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return ((points > boxes[..., 0, :]) & (points < boxes[..., 1, :])).all(axis=-1)
