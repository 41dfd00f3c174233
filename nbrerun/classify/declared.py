"""What becomes of a cell's findings where the cell declares what it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nbrerun.model import Cell, CellReport, Finding, Severity, Verdict

_GOES_WITH = {Verdict.ERROR: {"NBR001"}, Verdict.IN_PLACE: {"NBR002", "NBR003", "NBR006"}}
"""The findings that say no more than the verdict itself; the others have no such findings."""

_WHEN_ASKED = "NBR103"
"""Nobody looks for this in a plain check."""

_STATIC = "NBR3"
"""These are found by `--static` only, which runs nothing."""

_UNJUDGED = (Verdict.SKIPPED, Verdict.UNDETERMINED)


def settle(cell: Cell, report: CellReport, found: Sequence[Finding], partly: bool = False) -> Iterator[Finding]:
    """The findings that are left, and those on the declaration itself.

    Where only a part was looked at (`partly`), a rule that is ignored may well have a finding in the rest.
    """
    expected = cell.declared.expect
    left = list(found)
    if expected is report.verdict:
        left = [finding for finding in left if finding.rule not in _GOES_WITH.get(expected, ())]
    idle = [code for code in cell.declared.ignore if not partly and not _ignored(left, [code])]
    yield from (finding for finding in left if not _ignored([finding], cell.declared.ignore))
    if expected is not None and expected is not report.verdict and report.verdict not in _UNJUDGED:
        message = f"declared `{expected}`, and is `{report.verdict}`: {report.reason}"
        yield Finding("NBR201", Severity.ERROR, report.index, None, message)
    yield from (_unused(report, why) for why in _in_vain(cell, report, idle))


def _ignored(found: Iterable[Finding], codes: Iterable[str]) -> bool:
    prefixes = tuple(codes)
    return any(finding.rule.startswith(prefixes) for finding in found)


def _in_vain(cell: Cell, report: CellReport, idle: Sequence[str]) -> Iterator[str]:
    said = cell.declared
    if cell.is_left_out:
        if said.expect is not None or said.skip or said.ignore:
            yield "the cell is never run, so that nothing else that it declares has an effect"
    elif said.skip:
        if said.expect is not None:
            yield f"declared `{said.expect}`, but a cell that is skipped is never run again"
    elif report.verdict not in _UNJUDGED:
        yield from (f"it ignores {code}, and there is no such finding" for code in idle if _is_looked_for(code))


def _is_looked_for(code: str) -> bool:
    return code != _WHEN_ASKED and not code.startswith(_STATIC)


def _unused(report: CellReport, why: str) -> Finding:
    return Finding("NBR202", Severity.WARNING, report.index, None, f"unused declaration: {why}")
