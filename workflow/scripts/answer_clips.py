"""Ask one system about the test clips of one shard, in one condition."""

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE
from emovlm.core.contracts.training import LABEL_COUNTS
from emovlm.core.io import read_table, write_table
from emovlm.core.prompts import read_prompt
from emovlm.core.script import named_paths, parser, run
from emovlm.evaluation.answering import answer_clips
from emovlm.evaluation.folds import by_fold
from emovlm.frames.store import FrameStore, SoundStore
from emovlm.models.fingerprint import code_of, fingerprint_of
from emovlm.models.loading import load_system


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--code", required=True, help="hash of this script's code, part of each answer's key")
    arguments.add_argument("--models", required=True, nargs="+", metavar="FOLD=PATH", help="folders of the system")
    arguments.add_argument("--base", help="folder of its base, if it has one")
    arguments.add_argument("--sample", required=True, help="SAMPLE of the condition's frame sampler")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--store", required=True, help="frame store of the shard")
    arguments.add_argument("--sounds", help="sound store of the shard, for a system that hears")
    arguments.add_argument("--clips", required=True, help="CLIP_INDEX of the shard")
    arguments.add_argument("--texts", help="TEXTS of the dataset, where the context needs them")
    arguments.add_argument("--prompt", required=True, help="file with the question")
    arguments.add_argument("--kept", required=True, help="the answer store: what was answered before is kept")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    params, row = given.params, given.params["system"]

    manifest = read_table(given.manifest, MANIFEST).query("split == 'test'")
    clips = manifest.merge(read_table(given.clips, CLIP_INDEX), on="clip_id")
    sample = read_table(given.sample, SAMPLE)
    texts = read_table(given.texts, TEXTS) if given.texts else None
    frames, store = FrameStore([given.store]), AnswerStore(given.kept)
    question = read_prompt(given.prompt, params["classes"])
    adjusted = params["decision"] == "logit-adjusted"
    answers = [
        answer_clips(
            load_system(row, model, given.base), fingerprint_of(row, model, given.base), mine, sample, texts,
            frames, store, params["classes"], question, params, code_of(row, given.code),
            read_table(f"{model}/labels.csv", LABEL_COUNTS) if adjusted else None,
            SoundStore([given.sounds]) if given.sounds else None,
        ).assign(fold=fold)
        for fold, mine, model in by_fold(clips, named_paths(given.models, "model"))
    ]  # fmt: skip
    empty = pd.DataFrame(columns=list(ANSWERS.columns))
    write_table(pd.concat(answers) if answers else empty, given.out, ANSWERS)


if __name__ == "__main__":
    run(main)
