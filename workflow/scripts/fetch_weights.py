"""Fetch the weights of a system that is not trained here: a commit of the hub, or a file that was fetched by hand.

params: weights and revision, or file and sha256; and of a network fine-tuned elsewhere: network, the kind of its
dataset, dimensions that are not the official ones.
"""

from pathlib import Path

from emovlm.core.files import write_json
from emovlm.core.job import Job, run
from emovlm.models.hub import fetch_weights, take_checkpoint, take_folder


def main(job: Job) -> None:
    params, folder = dict(job.params), Path(job.outputs["fetched"]).parent
    if "file" in params:
        take = take_folder if Path(params["file"]).name == "config.json" else take_checkpoint
        files, params["sha256"] = take(params["file"], folder, params.get("sha256"))
    else:
        files, params["revision"] = fetch_weights(params["weights"], params.get("revision"), folder)
    write_json(job.outputs["fetched"], {**params, "files": files})


if __name__ == "__main__":
    run(main)
