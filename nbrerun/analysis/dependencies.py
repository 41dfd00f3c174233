"""The files and environment variables that a check depended on, as far as its cells were seen to look at them."""

from __future__ import annotations

from nbrerun.analysis.check import Check
from nbrerun.model import Inputs


def inputs(check: Check) -> Inputs | None:
    """All that the cells looked at in first runs and reruns; None where not all of it is known."""
    reruns = [step.seen.again["after"] for step in check.steps if step.seen is not None and step.seen.again is not None]
    seen = [state["inputs"] for state in (*(step.first for step in check.steps), *reruns)]
    saw_every_cell = len(check.steps) == len(check.notebook.cells) and all(step.is_alone for step in check.steps)
    if not saw_every_cell or not all(one["complete"] for one in seen):
        return None
    return Inputs(
        files=tuple(sorted({name for one in seen for name in one["files"]})),
        folders=tuple(sorted({name for one in seen for name in one["folders"]})),
        tracked=tuple(sorted(check.tracked)),
        variables=tuple(sorted({name for one in seen for name in one["variables"]})),
        every_variable=any(one["every_variable"] for one in seen),
    )
