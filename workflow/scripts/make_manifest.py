"""Make the manifest of a dataset from its raw folder.

--params: dataset, kind (of its row of config/datasets.tsv), classes, permuted_labels (splits), seed.
"""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.io import write_table
from emovlm.core.script import parser, run
from emovlm.datasets.manifest import make_manifest, permute_labels


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--folder", required=True, type=Path, help="the raw dataset folder")
    arguments.add_argument("--out", required=True, help="MANIFEST table")
    options = arguments.parse_args()
    manifest = make_manifest(options.params, options.folder, options.params["classes"])
    manifest = permute_labels(manifest, options.params["permuted_labels"], options.params["seed"])
    write_table(manifest, options.out, MANIFEST)


if __name__ == "__main__":
    run(main)
