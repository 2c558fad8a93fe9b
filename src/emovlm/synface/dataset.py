"""Render a shard of a planned corpus, and put the shards together in the layout of MAFW."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emovlm.core import notes
from emovlm.core.contracts.data import CLIP_PLAN, CLIP_TRUTH, FRAME_TRUTH
from emovlm.core.errors import StudyError
from emovlm.core.files import write_text
from emovlm.core.hashing import rng, sha256_bytes, shard_of
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.progress import track
from emovlm.synface.face.canvas import make_canvas
from emovlm.synface.face.identity import Identity, make_identity
from emovlm.synface.face.rig import load_rig
from emovlm.synface.facts import facts_of
from emovlm.synface.motion.distractors import add_distractors, draw_pose
from emovlm.synface.motion.expression import ORDER_PAIRS, Event, draw_event, draw_succession, express
from emovlm.synface.motion.facs import AUS, MOST
from emovlm.synface.rendering.render import Renderer
from emovlm.synface.rendering.scene import Scene, draw_scene
from emovlm.synface.rendering.video import write_mp4


@dataclass(frozen=True)
class Script:
    """All that happens in one clip: ``action`` (frames, AUs), ``pose`` (frames, 3) radians, times ``t`` (frames,) s."""

    t: np.ndarray
    action: np.ndarray
    pose: np.ndarray
    lean: float
    event: Event | None
    blinks: int
    scene: Scene


def write_script(row: pd.Series, image_size: int) -> Script:
    """Draw what happens in the clip of one row of the plan; the result depends only on that row.

    Of the two orders of a pair, the second of ``ORDER_PAIRS`` is the first one's script run backwards: two such rows
    with the same seed show the same frames.
    """
    draw = rng(row["seed"], "clip")
    duration = float(row["duration_s"])
    t = np.arange(max(1, round(duration * row["fps"]))) / row["fps"]
    event, action = _act(draw, row, t, duration)
    background = rng(row["seed"], "distractors")  # a stream of its own: the label cannot shift it
    blinks = add_distractors(background, action, t, duration)
    pose = draw_pose(background, t)
    lean = float(np.clip(background.normal(0, 0.06), -0.15, 0.15))
    if _backwards(row):
        action, pose = action[::-1], pose[::-1]
    return Script(t, action, pose, lean, event, blinks, draw_scene(rng(row["seed"], "scene"), image_size))


def _act(draw: np.random.Generator, row: pd.Series, t: np.ndarray, duration: float) -> tuple[Event | None, np.ndarray]:
    """When the label's expression happens, and the action units of all expressions, not yet run backwards."""
    label, variant, intensity = row["label"], int(row["variant"]), float(row["intensity"])
    if pd.isna(row["order"]):
        event = None if label == "neutral" else draw_event(draw, duration, bool(row["micro"]))
        return event, express(draw, label, variant, intensity, t, event)
    both = (label, row["order"]) if _backwards(row) else (row["order"], label)
    events = draw_succession(draw, duration)
    acts = [express(draw, e, variant, intensity, t, when, lagged=False) for e, when in zip(both, events, strict=True)]
    event = events[1]
    if _backwards(row):
        first = events[0]
        event = Event(*(float(t[-1]) - x for x in (first.offset, first.apex_end, first.apex, first.onset)))
    return event, np.clip(sum(acts), 0, MOST)


def _backwards(row: pd.Series) -> bool:
    return (row["label"], row["order"]) in ORDER_PAIRS


def render_row(renderer: Renderer, identity: Identity, row: pd.Series) -> tuple[Script, np.ndarray]:
    """Render one planned clip: its script and (frames, size, size, 3) uint8 RGB."""
    script = write_script(row, renderer.size)
    grain = rng(row["seed"], "grain")
    way = slice(None, None, -1 if _backwards(row) else 1)  # so that the grain runs backwards too
    return script, renderer.clip(identity, script.scene, script.action[way], script.pose[way], script.lean, grain)[way]


def render_shard(
    plan_path: str | Path,
    rig_path: str | Path,
    dataset: str,
    shard: int,
    n_shards: int,
    settings: dict,
    folder: str | Path,
    clips_path: str | Path,
    frames_path: str | Path,
) -> None:
    """Render the clips of one shard as MP4 files into ``folder`` and write their truth tables.

    Args:
        settings: ``seed``, ``image_size`` (px, even), ``supersampling`` and ``crf``.
        clips_path, frames_path: where the ``CLIP_TRUTH`` and ``FRAME_TRUTH`` tables go.

    Raises:
        StudyError: plan, rig or settings do not fit.
    """
    missing = [key for key in ("seed", "image_size", "supersampling", "crf") if key not in settings]
    if missing:
        raise StudyError(f"render_clips: params lack {', '.join(missing)}")
    size = int(settings["image_size"])
    if size < 16 or size % 2:
        raise StudyError(f"synface: image_size is {size}; it must be even and at least 16 px")
    plan = read_table(plan_path, CLIP_PLAN)
    mine = plan[[shard_of(f"{dataset}/{name}", n_shards) == shard for name in plan["name"]]]
    rig = load_rig(rig_path)
    canvas = make_canvas(rig)
    renderer = Renderer(rig, canvas, size, int(settings["supersampling"]))
    clips, frames = [], []
    identity, name = None, ""
    rows = [row for _, row in mine.sort_values(["identity", "name"]).iterrows()]
    for row in track(rows, f"render {dataset}", "clips"):
        if row["identity"] != name:
            name = row["identity"]
            identity = make_identity(rig, canvas, int(settings["seed"]), name)
        script, pixels = render_row(renderer, identity, row)
        path = Path(folder) / f"{row['name']}.mp4"
        write_mp4(path, pixels, row["fps"], int(settings["crf"]))
        notes.wrote(path)
        clips.append(_clip_truth(f"{dataset}/{row['name']}", row, script, pixels, path.stat().st_size))
        frames.append((f"{dataset}/{row['name']}", script.t, script.action))
    write_table(pd.DataFrame(clips, columns=None if clips else list(CLIP_TRUTH.columns)), clips_path, CLIP_TRUTH)
    write_table(_frame_truth(frames), frames_path, FRAME_TRUTH)


