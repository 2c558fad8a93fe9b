"""Fetch the weights of a system that is not trained here: a commit of the hub, or a file that was fetched by hand."""

from pathlib import Path

from emovlm.core.files import write_json
from emovlm.core.script import parser, run
from emovlm.models.hub import fetch_weights, take_checkpoint, take_folder


def main() -> None:
    # params: weights and revision, or file and sha256; and of a network fine-tuned elsewhere: network, the kind of its
    # dataset, dimensions that are not the official ones
    arguments = parser(__doc__)
    arguments.add_argument("--out", required=True, help="list of the files (.json), beside them")
    given = arguments.parse_args()
    params, folder = given.params, Path(given.out).parent
    if "file" in params:
        take = take_folder if Path(params["file"]).name == "config.json" else take_checkpoint
        files, params["sha256"] = take(params["file"], folder, params.get("sha256"))
    else:
        files, params["revision"] = fetch_weights(params["weights"], params.get("revision"), folder)
    write_json(given.out, {**params, "files": files})


if __name__ == "__main__":
    run(main)
