"""Annotations for GitHub Actions, as workflow commands that the runner reads from the output of a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TextIO

from nbrerun.model import Report, Severity
from nbrerun.reporters.entries import Entry, new_of_report
from nbrerun.reporters.pieces import count

MOST = 10
"""Annotations of each severity that GitHub keeps for one step; it silently drops the others."""
SUMMARY_BYTES = 1024 * 1024
"""Size of the job summary of one step; GitHub rejects a larger one as a whole."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, out: TextIO) -> None:
    """Write annotations, most important first, and a notice that says how many are not shown."""
    entries = sorted(new_of_report(report), key=lambda entry: entry.rank)
    shown = list(_shown(entries))
    for entry in shown:
        properties = {
            "file": entry.path,
            "line": str(entry.place.line),
            "endLine": str(entry.place.end_line),
            "title": entry.title,
        }
        # Properties are escaped further than messages (actions/toolkit, command.ts, escapeProperty).
        written = ",".join(
            f"{name}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for name, value in properties.items()
        )
        out.write(f"::{_COMMANDS[entry.severity]} {written}::{_escaped(entry.message)}\n")
    if len(shown) < len(entries):
        out.write(f"::notice title=nbrerun::{_escaped(_not_shown(entries, shown))}\n")


def _shown(entries: Sequence[Entry]) -> Iterator[Entry]:
    groups = {severity: [entry for entry in entries if entry.severity is severity] for severity in Severity}
    cut = any(len(group) > MOST for group in groups.values())
    for severity, group in groups.items():
        # The notice that says what was cut counts as one of the notices.
        yield from islice(group, MOST - (cut and severity is Severity.INFO))


def _not_shown(entries: Sequence[Entry], shown: Sequence[Entry]) -> str:
    left = [
        f"{before - after} of {count(before, word)}"
        for severity, word in _COMMANDS.items()
        for before, after in [(_number(entries, severity), _number(shown, severity))]
        if before > after
    ]
    return f"GitHub shows {MOST} annotations of each kind for a step; not shown: {', '.join(left)}"


def _number(entries: Iterable[Entry], severity: Severity) -> int:
    return sum(entry.severity is severity for entry in entries)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
