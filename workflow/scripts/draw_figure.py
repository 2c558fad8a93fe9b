"""Draw one figure of the study as PDF and PNG from tidy tables; params are those of the figure."""

from emovlm.core.job import Job, run
from emovlm.figures import style
from emovlm.figures.registry import draw
from emovlm.figures.write import save


def main(job: Job) -> None:
    with style.context():
        figure = draw(job.wildcards["figure"], job.inputs.get("tables", {}), job.params)
        save(figure, job.outputs["pdf"], job.outputs["png"])


if __name__ == "__main__":
    run(main)
