"""What words of a reply do to the classes that are named near them: the grammar's vocabulary, by language.

The patterns are regular expressions of case-folded text in which contractions are written out (*is not*), one a line.
How they work together is in :mod:`emovlm.evaluation.replies.clauses` and :mod:`emovlm.evaluation.parsing`, and in plain
words in docs/explanation/statistics.md.
"""

from dataclasses import dataclass

NEVER = "(?!)"
ROLES = (
    "not_only", "absent", "better", "naught", "uncertain", "less", "verbal", "nominal", "concede", "reason", "than",
    "correct", "stop", "subject", "and_verb", "and", "hedge",
)  # fmt: skip
"""What a cue may do in a sentence, in the order in which they are tried."""


@dataclass(frozen=True)
class Cues:
    """The cues of one language. Those of a sentence's words:

    Attributes:
        idioms: hide what is in them, for they are not about the person.
        not_only: more is said than the class after it.
        absent: denies the class before it.
        better: prefers the class before it to others.
        naught: denies a class as the value of a field.
        uncertain: says that something is not known, whatever class comes after it.
        less: denies what is compared, until ``than``.
        verbal: denies what comes after it, through further clauses (*not*).
        nominal: denies what comes after it, until a new subject (*without*).
        concede, reason: begin what counts only where nothing else is given.
        than: denies the other side of a comparison.
        correct: takes back what was given before it.
        stop: ends what was denied.
        subject: a new subject with its verb.
        and_verb: a further verb.
        and_: joins items of a list.
        hedge: says that something may be.
        exceptions: cues of ``nominal`` that make an exception from what is denied.

    Those of whole sentences:

    Attributes:
        statements: by tier, what begins a direct answer; the strongest are 1.
        aside: begins a remark, such as a reason in a field of its own.
        options: begins a list of what there is to choose from.
        question: ends a question.
        announced: begins a reply that says what it will do.
        cut: ends a reply that breaks off.
        frame: speaks of one frame alone.
        changes: speaks of before or after.
        corrects: begins a correction.
        agrees: says yes to a question.
        refuses: says that the emotion cannot be told.
        fillers: words that a sentence may have besides classes and be a bare answer.
    """

    idioms: str
    not_only: str
    absent: str
    better: str
    naught: str
    uncertain: str
    less: str
    verbal: str
    nominal: str
    concede: str
    reason: str
    than: str
    correct: str
    stop: str
    subject: str
    and_verb: str
    and_: str
    hedge: str
    exceptions: frozenset[str]
    statements: dict[int, str]
    aside: str
    options: str
    question: str
    announced: str
    cut: str
    frame: str
    changes: str
    corrects: str
    agrees: str
    refuses: str
    fillers: frozenset[str]

    def of(self, role: str) -> str:
        """The pattern of one of ``ROLES``."""
        return getattr(self, "and_" if role == "and" else role)


def either(text: str) -> str:
    """One pattern of several, one a line."""
    return "|".join(filter(None, map(str.strip, text.splitlines())))
