"""From counts of terms to the frequency of each class, by form.

The counts of the terms of a form that name a class are added up. A form whose terms name no more than half of the
classes (English verbs: five of eleven) ranks too few of them, and is no estimate. A sum is complete if the source lists
all of them, partial if some. Where it lists none the class is censored: its terms are below the source's cut, and it
has no count.
"""

import pandas as pd

from emovlm.core.contracts.frequency import CENSORED, COMPLETE, PARTIAL, TERM_FREQUENCY
from emovlm.lexicon.terms import FAMILY, FORMS, NAME


def estimate(counts: pd.DataFrame, tokens: float | None) -> pd.DataFrame:
    """TERM_FREQUENCY of one source and language.

    Args:
        counts: TERM_COUNTS. Synonyms and terms in traditional script are left out.
        tokens: words of the source in all, in the unit of the counts; None where they are not known.
    """
    names = counts[(counts["role"] == NAME) & (counts["script"] != "traditional")]
    rows = []
    for form in FORMS:
        of_form = names[(names["form"] == form) | (form == FAMILY)]
        if 2 * of_form["emotion"].nunique() <= names["emotion"].nunique():
            continue
        for emotion, terms in of_form.groupby("emotion", sort=False):
            listed = terms["count"].dropna()
            count = float(listed.sum()) if len(listed) else None
            rows.append({
                **terms.iloc[0][["language", "source"]], "form": form, "emotion": emotion, "count": count,
                "per_million": count / tokens * 1e6 if len(listed) and tokens else None,
                "listing": COMPLETE if len(listed) == len(terms) else PARTIAL if len(listed) else CENSORED,
                "terms_listed": len(listed), "terms_asked": len(terms),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(TERM_FREQUENCY.columns)).astype({"count": float, "per_million": float})
