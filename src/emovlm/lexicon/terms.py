"""The lexicon: each emotion's words, by form and language."""

from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.tables import Row, read_rows

FORMS = {"en": ("family", "noun", "adjective"), "zh": ("family",)}


def read_lexicon(path: str | Path) -> list[Row]:
    """Read ``config/lexicon.tsv``: one row an emotion (emotion, dfew, noun, adjective, family, chinese).

    Raises:
        StudyError: an emotion has two rows, or one word stands for two emotions.
    """
    lexicon = read_rows(path, "lexicon")
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
