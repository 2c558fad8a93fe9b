"""Make the manifest of a dataset from its raw folder, and count its clips.

--params: the row of config/datasets.tsv as far as it matters (dataset, kind, form, folds, per_class), words (label word
to class), permuted_labels (splits), seed.
"""

import sys
from pathlib import Path

from emovlm.core.contracts.data import DATASET_COUNTS, MANIFEST
from emovlm.core.io import write_table
from emovlm.core.script import parser, run
from emovlm.datasets.manifest import make_manifest, permute_labels
from emovlm.datasets.published_counts import count_clips, report


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--folder", required=True, type=Path, help="the raw dataset folder")
    arguments.add_argument("--subset", type=Path, help="list of the test clips to evaluate, one a line")
    arguments.add_argument("--published", type=Path, help="published number of clips by class (CSV)")
    arguments.add_argument("--out", required=True, help="MANIFEST table")
    arguments.add_argument("--counts", required=True, help="DATASET_COUNTS table")
    options = arguments.parse_args()
    manifest = make_manifest(options.params, options.folder, options.subset)
    counts = count_clips(manifest, options.published)
    print(report(options.params["dataset"], counts), file=sys.stderr)
    manifest = permute_labels(manifest, options.params["permuted_labels"], options.params["seed"])
    write_table(manifest, options.out, MANIFEST)
    write_table(counts, options.counts, DATASET_COUNTS)


if __name__ == "__main__":
    run(main)
