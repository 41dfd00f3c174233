"""One line for each finding, as compilers write them, for editors and for `grep`."""

from __future__ import annotations

from typing import TextIO

from nbrerun.model import Finding, NotebookReport, Report, Severity
from nbrerun.reporters.entries import RUN_FAILED, UNCHECKED
from nbrerun.reporters.found import place
from nbrerun.reporters.looks import listed
from nbrerun.reporters.text import one_line


def render(report: Report, out: TextIO) -> None:
    """Write `notebook.ipynb:cell 7:3:5: NBR002 error: ...`, notebooks and findings in their order."""
    encoding = out.encoding or "utf-8"
    for notebook in report.notebooks:
        for finding in [*_troubles(notebook), *listed(notebook)]:
            column = f":{finding.spot.column}" if finding.spot else ""
            line = f"{place(notebook.path, finding)}{column}: {finding.rule} {finding.severity}: "
            line += one_line(finding.message)
            out.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def _troubles(notebook: NotebookReport) -> list[Finding]:
    """List what kept the notebook, or some of its cells, from being checked."""
    if notebook.problem:
        return [Finding(UNCHECKED, Severity.ERROR, -1, None, notebook.problem)]
    if failure := notebook.failure:
        said = f"the main run raised {failure.ename}: {failure.evalue}"
        return [Finding(RUN_FAILED, Severity.ERROR, failure.index, None, said)]
    return []
