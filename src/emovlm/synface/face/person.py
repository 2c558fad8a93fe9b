"""Who a person is: shape, age, sex, colours and hair, all drawn from one seed."""

from dataclasses import dataclass

import numpy as np

from emovlm.synface.face.rig import MUSCLES, RACES, STEP, WEIGHTS, Rig

SKIN_TONES = np.array(
    [
        [0.93, 0.76, 0.66],
        [0.87, 0.67, 0.54],
        [0.78, 0.57, 0.43],
        [0.66, 0.46, 0.33],
        [0.50, 0.33, 0.23],
        [0.36, 0.23, 0.16],
    ]
)  # sRGB, from light to dark
DARK_HAIR = np.array([[0.05, 0.04, 0.04], [0.12, 0.08, 0.06], [0.25, 0.15, 0.08]])
LIGHT_HAIR = np.array([[0.45, 0.30, 0.15], [0.70, 0.55, 0.32], [0.55, 0.53, 0.52], [0.35, 0.12, 0.06]])
GREY_HAIR = np.array([0.60, 0.59, 0.58])
IRISES = np.array([[0.20, 0.12, 0.07], [0.32, 0.21, 0.10], [0.25, 0.36, 0.20], [0.28, 0.42, 0.55], [0.35, 0.40, 0.42]])
HAIR_STYLES = ("bald", "cropped", "short", "afro", "tied", "long")
BEARDS = ("none", "stubble", "short", "full")
LIP_OVERLAP = 0.008  # decimetres by which closed lips overlap
REST_SMILE = 0.10
REST_OPEN = 0.20  # of eyeWide: the base head's lids hang


@dataclass(frozen=True)
class Person:
    """One person's traits.

    Attributes:
        maleness: 0 (female) .. 1 (male).
        age: child, young or old share, summing to 1.
        race: share of each of ``rig.RACES``, summing to 1.
        skin, hair, iris: sRGB colours, (3,) float, 0..1.
        style: one of ``HAIR_STYLES``; ``beard``: one of ``BEARDS``.
        shape: (vertices, 3) float32, the resting head, decimetres.
    """

    maleness: float
    age: dict[str, float]
    race: np.ndarray
    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    style: str
    beard: str
    shape: np.ndarray


def draw_person(rig: Rig, draw: np.random.Generator) -> Person:
    """Draw a person; the generator decides everything."""
    race = draw.dirichlet([0.5, 0.5, 0.5])
    maleness = float(draw.beta(0.3, 0.3))
    age = _draw_age(draw)
    shape = _at_rest(rig, rig.base + _build(rig, draw, maleness, age, race) + _features(rig, draw))
    tone = np.clip(race @ [4.3, 1.6, 0.7] + draw.normal(0, 0.5), 0, 4.999)
    skin = SKIN_TONES[int(tone)] * (1 - tone % 1) + SKIN_TONES[int(tone) + 1] * (tone % 1)
    fair = race[RACES.index("caucasian")] > 0.45
    colours = np.vstack([DARK_HAIR, LIGHT_HAIR])
    hair = colours[
        draw.choice(7, p=[0.2, 0.25, 0.25, 0.1, 0.1, 0.03, 0.07]) if fair else draw.choice(3, p=[0.6, 0.3, 0.1])
    ]
    grey = np.clip((age["old"] - 0.35) / 0.5, 0, 1) * draw.uniform(0.3, 1.0)
    return Person(
        maleness=maleness,
        age=age,
        race=race,
        skin=skin,
        hair=hair * (1 - 0.75 * grey) + GREY_HAIR * 0.75 * grey,
        iris=IRISES[draw.integers(len(IRISES)) if fair else draw.integers(2)],
        style=_draw_style(draw, maleness, age, race),
        beard=str(draw.choice(BEARDS, p=[0.45, 0.25, 0.18, 0.12])) if maleness > 0.6 and age["child"] == 0 else "none",
        shape=shape.astype(np.float32),
    )


