"""The true texts between keyframes: the upper bound of context enrichment."""

import pandas as pd

from emovlm.core.contracts.answers import TEXTS
from emovlm.enrichment.gaps import true_texts
from emovlm.synface.language import PHRASES


def test_the_true_text_tells_the_largest_change_since_the_keyframe():
    frames = [{"AU12": 0.0}, {"AU12": 0.1}, {"AU12": 0.9}, {"AU12": 0.1}, {"AU12": 0.0}, {"AU12": 0.1}]
    truth = pd.DataFrame([{f"au_{u}": s.get(u, 0.0) for u in PHRASES} for s in frames])
    truth = truth.assign(clip_id="d/a", frame_index=range(6), timestamp_s=[i / 5 for i in range(6)])
    between = pd.DataFrame({"clip_id": "d/a", "position": range(4), "frame_index": [1, 2, 3, 5], "gap": [0, 0, 0, 1]})
    keyframes = pd.DataFrame({"clip_id": "d/a", "position": range(2), "frame_index": [0, 4], "gap": [0, 1]})
    texts = TEXTS.conform(true_texts(between, keyframes, truth, 1), "texts").to_pandas()
    assert texts["frames"].map(list).tolist() == [[1, 2, 3], [5]]
    assert texts["text"][0] in [f"more {wording} ." for wording in PHRASES["AU12"]]
    assert texts["text"][1] == "nothing changes ."
