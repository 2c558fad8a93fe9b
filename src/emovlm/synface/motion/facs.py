"""Action units (AUs) of the Facial Action Coding System, and what they do to the rig.

Names follow FACS (Ekman, Friesen & Hager 2002): ``AU12`` is both lip corners, ``AUL12`` and ``AUR12`` one side only
(the person's left or right); 43 is closed lids, 45 a blink, 61-64 gaze to the person's left, right, up and down.
Intensity 1 is about FACS level D-E; 0..1.2 occurs.
"""

import numpy as np

WRINKLES = ("forehead", "glabella", "nasolabial", "crow's feet", "nose bridge", "chin", "mouth corner", "eye bag")

# AU: (face units with weights, wrinkles with weights); a unit without a side stands for both of its sides
_ACTIONS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "AU1": ({"browInnerUp": 1.9, "browOuterUp": -0.25, "browDown": 0.2}, {"forehead": 0.8}),
    "AU2": ({"browOuterUp": 1.25}, {"forehead": 0.6}),
    # the rig's browDown lowers the outer ends most; the corrugator and procerus lower the inner ones, and the skin
    # above the lid comes down on it
    "AU4": ({"browDown": 1.3, "browInnerUp": -0.6, "browOuterUp": 0.4, "eyeBlink": 0.12}, {"glabella": 1.0}),
    "AU5": ({"eyeWide": 1.1}, {}),
    "AU6": ({"cheekSquint": 1.0, "eyeSquint": 0.5}, {"crow's feet": 1.0, "eye bag": 0.7}),
    "AU7": ({"eyeSquint": 1.25}, {"eye bag": 0.5}),
    # the rig's noseSneer lowers the inner brows as far as a frown; browInnerUp takes most of that back
    "AU9": (
        {"noseSneer": 1.6, "browInnerUp": 0.75, "mouthUpperUp": 0.3, "cheekSquint": 0.4, "eyeSquint": 0.5},
        {"nose bridge": 1.0, "nasolabial": 1.0, "glabella": 0.2},
    ),
    "AU10": ({"mouthUpperUp": 1.35, "cheekSquint": 0.3}, {"nasolabial": 1.0}),
    # the rig's mouthSmile bends the mouth into a V; mouthStretch draws it wide
    "AU12": ({"mouthSmile": 1.15, "mouthStretch": 0.4, "cheekSquint": 0.25}, {"nasolabial": 0.55, "eye bag": 0.2}),
    "AU14": ({"mouthDimple": 1.3}, {"mouth corner": 0.7}),
    "AU15": ({"mouthFrown": 1.25}, {"mouth corner": 0.9, "nasolabial": 0.3}),
    "AU16": ({"mouthLowerDown": 1.1}, {}),
    "AU17": ({"mouthShrugLower": 1.4}, {"chin": 1.0}),
    "AU18": ({"mouthPucker": 1.0}, {}),
    # the rig's mouthStretch lowers the lip corners; mouthSmile takes that back
    "AU20": ({"mouthStretch": 1.5, "mouthSmile": 0.2}, {"mouth corner": 0.4, "nasolabial": 0.2}),
    "AU22": ({"mouthFunnel": 1.0}, {}),
    # the rig's mouthPress also lifts the lip corners, into a smile; mouthFrown takes that back
    "AU23": (
        {"mouthPress": 0.45, "mouthFrown": 0.4, "mouthPucker": 0.2, "mouthRollUpper": 0.75, "mouthRollLower": 0.75},
        {"chin": 0.3},
    ),
    "AU24": (
        {"mouthPress": 0.6, "mouthFrown": 0.5, "mouthPucker": 0.1, "mouthRollUpper": 0.6, "mouthRollLower": 0.7},
        {"chin": 0.4},
    ),
    "AU25": ({"mouthLowerDown": 0.55, "mouthUpperUp": 0.2, "jawOpen": 0.07}, {}),
    # the rig's jawOpen leaves the lower lip in a V; mouthLowerDown opens it at its sides
    "AU26": ({"jawOpen": 0.48, "mouthLowerDown": 0.3}, {}),
    "AU27": ({"jawOpen": 0.9, "mouthLowerDown": 0.5}, {}),
    "AU28": ({"mouthRollLower": 1.0, "mouthRollUpper": 0.8}, {}),
    "AU43": ({"eyeBlink": 1.0}, {}),
    "AU45": ({"eyeBlink": 1.0}, {}),
    "AU61": ({"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, {}),
    "AU62": ({"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0}, {}),
    "AU63": ({"eyeLookUp": 1.6}, {}),
    "AU64": ({"eyeLookDown": 1.6}, {}),
    "AUL10": ({"mouthUpperUpLeft": 0.8}, {"nasolabial": 0.3}),
    "AUL12": ({"mouthSmileLeft": 0.85}, {"nasolabial": 0.3}),
    "AUL14": ({"mouthDimpleLeft": 1.5}, {"mouth corner": 0.3}),
    "AUR10": ({"mouthUpperUpRight": 0.8}, {"nasolabial": 0.3}),
    "AUR12": ({"mouthSmileRight": 0.85}, {"nasolabial": 0.3}),
    "AUR14": ({"mouthDimpleRight": 1.5}, {"mouth corner": 0.3}),
}
AUS = tuple(_ACTIONS)
"""Every action unit the rig knows, in the order of the columns of an intensity array."""

AU_INDEX = {name: i for i, name in enumerate(AUS)}
MOST = 1.2
"""The largest intensity of an action unit."""
UNIT_RANGE = (-1.0, 2.0)
"""The smallest and largest weight of a face unit."""
SHUT = 1.1
"""The weight of eyeBlink at which the lids touch; further on, the upper lid would pass through the lower one."""


def mirrored(au: str) -> str:
    """The same action on the other side of the face: ``AUR12`` for ``AUL12``; bilateral units are their own mirror."""
    return {"AUL": "AUR", "AUR": "AUL"}.get(au[:3], au[:3]) + au[3:]


def face_units(action: np.ndarray, unit_names: tuple[str, ...], lean: float = 0.0) -> np.ndarray:
    """Face-unit weights of action units.

    Action units add up, but for two combinations that FACS lists as their own. AU4 beside AU1: together they draw the
    brows up at their inner ends instead of down, so AU1 takes away most of AU4's lowering. AU1 beside AU2: together
    they lift the brow as a whole, so AU2 takes away some of AU1's lift of the inner end.

    Args:
        action: (frames, AUs) intensities in the order of ``AUS``.
        unit_names: the rig's face units.
        lean: asymmetry; the left side moves ``1 + lean`` times as much, the right side ``1 - lean`` times.

    Returns:
        (frames, face units) float32 in ``UNIT_RANGE``; below 0 a unit moves the other way.
    """
    action = action.copy()
    action[:, AU_INDEX["AU4"]] *= 1 - 0.6 * np.clip(action[:, AU_INDEX["AU1"]], 0, 1)
    action[:, AU_INDEX["AU1"]] *= 1 - 0.3 * np.clip(action[:, AU_INDEX["AU2"]], 0, 1)
    units = np.clip(np.einsum("fa,au->fu", action, _unit_matrix(unit_names, lean)), *UNIT_RANGE)
    lids = [i for i, name in enumerate(unit_names) if name.startswith("eyeBlink")]
    units[:, lids] = np.minimum(units[:, lids], SHUT)
    return units.astype(np.float32)


def _unit_matrix(unit_names: tuple[str, ...], lean: float) -> np.ndarray:
    """(AUs, face units) float32: face-unit weights per unit of AU intensity."""
    column = {name: i for i, name in enumerate(unit_names)}
    matrix = np.zeros((len(AUS), len(unit_names)), np.float32)
    for row, (units, _) in enumerate(_ACTIONS.values()):
        for unit, weight in units.items():
            if unit in column:
                matrix[row, column[unit]] = weight
            else:
                matrix[row, column[f"{unit}Left"]] = weight * (1 + lean)
                matrix[row, column[f"{unit}Right"]] = weight * (1 - lean)
    return matrix


def wrinkle_matrix() -> np.ndarray:
    """(AUs, wrinkles) float32: depth of each wrinkle map per unit of AU intensity."""
    matrix = np.zeros((len(AUS), len(WRINKLES)), np.float32)
    for row, (_, wrinkles) in enumerate(_ACTIONS.values()):
        for name, depth in wrinkles.items():
            matrix[row, WRINKLES.index(name)] = depth
    return matrix