def _draw_age(draw: np.random.Generator) -> dict[str, float]:
    if draw.random() < 0.1:
        return {"child": 0.6, "young": 0.4, "old": 0.0}
    old = max(0.0, (draw.random() - 0.5) / 0.5) * draw.uniform(0.4, 1.0)
    return {"child": 0.0, "young": 1 - old, "old": old}


def _draw_style(draw: np.random.Generator, maleness: float, age: dict[str, float], race: np.ndarray) -> str:
    african = race[RACES.index("african")]
    if maleness > 0.5:
        bald = 0.0 if age["child"] else 0.10 + 0.30 * age["old"]
        share = [bald, 0.35, 0.45 * (1 - african), 0.35 * african, 0.02, 0.05 * (1 - african)]
    else:
        share = [0.0, 0.06, 0.16, 0.45 * african, 0.30, 0.48 * (1 - 0.7 * african)]
    return str(draw.choice(HAIR_STYLES, p=np.array(share) / sum(share)))


def _build(rig: Rig, draw: np.random.Generator, maleness: float, age: dict[str, float], race: np.ndarray) -> np.ndarray:
    """Displacements by sex, age, race, muscle and weight: the products MakeHuman's macro targets are made for."""
    muscle, weight = _thirds(draw.random()), _thirds(draw.random())
    total = np.zeros(rig.base.shape, np.float32)
    for sex, sex_share in (("male", maleness), ("female", 1 - maleness)):
        for years, age_share in age.items():
            share = sex_share * age_share
            if share < 1e-3:
                continue
            for name, part in zip(RACES, race, strict=True):
                total += np.float32(share * part * STEP) * rig.shapes[rig.shape_index[f"macro/{name}-{sex}-{years}"]]
            for m in MUSCLES:
                for w in WEIGHTS:
                    if (part := share * muscle[m] * weight[w]) > 1e-3:
                        name = f"macro/universal-{sex}-{years}-{m}muscle-{w}weight"
                        total += np.float32(part * STEP) * rig.shapes[rig.shape_index[name]]
    return total


def _thirds(value: float) -> dict[str, float]:
    """Weights of the minimal, average and maximal shape for a value in 0..1."""
    return {"min": max(0, 1 - 2 * value), "average": 1 - abs(2 * value - 1), "max": max(0, 2 * value - 1)}


def _features(rig: Rig, draw: np.random.Generator, n: int = 22) -> np.ndarray:
    """Displacements by ``n`` random local shapes (nose, chin, cheeks, ...), the same on both sides."""
    names = [name for name in rig.shape_names if name.startswith("local/") and not name.startswith("local/r-")]
    total = np.zeros(rig.base.shape, np.float32)
    for name in draw.choice(names, n, replace=False):
        amount = min(abs(draw.normal(0, 0.30)), 0.65) * (0.55 if "-eye-" in name else 1.0)
        sides = [name, name.replace("local/l-", "local/r-")] if name.startswith("local/l-") else [name]
        for side in sides:
            total += np.float32(amount * STEP) * rig.shapes[rig.shape_index[side]]
    return total


def _at_rest(rig: Rig, shape: np.ndarray) -> np.ndarray:
    """Close the lips, which some shapes part, and lift the mouth's corners and the lids, which hang a little."""
    unit = {
        name: np.float32(STEP) * rig.units[rig.unit_names.index(name)]
        for name in ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeWideLeft", "eyeWideRight")
    }
    middle = (np.abs(rig.base[:, 0]) < 0.01) & (rig.lips > 0.5)
    lower = middle & (unit["jawOpen"][:, 1] < -0.15)
    upper = middle & ~lower
    drop = -unit["jawOpen"][lower, 1].mean()
    gap = shape[upper, 1].min() - shape[lower, 1].max() + LIP_OVERLAP
    lifted = REST_SMILE * (unit["mouthSmileLeft"] + unit["mouthSmileRight"])
    lifted += REST_OPEN * (unit["eyeWideLeft"] + unit["eyeWideRight"])
    return shape - gap / drop * unit["jawOpen"] + lifted
