"""What each emotion does to the face: action-unit prototypes and their course over time.

Anger, disgust, fear, happiness, sadness and surprise follow the prototypes and major variants of EMFACS and the FACS
Investigator's Guide (Ekman, Friesen & Hager 2002, table 10-1); contempt the unilateral lip-corner tightening of Ekman &
Friesen (1986) and Matsumoto & Ekman (2004). Anxiety combines the partial fear display that Harrigan & O'Connell (1996)
measured in anxious people with pressed or sucked lips. Helplessness (a facial shrug: raised brows, pushed-up lower lip)
and disappointment (drooping lids, lowered lip corners, pressed lips) have no agreed prototype: those are ours.
Lids droop a little in sadness (Ekman & Friesen 1975), or its 6+15 joins 1+4; in disappointment they droop more.
An apex of 0.5-4 s for macro-expressions is Ekman's (2003); 0.25-0.5 s for micro-expressions is the study's definition.
"""

from dataclasses import dataclass

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.synface.motion.facs import AU_INDEX, AUS, MOST, mirrored

PROTOTYPES: dict[str, tuple[dict[str, float], ...]] = {
    "anger": (
        {"AU4": 1.0, "AU5": 0.55, "AU7": 0.7, "AU23": 0.9},
        {"AU4": 1.0, "AU5": 0.6, "AU7": 0.6, "AU24": 0.9, "AU17": 0.3},
        {"AU4": 1.0, "AU5": 0.7, "AU7": 0.6, "AU10": 0.5, "AU25": 0.9, "AU26": 0.35, "AU16": 0.6},
    ),
    "disgust": (
        {"AU9": 1.0, "AU10": 0.6, "AU17": 0.8},
        {"AU9": 1.0, "AU15": 0.6, "AU16": 0.5, "AU25": 0.4},
        {"AU9": 0.9, "AU10": 1.0, "AU25": 0.5, "AU4": 0.3},
    ),
    "fear": (
        {"AU1": 1.0, "AU2": 0.7, "AU4": 0.7, "AU5": 1.0, "AU7": 0.3, "AU20": 0.9, "AU26": 0.45},
        {"AU1": 1.0, "AU2": 0.6, "AU4": 0.8, "AU5": 1.0, "AU20": 1.0, "AU25": 1.0},
    ),
    "happiness": (
        {"AU6": 0.8, "AU12": 0.95},
        {"AU6": 0.8, "AU12": 1.0, "AU25": 1.0},
        {"AU6": 0.6, "AU12": 0.9, "AU25": 0.8, "AU26": 0.4},
    ),
    "neutral": ({},),
    "sadness": (
        {"AU1": 0.95, "AU4": 0.6, "AU15": 0.9, "AU43": 0.15},
        {"AU1": 0.9, "AU4": 0.7, "AU15": 0.8, "AU17": 0.6, "AU43": 0.15},
        {"AU1": 1.0, "AU4": 0.4, "AU6": 0.4, "AU15": 0.9, "AU17": 0.3},
    ),
    "surprise": (
        {"AU1": 1.0, "AU2": 1.0, "AU5": 0.9, "AU26": 0.9},
        {"AU1": 1.0, "AU2": 1.0, "AU5": 1.0, "AU25": 0.3, "AU27": 0.7},
    ),
    "contempt": (
        {"AUR12": 0.8, "AUR14": 1.0},
        {"AUR10": 0.35, "AUR12": 0.45, "AUR14": 1.0},
    ),
    "anxiety": (
        {"AU1": 0.6, "AU4": 0.7, "AU20": 0.4, "AU24": 0.4},
        {"AU1": 0.55, "AU4": 0.6, "AU28": 0.8},
        {"AU1": 0.6, "AU2": 0.3, "AU4": 0.6, "AU7": 0.3, "AU24": 0.6},
    ),
    "helplessness": (
        {"AU1": 1.0, "AU2": 0.35, "AU15": 0.5, "AU17": 0.5},
        {"AU1": 1.0, "AU2": 0.4, "AU17": 0.9, "AU24": 0.3},
    ),
    "disappointment": (
        {"AU4": 0.35, "AU15": 0.7, "AU17": 0.4, "AU43": 0.35},
        {"AU1": 0.3, "AU14": 0.6, "AU15": 0.6, "AU24": 0.4, "AU43": 0.35},
    ),
}
"""Emotion: its variants, each action unit with its intensity at the apex (1: the prototype's)."""

