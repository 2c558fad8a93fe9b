"""A study in which there is nothing to learn finds nothing. Takes minutes; `make test` has the statistics alone."""

import pandas as pd
import pytest

from tests.project import Project
from tests.study_tables import ROOT, plain_rows

# Large enough for intervals to mean something, and no larger: ten test clips a class. So few captions name every class
# only if most of the commonest one's do.
SIZES = """
tables: {caption_variants: config/quick/caption_variants.tsv}
organism:
  captions: {samples_per_clip: 4}
synface:
  corpora:
    faces:
      pretrain: {clips: 220, identities: 220}
    synface:
      train: {clips: 110, identities: 30}
      test: {clips: 110, identities: 30}
lora: {draws: 256}
classifier: {draws: 512}
statistics: {resamples: 1000}
pathvars: {results: results/broken, logs: results/broken/logs, benchmarks: results/broken/benchmarks}
replicates: 2
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The claims of a study whose labels are permuted wherever training sees them."""
    project = Project(tmp_path_factory.mktemp("broken") / "emovlm", "config/broken.yaml", "config/sizes.yaml")
    (project.path / "config/sizes.yaml").write_text(SIZES)
    project.run("results/broken/tables/claims.csv", "results/broken/tables/metrics.csv")
    return project.path / "results/broken/tables"


def test_nothing_is_recognised_beyond_chance(broken):
    metrics = pd.read_csv(broken / "metrics.csv").query("clips == 'all' and metric == 'uar'")
    assert len(metrics) == len(plain_rows(ROOT / "config/quick/conditions.tsv"))
    assert metrics["replicates"].eq(2).all()
    assert metrics["value"].lt(0.2).all()


def test_no_claim_about_a_model_is_supported(broken):
    claims = pd.read_csv(broken / "claims.csv").set_index("claim")
    about_models = claims.drop(index="T3")  # T3 is about sampling alone
    assert set(about_models["verdict"]) <= {"undecided", "not supported"}
