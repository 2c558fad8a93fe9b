"""Words for action units: what one sees on a rendered face, and how it changes from one frame to the next."""

import numpy as np

# Action unit (L and R: of one side) -> what one sees, in two wordings. FACS names: Ekman, Friesen & Hager (2002).
PHRASES: dict[str, tuple[str, ...]] = {
    "AU1": ("inner brows raised", "inner brows pulled up"),
    "AU2": ("outer brows raised", "outer brows pulled up"),
    "AU4": ("brows lowered", "brows drawn together"),
    "AU5": ("upper lids raised", "eyes wide"),
    "AU6": ("cheeks raised", "cheeks lifted"),
    "AU7": ("lids tight", "eyes narrowed"),
    "AU9": ("nose wrinkled", "nose scrunched"),
    "AU10": ("upper lip raised", "upper lip lifted"),
    "AU12": ("lip corners pulled up", "mouth smiling"),
    "AU14": ("lip corners tucked in", "cheeks dimpled"),
    "AU15": ("lip corners pulled down", "mouth drooping"),
    "AU16": ("lower lip lowered", "lower teeth showing"),
    "AU17": ("chin raised", "chin bunched"),
    "AU20": ("lips stretched", "mouth stretched wide"),
    "AU23": ("lips tightened", "lips thin"),
    "AU24": ("lips pressed together", "mouth pressed shut"),
    "AU25": ("lips parted", "lips open"),
    "AU26": ("jaw dropped", "mouth open"),
    "AU27": ("mouth stretched open", "mouth wide open"),
    "AU28": ("lips sucked in", "lips rolled in"),
    "AU43": ("eyes closed", "lids down"),
    "AUL10": ("left upper lip raised", "one side of the lip raised"),
    "AUR10": ("right upper lip raised", "one side of the lip raised"),
    "AUL12": ("left lip corner pulled up", "one lip corner up"),
    "AUR12": ("right lip corner pulled up", "one lip corner up"),
    "AUL14": ("left lip corner tucked in", "one lip corner tight"),
    "AUR14": ("right lip corner tucked in", "one lip corner tight"),
}
AT_REST, STILL = "face at rest", "nothing changes"
VISIBLE, STRONG, CHANGE = 0.3, 0.7, 0.25  # shares of an action unit's full intensity
MOST = 4  # action units a description lists at most


def visible_units(units: dict[str, float]) -> list[str]:
    """The visible action units, strongest first, as many as a description lists."""
    seen = [unit for unit in PHRASES if units.get(unit, 0.0) >= VISIBLE]
    return sorted(seen, key=lambda unit: -units[unit])[:MOST]


def describe(units: dict[str, float], draw: np.random.Generator) -> str:
    """Words for the visible action units, strongest first, for example
    ``strongly inner brows raised , lips parted .``"""
    said = [("strongly " if units[u] >= STRONG else "") + str(draw.choice(PHRASES[u])) for u in visible_units(units)]
    return " , ".join(said or [AT_REST]) + " ."


def describe_motion(before: dict[str, float], after: dict[str, float], draw: np.random.Generator) -> str:
    """Words for the largest changes of action units, for example ``more lips parted , less brows lowered .``"""
    change = {u: after.get(u, 0.0) - before.get(u, 0.0) for u in PHRASES}
    seen = sorted((u for u in PHRASES if abs(change[u]) >= CHANGE), key=lambda u: -abs(change[u]))[:MOST]
    said = [("more " if change[u] > 0 else "less ") + str(draw.choice(PHRASES[u])) for u in seen]
    return " , ".join(said or [STILL]) + " ."
