"""Limit a report to the variables that `--watch` names; verdicts on cells do not depend on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nbrerun.model import CellReport, Restart, WholeRun


def shows(name: str | None, watch: Collection[str]) -> bool:
    """Tell whether a report shows what is about a variable, or, without a name, about a cell."""
    return not watch or name is None or name in watch


def cell(report: CellReport, watch: Collection[str]) -> CellReport:
    """Leave out other variables, and what the cell needs after a restart besides the watched ones."""
    variables = tuple(variable for variable in report.variables if shows(variable.name, watch))
    return replace(report, variables=variables, restart=_restart(report.restart, watch))


def whole(run: WholeRun, watch: Collection[str]) -> WholeRun:
    """Leave out other variables that end differently."""
    return replace(run, parted=tuple(parting for parting in run.parted if shows(parting.name, watch)))


def _restart(found: Restart | None, watch: Collection[str]) -> Restart | None:
    """The answer for a cell that needs a watched variable; None for other cells."""
    if found is None or not watch:
        return found
    missing = tuple(item for item in found.missing if item.name in watch)
    return replace(found, missing=missing) if missing else None
