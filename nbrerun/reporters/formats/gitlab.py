"""GitLab's Code Quality report, from which a merge request shows what is new."""

from __future__ import annotations

import json
from typing import Any, TextIO

from nbrerun.model import Report, Severity
from nbrerun.reporters.entries import TROUBLES, Entry, new_of_report

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, out: TextIO) -> None:
    """Write one array of issues in ASCII; GitLab does not accept a byte order mark."""
    json.dump([_issue(entry) for entry in new_of_report(report)], out, indent=2)
    out.write("\n")


def _issue(entry: Entry) -> dict[str, Any]:
    return {
        "description": f"{entry.where}: {entry.message}",
        "check_name": entry.rule,
        # GitLab shows one issue for each fingerprint in a report, so the path is part of it.
        "fingerprint": entry.fingerprint(entry.path),
        "severity": "critical" if entry.rule in TROUBLES else _SEVERITIES[entry.severity],
        "location": {"path": entry.path, "lines": {"begin": entry.place.line}},
    }
