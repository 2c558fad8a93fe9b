"""Ask one system about the test clips of one shard, in one condition."""

from pathlib import Path

from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE
from emovlm.core.contracts.training import LABEL_COUNTS
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.evaluation.answer_store import AnswerStore
from emovlm.evaluation.answering import answer_clips
from emovlm.frames.store import FrameStore
from emovlm.systems.load import identity_of, load_system


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--code", required=True, help="hash of this script's code, part of each answer's key")
    arguments.add_argument("--model", required=True, help="folder of the system")
    arguments.add_argument("--base", help="folder of its base, if it has one")
    arguments.add_argument("--labels", help="LABEL_COUNTS of its training, where the decision needs them")
    arguments.add_argument("--sample", required=True, help="SAMPLE of the condition's frame sampler")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--store", required=True, help="frame store of the shard")
    arguments.add_argument("--clips", required=True, help="CLIP_INDEX of the shard")
    arguments.add_argument("--texts", help="TEXTS of the dataset, where the context needs them")
    arguments.add_argument("--prompt", required=True, help="file with the question")
    arguments.add_argument("--kept", required=True, help="the answer store: what was answered before is kept")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    params = given.params

    manifest = read_table(given.manifest, MANIFEST).query("split == 'test'")
    clips = manifest.merge(read_table(given.clips, CLIP_INDEX), on="clip_id")
    answers = answer_clips(
        load_system(params["system"], given.model, given.base),
        identity_of(params["system"], given.model, given.base),
        clips,
        read_table(given.sample, SAMPLE),
        read_table(given.texts, TEXTS) if given.texts else None,
        FrameStore([given.store]),
        AnswerStore(given.kept),
        params["classes"],
        Path(given.prompt).read_text(encoding="utf-8").strip(),
        params,
        given.code,
        read_table(given.labels, LABEL_COUNTS) if given.labels else None,
    )
    write_table(answers, given.out, ANSWERS)


if __name__ == "__main__":
    run(main)
