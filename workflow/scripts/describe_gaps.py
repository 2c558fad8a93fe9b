"""Write the texts of the frames between keyframes, for the test clips of one shard."""

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.prompts import read_prompt
from emovlm.core.script import named_paths, parser, run
from emovlm.evaluation.folds import describe_folds, loader
from emovlm.frames.store import FrameStore


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
    texts = describe_folds(
        loader(params["system"], given.base, given.code),
        named_paths(given.models, "model"),
        read_table(given.manifest, MANIFEST).query("split == 'test'"),
        read_table(given.sample, SAMPLE),
        read_table(given.gaps, SAMPLE),
        FrameStore([given.store]),
        AnswerStore(given.kept),
        read_prompt(given.prompt, params["classes"]),
        params["max_new_tokens"],
    )
    write_table(texts, given.out, TEXTS)


if __name__ == "__main__":
    run(main)
