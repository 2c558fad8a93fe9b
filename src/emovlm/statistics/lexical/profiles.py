"""Recognition by class: measured by the study, or published. What the lexical correlations are computed from."""

import pandas as pd

from emovlm.core.errors import StudyError

FIGURE_SYSTEMS = {"f1_gemini25_flash": "Gemini2.5-Flash", "f1_qwen25_vl": "Qwen2.5-VL"}


def measured_profiles(per_class: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """F1 by class of the conditions in ``kinds`` (condition to vlm or vision), from PER_CLASS.

    Raises:
        StudyError: a condition has no rows.
    """
    if missing := sorted(set(kinds) - set(per_class["condition"])):
        raise StudyError(f"no per-class metrics of the conditions {', '.join(missing)}")
    rows = per_class[per_class["condition"].isin(kinds)]
    return pd.DataFrame({
        "subject": rows["condition"], "origin": "measured", "kind": rows["condition"].map(kinds),
        "emotion": rows["emotion"], "value": rows["f1"],
    })  # fmt: skip


def published_profiles(figure: pd.DataFrame, recalls: pd.DataFrame, classes: list[dict]) -> pd.DataFrame:
    """Published F1 (ranks only: read from a figure) of two VLMs, and recall of vision-only networks on MAFW.

    Args:
        figure: ``paper_lexical_figure.csv``; DFEW's own labels become the study's classes.
        recalls: ``mafw_recalls.csv``, the negative control: these networks never saw a word.
        classes: from :func:`emovlm.lexicon.terms.read_classes`.

    Raises:
        StudyError: a published class is none of them.
    """
    emotion = {("DFEW", row["dfew"]): row["emotion"] for row in classes if "dfew" in row}
    emotion |= {("MAFW", row["emotion"]): row["emotion"] for row in classes}
    keys = list(zip(figure["dataset"], figure["term"], strict=True))
    if unknown := [f"{term} ({dataset})" for dataset, term in keys if (dataset, term) not in emotion]:
        raise StudyError(f"published F1 of classes that the study does not have: {', '.join(unknown)}")
    emotions = [emotion[key] for key in keys]
    vlms = figure.assign(kind="vlm", emotion=emotions)[["dataset", "kind", "emotion", *FIGURE_SYSTEMS]]
    tables = [
        vlms.assign(subject=f"{system}/" + vlms["dataset"], value=vlms[column])[["subject", "kind", "emotion", "value"]]
        for column, system in FIGURE_SYSTEMS.items()
    ]
    named = [row["emotion"] for row in classes if row["emotion"] in recalls.columns]
    vision = recalls.melt(id_vars="system", value_vars=named, var_name="emotion")
    tables.append(vision.assign(subject=vision["system"] + "/MAFW", kind="vision").drop(columns="system"))
    return pd.concat(tables, ignore_index=True).assign(origin="published")
