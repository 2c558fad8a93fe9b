"""What can be said of a clip without looking at the expression: head, gaze, room, light, camera, length, file.

None of it should predict the class; ``cues.py`` tests this.
"""

import numpy as np

from emovlm.synface.motion.facs import AU_INDEX
from emovlm.synface.rendering.scene import Scene


def facts_of(action: np.ndarray, pose: np.ndarray, scene: Scene, seconds: float, n_bytes: int) -> dict[str, float]:
    """The columns ``cue_*`` of ``CLIP_TRUTH`` for one clip.

    ``_sd`` is the standard deviation over the clip's frames (of ``background``: over its pixels). Angles are degrees,
    gaze is in action-unit intensity (x towards the person's left, y up), light and background are linear light.

    Args:
        action: (frames, AUs) in the order of ``facs.AUS``; pose: (frames, 3) radians on top of the scene's.
        seconds: length of the clip; n_bytes: of its file.
    """
    turns = np.degrees(np.array([scene.pitch, scene.yaw, scene.roll]) + pose)
    sides = {"x": ("AU61", "AU62"), "y": ("AU63", "AU64")}
    gaze = {axis: action[:, AU_INDEX[plus]] - action[:, AU_INDEX[minus]] for axis, (plus, minus) in sides.items()}
    facts = {
        **{f"{name}_deg": turns[:, i].mean() for i, name in enumerate(("pitch", "yaw", "roll"))},
        **{f"{name}_sd_deg": turns[:, i].std() for i, name in enumerate(("pitch", "yaw", "roll"))},
        **{f"gaze_{axis}": course.mean() for axis, course in gaze.items()},
        **{f"gaze_{axis}_sd": course.std() for axis, course in gaze.items()},
        **{f"background_{name}": scene.background[..., i].mean() for i, name in enumerate("rgb")},
        "background_sd": scene.background.std(),
        **{f"key_{name}": scene.key_direction[i] for i, name in enumerate("xyz")},
        "key_light": scene.key.mean(),
        "key_tint": scene.key[0] / scene.key[2],
        "fill_light": scene.fill.mean(),
        "ambient_light": scene.ambient.mean(),
        "exposure": scene.exposure,
        "grain": scene.grain,
        "zoom": scene.zoom,
        "shift_x": scene.shift[0],
        "shift_y": scene.shift[1],
        "seconds": seconds,
        "frames": len(action),
        "bytes": n_bytes,
    }
    return {f"cue_{name}": float(value) for name, value in facts.items()}
