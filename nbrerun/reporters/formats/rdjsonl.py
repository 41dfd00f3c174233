"""The diagnostic format of reviewdog, one JSON object on each line."""

from __future__ import annotations

import json
from typing import Any, TextIO

from nbrerun.model import Report
from nbrerun.reporters.entries import TOOL, Entry, new_of_report


def render(report: Report, out: TextIO) -> None:
    """Write one line for each entry."""
    for entry in new_of_report(report):
        out.write(json.dumps(_diagnostic(entry)) + "\n")


def _diagnostic(entry: Entry) -> dict[str, Any]:
    return {
        "message": f"{entry.where}: {entry.message}",
        # A range without columns covers whole lines, including the last one.
        "location": {
            "path": entry.path,
            "range": {"start": {"line": entry.place.line}, "end": {"line": entry.place.end_line}},
        },
        "severity": str(entry.severity).upper(),
        "source": {"name": TOOL},
        "code": {"value": entry.rule},
    }
