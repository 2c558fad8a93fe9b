"""Write the texts of the frames between keyframes, for the test clips of one shard."""

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.prompts import read_prompt
from emovlm.core.script import named_paths, parser, run
from emovlm.enrichment.gaps import describe_gaps
from emovlm.evaluation.folds import by_fold
from emovlm.frames.store import FrameStore
from emovlm.models.fingerprint import code_of, fingerprint_of
from emovlm.models.loading import load_system


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--code", required=True, help="hash of this script's code, part of each text's key")
    arguments.add_argument("--models", required=True, nargs="+", metavar="FOLD=PATH", help="folders of the system")
    arguments.add_argument("--base", help="folder of its base, if it has one")
    arguments.add_argument("--sample", required=True, help="SAMPLE of the frames that the texts are about")
    arguments.add_argument("--gaps", required=True, help="SAMPLE of the frames between keyframes: which gaps there are")
    arguments.add_argument("--store", required=True, help="frame store of the shard")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--prompt", required=True, help="file with what the system is asked")
    arguments.add_argument("--kept", required=True, help="the store of texts: what was written before is kept")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    params = given.params
    frames = FrameStore([given.store])
    manifest = read_table(given.manifest, MANIFEST).query("split == 'test'")
    gaps = read_table(given.gaps, SAMPLE)[["clip_id", "gap"]].drop_duplicates()
    sample = read_table(given.sample, SAMPLE).merge(gaps, on=["clip_id", "gap"])
    clips = manifest[manifest["clip_id"].isin(frames.clip_ids())]
    row, prompt, store = params["system"], read_prompt(given.prompt, params["classes"]), AnswerStore(given.kept)
    texts = [
        describe_gaps(
            load_system(row, model, given.base), fingerprint_of(row, model, given.base),
            sample[sample["clip_id"].isin(mine["clip_id"])], frames, store, prompt, params["max_new_tokens"],
            code_of(row, given.code),
        )
        for _, mine, model in by_fold(clips, named_paths(given.models, "model"))
    ]  # fmt: skip
    empty = pd.DataFrame(columns=list(TEXTS.columns))
    write_table(pd.concat(texts) if texts else empty, given.out, TEXTS)


if __name__ == "__main__":
    run(main)
