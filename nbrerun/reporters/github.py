"""Annotations for GitHub Actions, as workflow commands: the runner reads them from the output of the step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TextIO

from nbrerun.model import Report, Severity
from nbrerun.reporters.entries import Entry, new_of_report
from nbrerun.reporters.pieces import count

MOST = 10
"""GitHub keeps so many annotations of each severity for one step, and drops the rest without a word."""
SUMMARY_BYTES = 1024 * 1024
"""GitHub refuses a larger job summary of one step as a whole."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, out: TextIO) -> None:
    """Write annotations, those that matter most first, and one notice that says how many there is no room for."""
    entries = sorted(new_of_report(report), key=lambda entry: entry.rank)
    shown = list(_shown(entries))
    for entry in shown:
        out.write(_annotation(entry))
    if len(shown) < len(entries):
        out.write(f"::notice title=nbrerun::{_data(_cut(entries, shown))}\n")


def _shown(entries: Sequence[Entry]) -> Iterator[Entry]:
    groups = {severity: [entry for entry in entries if entry.severity is severity] for severity in Severity}
    cut = any(len(group) > MOST for group in groups.values())
    for severity, group in groups.items():
        # The notice on what was cut is a notice, too.
        yield from islice(group, MOST - (cut and severity is Severity.INFO))


def _cut(entries: Sequence[Entry], shown: Sequence[Entry]) -> str:
    left = [
        f"{before - after} of {count(before, word)}"
        for severity, word in _COMMANDS.items()
        for before, after in [(_number(entries, severity), _number(shown, severity))]
        if before > after
    ]
    return f"GitHub shows {MOST} annotations of each kind for a step; not shown: {', '.join(left)}"


def _number(entries: Iterable[Entry], severity: Severity) -> int:
    return sum(entry.severity is severity for entry in entries)


def _annotation(entry: Entry) -> str:
    properties = {
        "file": entry.path,
        "line": str(entry.place.line),
        "endLine": str(entry.place.end_line),
        "title": entry.title,
    }
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[entry.severity]} {written}::{_data(entry.message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
