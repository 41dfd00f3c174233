"""Apply what a cell declares to its findings, and report declarations that are wrong or unused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nbrerun.model import Cell, CellReport, Finding, Verdict
from nbrerun.rules import finding

_IMPLIED = {Verdict.ERROR: {"NBR001"}, Verdict.IN_PLACE: {"NBR002", "NBR003", "NBR006"}}
"""Findings that only repeat the verdict; no finding repeats one of the other verdicts."""

_NOT_BY_DEFAULT = ("NBR103", "NBR3")
"""Rules that a plain check does not look for: they need `--experiment fresh-clone` or `--static`."""

_UNJUDGED = (Verdict.SKIPPED, Verdict.UNDETERMINED)


def settle(cell: Cell, report: CellReport, found: Sequence[Finding], partly: bool = False) -> Iterator[Finding]:
    """Yield the findings that the cell does not declare or ignore, then those on the declaration itself.

    Args:
        cell: the cell with its declaration.
        report: the verdict on it.
        found: all findings on it.
        partly: some experiments or variables were left out, so an ignored rule may match there: it is not unused.
    """
    declared, expected = cell.declared, cell.declared.expect
    left = list(found)
    if expected is report.verdict:
        left = [one for one in left if one.rule not in _IMPLIED.get(expected, ())]
    # Judged by what the declared verdict leaves: ignoring a rule that it implies is unused as well.
    unmatched = [code for code in declared.ignore if not partly and not _matching(left, [code])]
    ignored = _matching(left, declared.ignore)
    yield from (one for one in left if one not in ignored)
    if expected is not None and expected is not report.verdict and report.verdict not in _UNJUDGED:
        message = f"declared `{expected}`, but is `{report.verdict}`: {report.reason}"
        yield finding("NBR201", report.index, None, message)
    for why in _unused(cell, report, unmatched):
        yield finding("NBR202", report.index, None, f"unused declaration: {why}")


def _matching(found: Iterable[Finding], codes: Iterable[str]) -> list[Finding]:
    prefixes = tuple(codes)
    return [one for one in found if one.rule.startswith(prefixes)]


def _unused(cell: Cell, report: CellReport, unmatched: Sequence[str]) -> Iterator[str]:
    declared = cell.declared
    if cell.is_left_out:
        if declared.expect is not None or declared.skip or declared.ignore:
            yield "the cell is never run, so its other declarations have no effect"
    elif declared.skip:
        if declared.expect is not None:
            yield f"declared `{declared.expect}`, but a cell that is skipped is never run again"
    elif report.verdict not in _UNJUDGED:
        for code in unmatched:
            if not code.startswith(_NOT_BY_DEFAULT):
                yield f"it ignores {code}, but there is no such finding"
