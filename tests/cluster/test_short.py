"""The short form, without conda: from the face geometry to a trained network, each job through SLURM."""

import re

from tests.cluster.conftest import Cluster
from tests.project import RESULTS


def test_jobs_run_through_slurm_and_rules_for_gpus_get_one(tmp_path):
    cluster = Cluster(tmp_path / "emovlm")
    cluster.edit("profiles/slurm/config.yaml", "software-deployment-method: conda\n", "")
    cluster.run(str(RESULTS / "models/tower/1/model.safetensors"))
    check_jobs(cluster)
    (tower,) = cluster.jobs_of("train_tower")
    assert tower.partition == "gpu" and "gres/gpu=1" in tower.allocated
    assert cluster.submitted_by(lambda: cluster.run(str(RESULTS / "models/tower/1/model.safetensors"))) == ({}, {})


def check_jobs(cluster: Cluster) -> None:
    """Every job of the study but those that need the network ran in a job of SLURM that completed."""
    jobs, records = cluster.jobs(), cluster.records()
    here = {name for name, record in records.items() if record["machine"]["slurm_job"] is None}
    assert {name.split("/")[0] for name in here} <= {"fetch_rig", "fetch_corpus"}
    assert {job.state for job in jobs.values()} == {"COMPLETED"}
    assert {record["machine"]["slurm_job"] for name, record in records.items() if name not in here} == set(jobs)
    profile = (cluster.path / "profiles/slurm/config.yaml").read_text()
    with_gpu = set(re.findall(r"^  (\w+): \{.*gpu: 1", profile, re.M))
    for name, record in records.items():
        if name not in here:
            job = jobs[record["machine"]["slurm_job"]]
            wanted = name.split("/")[0] in with_gpu
            assert (job.partition == "gpu") == ("gres/gpu" in job.allocated) == wanted, name
