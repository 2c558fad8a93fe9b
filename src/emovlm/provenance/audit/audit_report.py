"""An audit's report on the terminal: the rules as a tree from the targets back to raw data, and what was found."""

from collections import Counter

from rich.console import Console
from rich.markup import escape as as_plain
from rich.tree import Tree

from emovlm.core.harmless import harmless
from emovlm.core.job import paths
from emovlm.provenance.audit.findings import Finding, Report
from emovlm.provenance.planned_jobs import Plan
from emovlm.provenance.records.record import rule_of

MOST = 12  # findings that are shown


def escape(text: str) -> str:
    """A text that may come from a record, neither markup nor anything that a terminal obeys."""
    return as_plain(harmless(text))


def show(report: Report, plan: Plan, console: Console) -> None:
    """Print a report: the tree, the first broken link, the other findings, and what is stated of the run."""
    broken: dict[str, list[Finding]] = {}
    for finding in report.findings:
        rule = rule_of(finding.job or "")
        broken.setdefault(rule, []).append(finding)
    jobs = Counter(map(rule_of, report.jobs))
    console.print(_tree(report, plan, jobs, broken))
    for note in report.notes:
        console.print(f"[dim]{escape(note)}[/dim]", soft_wrap=True)
    console.print(f"[dim]{len(report.jobs)} jobs, {report.files} files ({report.hashed} hashed now)[/dim]")
    console.print(f"[dim]seal {report.seal}[/dim]", soft_wrap=True)
    if report.ok:
        console.print("[green]✓ every link holds[/green]")
        return
    first, *others = _joined(report.findings)
    console.print(f"[red]✗ first broken link, counted from the raw data: {escape(first[0].says)}[/red]", soft_wrap=True)
    console.print(f"  → {escape(first[0].do)}", soft_wrap=True)
    for finding, count in others[: MOST - 1]:
        times = f" (and {count - 1} jobs more)" if count > 1 else ""
        console.print(f"[red]✗[/red] {escape(finding.says)}{times}", soft_wrap=True)
        console.print(f"  → {escape(finding.do)}", soft_wrap=True)
    if len(others) >= MOST:
        console.print(f"… and {len(others) - MOST + 1} more; --json lists all")


def _joined(findings: list[Finding]) -> list[tuple[Finding, int]]:
    """Findings that say the same of several jobs of one rule, once, with their number."""
    found: dict[tuple, list[Finding]] = {}
    for each in findings:
        said = each.says.removeprefix(each.job) if each.job else each.says
        found.setdefault((each.kind, rule_of(each.job or ""), said), []).append(each)
    return [(same[0], len(same)) for same in found.values()]


def _tree(report: Report, plan: Plan, jobs: Counter[str], broken: dict[str, list[Finding]]) -> Tree:
    """Each rule once, under the first rule that reads from it."""
    makers = {path: rule_of(name) for name in report.jobs for path in paths(plan.jobs[name].outputs)}
    read: dict[str, dict[str, None]] = {}
    for name in reversed(report.jobs):
        rule = rule_of(name)
        above = [makers[path] for path in paths(plan.jobs[name].inputs) if path in makers]
        read.setdefault(rule, {}).update(dict.fromkeys(r for r in above if r != rule))
    top = [rule for rule in read if not any(rule in others for others in read.values())]
    tree = Tree(f"[bold]{escape(', '.join(report.targets) or report.results)}[/bold]")
    shown: set[str] = set()

    def add(parent: Tree, rule: str) -> None:
        shown.add(rule)
        n = f" × {jobs[rule]}" if jobs[rule] > 1 else ""
        kinds = ", ".join(dict.fromkeys(each.kind for each in broken.get(rule, [])))
        label = f"[red]✗ {rule}{n}: {kinds}[/red]" if kinds else f"[green]✓[/green] {rule}{n}"
        repeated = [other for other in read[rule] if other in shown]
        branch = parent.add(label + (f" [dim]← {', '.join(repeated)}[/dim]" if repeated else ""))
        for other in read[rule]:
            if other not in shown:
                add(branch, other)

    for rule in top:
        add(tree, rule)
    return tree
