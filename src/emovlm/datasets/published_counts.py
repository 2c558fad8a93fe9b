"""How many clips of each class a dataset has here, beside how many were published."""

from pathlib import Path

import pandas as pd

from emovlm.core.errors import StudyError

ALL = "all"


def count_clips(manifest: pd.DataFrame, published: Path | None = None) -> pd.DataFrame:
    """Clips found and published, by class, of the whole dataset (fold 0) and of each fold that was published.

    Which clips the study evaluates does not matter.

    Args:
        manifest: a ``contracts.MANIFEST`` table, its labels not permuted.
        published: CSV file with the columns ``emotion`` and ``clips``, and ``fold`` where a row counts the test clips
            of one official fold; an emotion ``all`` stands for all classes together.

    Returns:
        A table that fits ``contracts.DATASET_COUNTS``.

    Raises:
        StudyError: the published table is missing or has not these columns.
    """
    known = {} if published is None else published_counts(published)
    sets = {0: manifest, **{fold: manifest[manifest["fold"] == fold] for _, fold in known if fold}}
    rows = []
    for fold, clips in sorted(sets.items()):
        found = {**clips["label"].value_counts().to_dict(), ALL: len(clips)}
        for emotion in sorted({*found, *(e for e, of in known if of == fold)}):
            rows.append({"emotion": emotion, "fold": fold, "found": found.get(emotion, 0),
                         "published": known.get((emotion, fold))})  # fmt: skip
    counts = pd.DataFrame(rows).astype({"published": "Int64"})
    return counts.assign(difference=counts["found"] - counts["published"])


def report(dataset: str, counts: pd.DataFrame) -> str:
    """What is to be said of a table of :func:`count_clips`: where it differs from what was published."""
    compared = counts[counts["published"].notna()]
    wrong = compared[compared["difference"] != 0]
    clips = int(counts.loc[(counts["emotion"] == ALL) & (counts["fold"] == 0), "found"].iloc[0])
    if compared.empty:
        return f"{dataset}: {clips} clips; no published numbers to compare with"
    if wrong.empty:
        return f"{dataset}: {clips} clips, as many as published in each of {len(compared)} numbers"
    said = [
        f"{row.emotion}{f' in fold {row.fold}' if row.fold else ''}: {row.found}, published {row.published} "
        f"({row.difference:+d})"
        for row in wrong.itertuples()
    ]
    return f"{dataset}: the numbers of clips differ from those published: {'; '.join(said)}"


def published_counts(file: Path) -> dict[tuple[str, int], int]:
    """Published number of clips by class and fold; the sum over the classes too, where no row is called ``all``.

    Raises:
        StudyError: the file is missing or has no columns emotion and clips.
    """
    try:
        table = pd.read_csv(file)
        table = table.assign(fold=table.get("fold", 0))
        known = {(row.emotion, int(row.fold)): int(row.clips) for row in table.itertuples()}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise StudyError(f"{file}: not a table with columns emotion and clips ({error})") from None
    sums = table[table["emotion"] != ALL].groupby("fold")["clips"].sum()
    return {(ALL, int(fold)): int(clips) for fold, clips in sums.items()} | known
