"""Run the whole notebook once more: at its end, after a restart, or as on another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.model import Failure, Parting, WholeRun
from nbrerun.state.diff import differing
from nbrerun.state.names import Name
from nbrerun.state.timeline import Step

_ALLOWANCE = 10.0


def whole(engine: Engine, experiment: str, steps: list[Step], uncommitted: Sequence[str]) -> WholeRun:
    """Run every cell, and find what ends differently from the main run, and the cell where it first differs.

    Args:
        experiment: one of `settings.values.WHOLE`.
        uncommitted: paths of files that a clone of the repository does not have.
    """
    if experiment == "run-all-twice":
        branch = engine.branch(len(steps))
    else:
        branch = engine.fresh(files=experiment == "restart-and-run-all")
    if isinstance(branch, Undone):
        return WholeRun(experiment, reason=branch.reason)
    with closing(branch):
        if experiment == "fresh-clone":
            branch.remove_files(uncommitted)
        return _run(branch, experiment, steps)


def _run(branch: Branch, experiment: str, steps: list[Step]) -> WholeRun:
    parted: dict[Name, int] = {}
    after = branch.read()
    anew = experiment != "run-all-twice"
    for step in steps:
        if step.sends:
            return WholeRun(experiment, reason=f"cell {step.cell.index} {step.sends}: not run again")
        run = branch.run_all([step.cell], step.seconds * 2 + _ALLOWANCE, anew)
        if isinstance(run, Undone):
            return WholeRun(experiment, reason=f"cell {step.cell.index}: {run.reason}")
        before, after, anew = after, run["after"], False
        touched = differing(before, after) | differing(step.before, step.first)
        for name in differing(step.first, after) & touched:
            parted.setdefault(name, step.cell.index)
        error = run["error"]
        if error is not None and step.raised is None:
            failure = Failure(error["ename"], error["evalue"], tuple(error["traceback"]), step.cell.index)
            return WholeRun(experiment, _partings(parted, set(parted)), failure)
    return WholeRun(experiment, _partings(parted, differing(steps[-1].first, after)))


def _partings(parted: Mapping[Name, int], unlike: set[Name]) -> tuple[Parting, ...]:
    """What ends with another value, in the order in which it first differed."""
    found = [Parting(str(name), index) for name, index in parted.items() if name in unlike]
    return tuple(sorted(found, key=lambda parting: (parting.index, parting.name)))


def files_read(steps: list[Step]) -> list[str]:
    """Paths of files that cells read and that were there before the first one."""
    written = steps[-1].first["files"].keys()
    return sorted({path for step in steps for path in step.files_read} - written)
