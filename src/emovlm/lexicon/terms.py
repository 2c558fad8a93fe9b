"""The lexicon: each emotion's words, by form and language."""

from importlib.resources import files
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.tables import Row, read_cells

LEXICON = str(files("emovlm.lexicon") / "lexicon.tsv")
"""The package's own."""
FORMS = {"en": ("family", "noun", "adjective"), "zh": ("family",)}
COLUMNS = ("emotion", "noun", "adjective", "family", "chinese")
LABEL_COLUMNS = ("emotion", "dfew", "noun", "adjective")
"""What labels and replies may call an emotion: one term each, as in each column ``labels-...``."""


def read_lexicon(path: str | Path) -> list[Row]:
    """Read ``config/lexicon.tsv``: one row an emotion, with the columns ``COLUMNS``.

    Raises:
        StudyError: an emotion has two rows or a cell without words, or one word stands for two emotions.
    """
    lexicon = []
    for line, cells in read_cells(path):
        if lacking := [column for column in COLUMNS if not cells.get(column)]:
            raise StudyError(f"{path}, line {line}, column {lacking[0]}: there are no words to count")
        lexicon.append({column: cell for column, cell in cells.items() if cell})
    emotions = [row["emotion"] for row in lexicon]
    for emotion in emotions:
        if emotions.count(emotion) > 1:
            raise StudyError(f"{path}: two rows for the emotion {emotion}; merge them")
    for language in FORMS:
        owner: dict[str, str] = {}
        for row in lexicon:
            for term in terms_of(row, language, "family"):
                if term in owner:
                    raise StudyError(
                        f"{path}: {term} stands under {owner[term]} and under {row['emotion']}; leave it in one row"
                    )
                owner[term] = row["emotion"]
    return lexicon


def terms_of(row: Row, language: str, form: str) -> list[str]:
    """The words of one lexicon row whose frequencies are added up for ``language`` and ``form``."""
    column = "chinese" if language == "zh" else form
    return row[column].split()
