"""The summary that ends the terminal report: cells by verdict, findings by severity, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator

from nbrerun.model import Report, Severity, skipped_for
from nbrerun.reporters.pieces import count


def summary_line(report: Report) -> str:
    """Render the summary on one line."""
    return "; ".join(summary(report))


def summary(report: Report) -> tuple[str, str]:
    """Render the summary on two lines: the cells of each verdict, then findings, troubles and seconds."""
    counts = report.summary()
    cells, notebooks = counts.pop("cells"), len(report.notebooks)
    verdicts = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    first = f"{count(cells, 'cell')} in {count(notebooks, 'notebook')}" + (f": {verdicts}" if verdicts else "")
    if notebooks and all(notebook.static for notebook in report.notebooks):
        first = f"{count(notebooks, 'notebook')} read, nothing run"
    rest = list(_findings(report))
    if failed := sum(notebook.failure is not None for notebook in report.notebooks):
        rest.append(f"{count(failed, 'notebook')} failed")
    if unchecked := sum(bool(notebook.problem) for notebook in report.notebooks):
        rest.append(f"{count(unchecked, 'notebook')} not checked")
    if skipped := [notebook for notebook in report.notebooks if notebook.lacks]:
        lacks = dict.fromkeys(module for notebook in skipped for module in notebook.lacks)
        rest.append(f"{count(len(skipped), 'notebook')} {skipped_for(lacks)}")
    if any(notebook.interrupted for notebook in report.notebooks):
        rest.append("interrupted")
    if any(notebook.over_budget for notebook in report.notebooks):
        rest.append("the budget is spent")
    if cached := sum(notebook.cached for notebook in report.notebooks):
        rest.append(f"{count(cached, 'notebook')} cached")
    # The seconds of a cached report were spent by an earlier check.
    rest.append(f"{sum(notebook.seconds for notebook in report.notebooks if not notebook.cached):.1f} s")
    return first, "; ".join(rest)


def _findings(report: Report) -> Iterator[str]:
    """Yield the findings by severity, then, if there is a baseline, how many are known and how many are gone."""
    findings = list(report.findings())
    new = [finding.severity for finding in findings if report.compared is None or not finding.known]
    counted = [(new.count(severity), severity) for severity in Severity]
    words = [
        count(number, str(severity), plural=severity is not Severity.INFO) for number, severity in counted if number
    ]
    adjective = "" if report.compared is None else "new "
    yield f"{adjective}findings: {', '.join(words)}" if words else f"no {adjective}findings"
    if report.compared is not None:
        yield f"{len(findings) - len(new)} known"
        if gone := sum(item.count for item in report.compared.gone):
            yield f"{gone} gone"
