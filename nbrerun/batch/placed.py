"""Where the findings of a report are in the notebook's file as it is now.

A report from the cache may be older than the file: its execution counts and the ids of markdown cells may have changed.
"""

from __future__ import annotations

from dataclasses import replace

from nbrerun.batch.displayed import LONGEST_NAME
from nbrerun.batch.jobs import Job
from nbrerun.model import Finding, NotebookReport, Spot
from nbrerun.secrets import code_without_values, shown_code
from nbrerun.static import spots


def placed(report: NotebookReport, job: Job) -> NotebookReport:
    """Return the report with execution counts, and each finding with the id of its cell and its spot there."""
    nodes = job.notebook.node["cells"]
    # Those of the node are not the file's any more: a run has replaced them.
    counts = {cell.index: cell.execution_count for cell in (*job.notebook.cells, *job.notebook.skipped)}
    cells = [replace(cell, execution_count=counts.get(cell.index)) for cell in report.cells]
    raised = {cell.index: cell.error.traceback for cell in report.cells if cell.error}
    findings = []
    for finding in report.findings:
        if 0 <= finding.index < len(nodes):
            node = nodes[finding.index]
            spot = _spot(finding, node["source"], raised.get(finding.index, ()), job.settings.values)
            finding = replace(finding, cell=node["id"], spot=spot)
        findings.append(finding)
    return replace(report, cells=tuple(cells), findings=tuple(findings))


def _spot(finding: Finding, source: str, traceback: tuple[str, ...], values: bool) -> Spot:
    found = spots.find(source, finding.name, finding.culprit, traceback)
    lines = source.splitlines()
    line = lines[found.line - 1].rstrip() if found.line <= len(lines) else ""
    text = shown_code(line) if values else code_without_values(line)
    if text != line or len(text) > LONGEST_NAME:  # then the columns are those of another text
        return Spot(found.line, found.column, 0, text[:LONGEST_NAME])
    return replace(found, text=text)