CLASSES = tuple(PROTOTYPES)
MICRO_S = (0.25, 0.5)

ORDER_PAIRS = (
    ("happiness", "disappointment"),
    ("fear", "anger"),
    ("anxiety", "surprise"),
    ("sadness", "contempt"),
    ("disgust", "helplessness"),
)
"""Emotions that follow each other in order-dependent clips, in either order; the second one is the label. Ours:
the two of a pair look different, and every emotion but neutral is in one pair, so that all are equally concerned."""


@dataclass(frozen=True)
class Event:
    """When an expression happens, in seconds from the clip's start."""

    onset: float
    apex: float
    apex_end: float
    offset: float


def variants_of(label: str) -> tuple[dict[str, float], ...]:
    """The action-unit variants of an emotion.

    Raises:
        StudyError: the emotion has no prototype.
    """
    if label not in PROTOTYPES:
        raise StudyError(f"no action-unit prototype for the emotion {label!r}; known: {', '.join(CLASSES)}")
    return PROTOTYPES[label]


def draw_event(draw: np.random.Generator, duration: float, micro: bool) -> Event:
    """Draw when the expression happens: the same distribution for every emotion.

    Args:
        duration: of the clip, seconds.
        micro: whether the whole event lasts only 0.25-0.5 s.
    """
    if micro:
        length = draw.uniform(*MICRO_S)
        rise, hold, fall = draw.dirichlet([8, 6, 9]) * length
    else:
        length = float(np.clip(draw.uniform(0.5, 0.8) * duration, 0.6, 4.0))
        rise, fall = min(draw.uniform(0.2, 0.6), length / 3), min(draw.uniform(0.25, 0.7), length / 3)
        hold = length - rise - fall
    margin = min(0.1, (duration - length) / 2)
    onset = draw.uniform(margin, duration - length - margin)
    return Event(onset, onset + rise, onset + rise + hold, onset + length)


def draw_succession(draw: np.random.Generator, duration: float) -> tuple[Event, Event]:
    """Draw when one expression gives way to another: the second rises while the first fades.

    Times are symmetric in distribution: seen backwards, a clip is like one of the opposite order seen forwards.
    """
    length = min(draw.uniform(0.75, 0.92) * duration, duration - 0.12)
    rise, turn, fall = np.minimum(draw.uniform(0.15, 0.45, 3), length / 5)
    holds = length - rise - turn - fall
    first = holds * draw.uniform(0.42, 0.58)
    onset = draw.uniform(0.05, duration - length - 0.05)
    leave = onset + rise + first
    arrive, end = leave + turn, onset + length
    return Event(onset, onset + rise, leave, arrive), Event(leave, arrive, end - fall, end)


def course(t: np.ndarray, event: Event, lag: float = 0.0) -> np.ndarray:
    """Share of the apex intensity at the times ``t``: 0 outside the event, 1 at the apex, smooth in between.

    Args:
        lag: seconds by which this action unit starts after the event's onset (less than the rise).
    """
    rise = _smooth((t - event.onset - lag) / (event.apex - event.onset - lag))
    return rise * (1 - _smooth((t - event.apex_end) / (event.offset - event.apex_end)))


def _smooth(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def express(
    draw: np.random.Generator,
    label: str,
    variant: int,
    intensity: float,
    t: np.ndarray,
    event: Event | None,
    lagged: bool = True,
) -> np.ndarray:
    """Action units of one expression over time.

    Args:
        variant: number of the prototype's variant, modulo how many there are; intensity: share of the prototype's.
        t: (frames,) seconds.
        event: when it happens; ``None`` for a face that stays neutral.
        lagged: whether action units start at slightly different times, as in life.

    Returns:
        (frames, AUs) float32, 0..1.2, in the order of ``facs.AUS``.
    """
    action = np.zeros((len(t), len(AUS)), np.float32)
    other_side = draw.random() < 0.5
    if event is None:
        return action
    variants = variants_of(label)
    for au, strength in variants[variant % len(variants)].items():
        lag = draw.uniform(0, 0.3) * (event.apex - event.onset) * lagged
        peak = strength * intensity * draw.uniform(0.85, 1.12)
        action[:, AU_INDEX[mirrored(au) if other_side else au]] = course(t, event, lag) * peak
    return action.clip(0, MOST)
