"""Ask one system about the test clips of one shard, in one condition."""

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import CLIP_TRUTH, MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.prompts import read_prompt
from emovlm.core.script import named_paths, parser, run
from emovlm.evaluation.clips import clips_to_answer
from emovlm.evaluation.folds import answer_folds, loader
from emovlm.frames.store import FrameStore, SoundStore


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--code", required=True, help="hash of this script's code, part of each answer's key")
    arguments.add_argument("--models", required=True, nargs="+", metavar="FOLD=PATH", help="folders of the system")
    arguments.add_argument("--base", help="folder of its base, if it has one")
    arguments.add_argument("--sample", required=True, help="SAMPLE of the condition's frame sampler")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--truth", help="CLIP_TRUTH of a rendered dataset, which says what is special in a clip")
    arguments.add_argument("--store", required=True, help="frame store of the shard")
    arguments.add_argument("--sounds", help="sound store of the shard, for a system that hears")
    arguments.add_argument("--clips", required=True, help="CLIP_INDEX of the shard")
    arguments.add_argument("--texts", help="TEXTS of the dataset, where the context needs them")
    arguments.add_argument("--prompt", required=True, help="file with the question")
    arguments.add_argument("--kept", required=True, help="the answer store: what was answered before is kept")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    params = given.params
    truth = read_table(given.truth, CLIP_TRUTH) if given.truth else None
    answers = answer_folds(
        loader(params["system"], given.base, given.code),
        named_paths(given.models, "model"),
        clips_to_answer(read_table(given.manifest, MANIFEST), read_table(given.clips, CLIP_INDEX), truth),
        read_table(given.sample, SAMPLE),
        read_table(given.texts, TEXTS) if given.texts else None,
        FrameStore([given.store]),
        AnswerStore(given.kept),
        read_prompt(given.prompt, params["classes"]),
        params,
        SoundStore([given.sounds]) if given.sounds else None,
    )
    write_table(answers, given.out, ANSWERS)


if __name__ == "__main__":
    run(main)
