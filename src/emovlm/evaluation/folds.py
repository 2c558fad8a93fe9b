"""Which model answers which clip: one that has not seen it.

A system that is trained on a dataset's labels is trained once for each official fold, on the clips that the fold does
not test. Test sets that pool the folds (balanced ones must) are answered fold by fold, each by its own model.
"""

from collections.abc import Iterator

import pandas as pd

from emovlm.core.errors import StudyError


def by_fold(clips: pd.DataFrame, models: dict[str, str]) -> Iterator[tuple[int, pd.DataFrame, str]]:
    """Number of each fold, its clips and the folder of the model that has not seen them; folds without clips are none.

    Args:
        clips: with the columns clip_id and ``fold``.
        models: folder of a model by fold, or the one model of a system by ``"0"``.

    Raises:
        StudyError: a clip is in a fold that has no model.
    """
    if list(models) == ["0"]:
        if len(clips):
            yield 0, clips, models["0"]
        return
    folds = {int(fold): folder for fold, folder in models.items()}
    unseen = clips.loc[~clips["fold"].isin(folds), "clip_id"]
    if len(unseen):
        raise StudyError(f"clip {unseen.iloc[0]} is tested in no fold: every model of the system was trained on it")
    for fold, folder in sorted(folds.items()):
        if len(mine := clips[clips["fold"] == fold]):
            yield fold, mine, folder