def _clip_truth(clip_id: str, row: pd.Series, script: Script, pixels: np.ndarray, n_bytes: int) -> dict[str, object]:
    event = script.event
    times = (event.onset, event.apex, event.apex_end, event.offset) if event else (None,) * 4
    facts = facts_of(script.action, script.pose, script.scene, len(script.t) / row["fps"], n_bytes)
    return {
        "clip_id": clip_id,
        "identity": row["identity"],
        "label": row["label"],
        "split": row["split"],
        "micro": bool(row["micro"]),
        "order": row["order"],
        **dict(zip(("onset_s", "apex_s", "apex_end_s", "offset_s"), times, strict=True)),
        "yaw_deg": facts.pop("cue_yaw_deg"),
        "blinks": script.blinks,
        "frames_sha256": sha256_bytes(np.ascontiguousarray(pixels).data),
        **facts,
    }


def _frame_truth(clips: list[tuple[str, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """The ``FRAME_TRUTH`` of clips, each given by its id, times (frames,) s and action units (frames, AUs)."""
    columns = [f"au_{au}" for au in AUS]
    if not clips:
        return pd.DataFrame(columns=["clip_id", "frame_index", "timestamp_s", *columns])
    ids, times, actions = zip(*clips, strict=True)
    lengths = [len(t) for t in times]
    table = pd.DataFrame(np.concatenate(actions).astype(float), columns=columns)
    table.insert(0, "clip_id", np.repeat(np.array(ids, object), lengths))
    table.insert(1, "frame_index", np.concatenate([np.arange(n) for n in lengths]))
    table.insert(2, "timestamp_s", np.concatenate(times))
    return table


def gather(
    plan_path: str | Path,
    clip_shards: list[str],
    frame_shards: list[str],
    folder: str | Path,
    annotations: str | Path,
    clips_path: str | Path,
    frames_path: str | Path,
) -> None:
    """Join the shards' truth, check that every planned clip is there, and write MAFW-style annotation files.

    Clips in ``folder`` that the plan does not list (from an earlier plan) are deleted. ``annotations`` gets one
    ``<split>.txt`` a split, lines ``00025.mp4 anger``, and ``identities.csv`` (name, identity).

    Raises:
        StudyError: a planned clip has no truth or no MP4 file, or there is truth for a clip that is not planned.
    """
    plan = read_table(plan_path, CLIP_PLAN)
    clips = read_tables(clip_shards, CLIP_TRUTH)
    frames = read_tables(frame_shards, FRAME_TRUTH)
    names = clips["clip_id"].str.split("/").str[-1]
    odd = sorted(set(names) ^ set(plan["name"]))
    if odd:
        raise StudyError(
            f"{plan_path}: plan and shard tables differ in {len(odd)} clips, the first is {odd[0]}; "
            "render the shards again"
        )
    planned = plan.set_index("name").loc[names]
    for column in ("label", "identity"):
        if (planned[column].to_numpy() != clips[column].to_numpy()).any():
            raise StudyError(
                f"{plan_path}: the shards were rendered for another plan (column {column} differs); render them again"
            )
    present = {path.stem: path for path in Path(folder).glob("*.mp4")}
    absent = sorted(set(plan["name"]) - set(present))
    if absent:
        raise StudyError(
            f"{folder}: {len(absent)} planned clips are missing, the first is {absent[0]}.mp4; render the shards again"
        )
    for name in sorted(set(present) - set(plan["name"])):
        present[name].unlink()
    for split, part in plan.groupby("split"):
        lines = [f"{name}.mp4 {label}\n" for name, label in zip(part["name"], part["label"], strict=True)]
        listed = Path(annotations) / f"{split}.txt"
        write_text(listed, "".join(lines))
        notes.wrote(listed)
    write_text(
        Path(annotations) / "identities.csv", plan[["name", "identity"]].to_csv(index=False, lineterminator="\n")
    )
    write_table(clips, clips_path, CLIP_TRUTH)
    write_table(frames, frames_path, FRAME_TRUTH)
