"""Fetch the weights of a system that is not trained here, at the commit that its row pins."""

from pathlib import Path

from emovlm.core.files import write_json
from emovlm.core.script import parser, run
from emovlm.systems.hub import fetch_weights


def main() -> None:
    arguments = parser(__doc__)  # params: weights, revision
    arguments.add_argument("--out", required=True, help="list of the files (.json), beside them")
    given = arguments.parse_args()
    files = fetch_weights(given.params["weights"], given.params["revision"], Path(given.out).parent)
    write_json(given.out, {**given.params, "files": files})


if __name__ == "__main__":
    run(main)
