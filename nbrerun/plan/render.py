"""A plan as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from nbrerun import __version__
from nbrerun.plan.answer import Plan, Planned

_SCHEMA = 1
_WIDEST = 60
"""Characters of a cell's first line that are shown."""


def as_text(plan: Plan, out: TextIO) -> None:
    """Write a line for each cell to run, with the reason, and what was verified."""
    for line in _lines(plan):
        print(line, file=out)


def as_json(plan: Plan, out: TextIO) -> None:
    """Write one object."""
    json.dump(document(plan), out, indent=2)
    print(file=out)


def document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain data; the keys are described in `docs/plan.md`."""
    failure = plan.failure
    return {
        "schema_version": _SCHEMA,
        "nbrerun_version": __version__,
        "path": plan.path,
        "engine": plan.engine,
        "edited": list(plan.edited),
        "deleted": list(plan.deleted),
        "restart": plan.restart,
        "reason": plan.reason,
        "verified": plan.verified,
        "cells": _cells(plan.cells),
        "remove": list(plan.remove),
        "instead": _cells(plan.instead),
        "outdated": list(plan.outdated),
        "same_draws": list(plan.same_draws),
        "not_compared": list(plan.not_compared),
        "unread": list(plan.unread),
        "stand_in": plan.stand_in,
        "failure": {"index": failure.index, "ename": failure.ename, "evalue": failure.evalue} if failure else None,
        "total": plan.total,
        "tried": plan.tried,
        "seconds": {"plan": round(plan.seconds, 3), "whole": round(plan.whole_seconds, 3)},
    }


def _cells(planned: Iterable[Planned]) -> list[dict[str, Any]]:
    return [
        {"index": each.cell.index, "id": each.cell.id, "first_line": each.cell.first_line, "why": each.why}
        for each in planned
    ]


def _lines(plan: Plan) -> Iterable[str]:
    yield f"{plan.path}: {_edit(plan)}"
    if plan.failure:
        raised = f"{plan.failure.ename}: {plan.failure.evalue}"
        yield f"In a clean run cell {plan.failure.index} raises {raised}; what follows leads to the same point."
    if plan.restart:
        yield f"Restart & Run All: {plan.reason}."
        if plan.remove:
            then = f"and then run {_these(plan.instead)}" if plan.instead else "and nothing has to be run"
            yield f"Or remove {_names(plan.remove)}, {then} (verified)."
            yield from _table(plan.instead)
    elif not plan.cells:
        yield f"Nothing has to be run: {plan.reason or 'the kernel holds what it would after Restart & Run All'}."
    else:
        yield f"Run {_these(plan.cells)} of {plan.total}:"
        yield from _table(plan.cells)
        verified = "Verified: the kernel then holds what it would after Restart & Run All."
        took = f" They took {plan.seconds:.1f} s, and a clean run {plan.whole_seconds:.1f} s."
        yield verified + (took if plan.whole_seconds else "")
    yield from _notes(plan)


def _edit(plan: Plan) -> str:
    said = []
    if plan.edited:
        said.append(f"{_indexes(plan.edited)} {'was' if len(plan.edited) == 1 else 'were'} edited, inserted or moved")
    gone = len(plan.deleted)
    if gone:
        said.append(f"{gone} {'cell was' if gone == 1 else 'cells were'} deleted")
    return "; ".join(said) or "no code was edited"


def _notes(plan: Plan) -> Iterable[str]:
    if plan.outdated and not plan.restart:
        yield f"Out of date as shown, though the kernel does not need it: {_indexes(plan.outdated)}."
    if plan.stand_in:
        yield "What the cell was before is not known: other values stood in for what it had left."
    if plan.same_draws:
        yield f"Unseeded, compared with the same random numbers: {_names(plan.same_draws)}."
    if plan.unread:
        yield f"Compared only as far as they can be read: {_names(plan.unread)}."
    if plan.not_compared:
        yield f"Not compared, since each clean run gives another value: {_names(plan.not_compared)}."


def _table(planned: Sequence[Planned]) -> Iterable[str]:
    lines = [each.cell.first_line for each in planned]
    lines = [line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…" for line in lines]
    places = [f"[{each.cell.index}]" for each in planned]
    left, width = max(map(len, places), default=0), max(map(len, lines), default=0)
    for place, line, each in zip(places, lines, planned, strict=True):
        yield f"  {place:>{left}}  {line:<{width}}  {each.why}"


def _these(planned: Sequence[Planned]) -> str:
    return f"{len(planned)} cell{'' if len(planned) == 1 else 's'}"


def _indexes(indexes: Sequence[int]) -> str:
    return f"cell{'' if len(indexes) == 1 else 's'} {', '.join(map(str, indexes))}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
