"""Make the manifest of a dataset from its raw folder, and count its clips.

params: the row of config/datasets.tsv as far as it matters (dataset, kind, form, folds, per_class), folder (the raw
dataset), words (label word to class), permuted_labels (splits), seed. Optional inputs: ``subset``, the list of the test
clips to evaluate, and ``published``, the published number of clips by class.
"""

import sys
from pathlib import Path

from emovlm.core.contracts.data import DATASET_COUNTS, MANIFEST
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.datasets.manifest import make_manifest, permute_labels
from emovlm.datasets.published_counts import count_clips, report


def main(job: Job) -> None:
    params = job.params
    subset, published = (Path(job.inputs[n]) if n in job.inputs else None for n in ("subset", "published"))
    manifest = make_manifest(params, Path(params["folder"]), subset)
    counts = count_clips(manifest, published)
    print(report(params["dataset"], counts), file=sys.stderr)
    manifest = permute_labels(manifest, params["permuted_labels"], params["seed"])
    write_table(manifest, job.outputs["manifest"], MANIFEST)
    write_table(counts, job.outputs["counts"], DATASET_COUNTS)


if __name__ == "__main__":
    run(main)
