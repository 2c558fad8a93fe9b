"""A finished study on one Markdown page, for notes and pull requests: every cell is a value as the paper prints it."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from emovlm.core.contracts.data import CUES
from emovlm.core.contracts.statistics import CLAIMS, COMPARISONS, CONTRASTS, METRICS, SLOPES
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json
from emovlm.core.io import read_table
from emovlm.provenance.account import FILE as ACCOUNT
from emovlm.statistics.counts import ALL

KINDS = ("plain", "micro", "order")  # kinds of clips that SynFace has
NONE = "–"


def summary(results: str | Path) -> str:
    """The study in the folder ``results`` as Markdown: what it took, verdicts, comparisons, controls, conditions.

    Raises:
        StudyError: the study has not come to ``values.json`` and its account, or a table is not as it should be.
    """
    results = Path(results)
    values, account = results / "values.json", results / ACCOUNT
    for path in (values, account):
        if not path.is_file():
            raise StudyError(f"{path}: no such file; finish the study, or choose another with --configfile")
    account = read_json(account)
    values = _Values(read_json(values) | account["values"])
    parts = [_head(account, values)]
    for name, (contract, section) in SECTIONS.items():
        path = results / "tables" / f"{name}.csv"
        if path.is_file() or name in ALL_HAVE:
            parts.append(section(read_table(path, contract), values))
    return "\n\n".join(filter(None, parts)) + "\n"


class _Values:
    """Values by id, as they are printed; a dash where the study has none, or it is not defined."""

    def __init__(self, values: dict[str, dict]):
        self.values = values

    def __call__(self, name: str) -> str:
        value = self.values.get(name)
        return NONE if value is None or value["value"] is None else value["text"]

    def n(self, name: str) -> int:
        return self.values[name]["n"]


def _head(account: dict, values: _Values) -> str:
    commits = ", ".join(f"`{one['commit'][:7]}`" for one in account["commits"] if one["commit"])
    machines = "; ".join(f"{one['cores']} cores, {one['processor']}" for one in account["machines"])
    return (
        f"{values('run.jobs')} jobs by code of {commits or 'no commit'}, {values('run.job_s')} of job time "
        f"({machines}), {values('run.answers')} answers."
    )


def _table(heading: str, columns: str, rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table under a heading; ``columns`` are separated by bars. Nothing if there are no rows."""
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    names = [name.strip() for name in columns.split("|")]
    head = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join([f"## {heading}", "", *head, *lines]) if lines else ""


def _claims(claims: pd.DataFrame, values: _Values) -> str:
    table = _table(
        "Claims", "claim | verdict | by | effect [interval] | p | margin | n",
        ((f"{name}: {values(f'claim.{name}.statement')}", f"**{values(f'claim.{name}.verdict')}**",
          values(f"claim.{name}.says"),
          *(values(f"claim.{name}.{part}") for part in ("effect", "p", "margin")), values.n(f"claim.{name}.effect"))
         for name in claims["claim"]),
    )  # fmt: skip
    evidence = [f"- **{name}**: {values(f'claim.{name}.test')}" for name in claims["claim"]]
    return "\n".join([table, "", *evidence])


def _comparisons(comparisons: pd.DataFrame, values: _Values) -> str:
    return _table(
        "Planned comparisons",
        "comparison | clips | metric | difference | with runs | p, runs | single runs | p (Holm) | smallest found | "
        "power at margin | n",
        ((row.comparison, row.clips, row.metric.replace("_", " "),
          *(values(f"comparison.{row.comparison}.{part}") for part in ("difference", "runs", "p_runs")),
          _runs(values, f"comparison.{row.comparison}"),
          *(values(f"comparison.{row.comparison}.{part}") for part in ("p_holm", "mde", "power")), row.n)
         for row in comparisons.itertuples()),
    )  # fmt: skip


def _slopes(slopes: pd.DataFrame, values: _Values) -> str:
    return _table(
        "Recall per tenfold exposure",
        "slope | conditions | slope of recall | with runs | p, runs | single runs | p | n",
        ((row.slope, row.conditions.replace(" ", ", ") + (f"; minus {row.minus}" if pd.notna(row.minus) else ""),
          *(values(f"slope.{row.slope}.{part}") for part in ("estimate", "runs", "p_runs")),
          _runs(values, f"slope.{row.slope}"), values(f"slope.{row.slope}.p"), row.n)
         for row in slopes.itertuples()),
    )  # fmt: skip


def _runs(values: _Values, name: str) -> str:
    lowest, highest = values(f"{name}.lowest"), values(f"{name}.highest")
    return NONE if lowest == NONE else f"{lowest} to {highest}"


def _contrasts(contrasts: pd.DataFrame, values: _Values) -> str:
    ids = [f"contrast.{row.contrast}.{row.language}" for row in contrasts.itertuples()]
    return _table(
        "Variants and words",
        "contrast | variants | words | ρ | difference, range with one class left out | p | test",
        ((row.contrast, f"{row.a} minus {row.b}", f"{row.words}, {row.language}",
          f"{values(f'{name}.rho_a')} and {values(f'{name}.rho_b')}", values(f"{name}.difference"),
          values(f"{name}.p"), row.test)
         for name, row in zip(ids, contrasts.itertuples(), strict=True)),
    )  # fmt: skip


def _sanity_checks(sanity_checks: pd.DataFrame, values: _Values) -> str:
    return _table(
        "Has the organism learned?", "system | measure | value | chance | n",
        ((system, measure.replace("_", " "), values(f"sanity_check.{system}.{measure}"),
          values(f"sanity_check.{system}.{measure}.chance"), values.n(f"sanity_check.{system}.{measure}"))
         for system, measure in sanity_checks[["system", "measure"]].drop_duplicates().itertuples(index=False)),
    )  # fmt: skip


def _cues(cues: pd.DataFrame, values: _Values) -> str:
    return _table(
        "Does anything other than the face predict the label?", "cues | accuracy | chance | p (Holm)",
        ((name, *(values(f"cue.{name}.{part}") for part in ("accuracy", "chance", "p_holm"))) for name in cues["cues"]),
    )  # fmt: skip


def _conditions(metrics: pd.DataFrame, values: _Values) -> str:
    names = metrics[metrics["clips"] == ALL]["condition"].unique()
    return _table(
        "Conditions",
        f"condition | frames shown (fewest to most) | macro-F1 | accuracy | UAR | "
        f"{' | '.join(f'accuracy, {kind}' for kind in KINDS)} | failed | n",
        ((name, _frames(values, name),
          *(values(f"metric.{name}.{metric}") for metric in ("macro_f1", "accuracy", "uar")),
          *(values(f"metric.{name}.{kind}.accuracy") for kind in KINDS), values(f"condition.{name}.failed"),
          values(f"condition.{name}.n"))
         for name in names),
    )  # fmt: skip


def _frames(values: _Values, condition: str) -> str:
    """Frames that were really shown of a clip: mean, and from the fewest to the most where they differ."""
    mean, low, high = (values(f"condition.{condition}.{part}") for part in ("frames", "frames_min", "frames_max"))
    return mean if low == high else f"{mean} ({low} to {high})"


SECTIONS = {
    "claims": (CLAIMS, _claims),
    "comparisons": (COMPARISONS, _comparisons),
    "slopes": (SLOPES, _slopes),
    "contrasts": (CONTRASTS, _contrasts),
    "sanity_checks": (SANITY_CHECKS, _sanity_checks),
    "cues": (CUES, _cues),
    "metrics": (METRICS, _conditions),
}
ALL_HAVE = ("metrics",)  # other tables are of parts that a study has or has not
