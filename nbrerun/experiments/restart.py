"""*restart*: memory 0, files N, run cell k alone; then find the names that it misses, one after the other."""

from __future__ import annotations

import builtins
import time
from collections.abc import Mapping
from contextlib import closing

from nbrerun.engine.interface import Branch, Engine, Undone
from nbrerun.experiments.later import described
from nbrerun.model import Missing, Restart
from nbrerun.probe.protocol.messages import Alone, Rerun, State
from nbrerun.state.names import matter
from nbrerun.state.timeline import Step, defined_in, kind_of

_ALLOWANCE = 3.0
"""Seconds that a cell may run longer alone than in its first run."""
_MOST_NAMES = 100


def restart(engine: Engine, position: int, steps: list[Step]) -> Restart:
    """Find out whether a cell runs alone in a fresh kernel, and if not, what it needs."""
    step = steps[position]
    if step.sends:
        return Restart(False, reason=f"it {step.sends}: not run again")
    needed, may_miss = _seen_to_need(position, steps)
    if needed and not may_miss:
        return Restart(False, tuple(_missing(name, through, position, steps) for name, through in needed.items()))
    if needed:
        return _needs(engine, position, steps, needed)
    if not may_miss and _depends_on_names_only(position, steps):
        return Restart(True)
    branch = engine.fresh()
    if isinstance(branch, Undone):
        return Restart(False, reason=branch.reason)
    with closing(branch):
        run = branch.alone(step.cell, (), 2 * (step.seconds + imports(steps[:position])) + _ALLOWANCE)
    if isinstance(run, Undone):
        return Restart(False, reason=run.reason, stopped=run.stopped)
    error = run["error"]
    if error is None or (_raised_first(step, error["ename"]) and not _is_name_of(run, steps)):
        return Restart(True)
    if not _is_name_of(run, steps):
        return Restart(False, raised=described(error))
    return _needs(engine, position, steps)


def _seen_to_need(position: int, steps: list[Step]) -> tuple[dict[str, str | None], bool]:
    """The names of other cells that the rerun looked up, with what it did so through, and whether it may miss more."""
    step = steps[position]
    run = step.seen.again if step.seen else None
    if run is None:
        return {}, True
    others = {name for other in steps if other is not step for name in other.bound} - set(dir(builtins))
    elsewhere = (others | (step.bound & step.before["variables"].keys())) - steps[0].before["variables"].keys()
    hold = run["needs"].keys() if _finds_the_same_files(run, steps[-1].first) else set(run["certain_needs"])
    needed = {name: through or None for name, through in run["needs"].items() if name in hold & elsewhere}
    rest = (set(run["reads"]) & elsewhere) - needed.keys()
    return needed, not run["only_defines"] and (bool(rest) or not run["shows_needs"])


def _finds_the_same_files(run: Rerun, end: State) -> bool:
    """Whether a rerun read and looked for no file that the notebook makes or changes."""
    asked = run["after"]["inputs"]
    read = {path for path, opened in run["after"]["opened"].items() if opened["read"]}
    return not (end["files"] and asked["folders"]) and end["files"].keys().isdisjoint({*asked["files"], *read})


def _depends_on_names_only(position: int, steps: list[Step]) -> bool:
    """Whether a fresh kernel is to this cell what the notebook's own is: no file, and no setting of other cells."""
    step = steps[position]
    after = step.seen.again["after"] if step.seen and step.seen.again else step.first
    set_elsewhere = any(matter(other.first["by_hand"]) for other in steps if other is not step)
    return not (set_elsewhere or after["opened"] or after["inputs"]["files"] or after["inputs"]["folders"])


def imports(earlier: list[Step]) -> float:
    """Seconds that earlier cells with imports took: a cell that runs alone may have to do those imports itself."""
    return sum(step.seconds for step in earlier if step.imported)


def _raised_first(step: Step, ename: str) -> bool:
    """Whether the first run raised the same exception, as the cell's tag allows."""
    return step.raised is not None and step.raised.ename == ename


def _is_name_of(run: Alone, steps: list[Step]) -> bool:
    """Whether the run missed a name that the notebook binds somewhere."""
    return run["missing"] is not None and any(run["missing"] in step.bound for step in steps)


def _needs(engine: Engine, position: int, steps: list[Step], needed: Mapping[str, str | None] = {}) -> Restart:
    """Run the cell at the end of the notebook without any name, and give back one missed name after the other.

    Args:
        needed: names that it is known to miss, each with what it misses it through.
    """
    missing = [_missing(name, through, position, steps) for name, through in needed.items()]
    branch = engine.about_the_end()
    if isinstance(branch, Undone):
        return Restart(False, reason=branch.reason)
    with closing(branch):
        last = _give(branch, position, steps, missing)
    rest = _mentioned(missing, position, steps)
    if last is None:  # it could not be given what is gone by the end of the notebook
        return Restart(False, tuple(missing + [item for item in rest if item.name not in steps[-1].first["variables"]]))
    return Restart(False, tuple(missing + rest), reason=last.reason, stopped=last.stopped)


def _give(branch: Branch, position: int, steps: list[Step], missing: list[Missing]) -> Undone | None:
    """Fill in what is missing; why that ended early, if it did."""
    step = steps[position]
    deadline = time.monotonic() + step.seconds + _ALLOWANCE
    while len(missing) < _MOST_NAMES:
        left = max(1.0, deadline - time.monotonic())
        run = branch.alone(step.cell, [item.name for item in missing], left)
        if isinstance(run, Undone):
            return run
        name = run["missing"]
        if name is None and run["error"] is not None and not _raised_first(step, run["error"]["ename"]):
            given = [item.name for item in missing]
            return Undone(f"{_with(given, position, steps)} it raises {run['error']['ename']}")
        if name is None or not _is_name_of(run, steps):
            return None
        if name in {item.name for item in missing}:
            return Undone(f"`{name}` is not there any more at the end of the notebook")
        missing.append(_missing(name, run["through"], position, steps))
    return Undone("it needs very many names")


def _with(given: list[str], position: int, steps: list[Step]) -> str:
    """Say which values the names were given: the cell may raise only because they have changed since."""
    before, end = steps[position].before["variables"], steps[-1].first["variables"]
    moved = [
        name for name in given if name in end and (name not in before or before[name]["digest"] != end[name]["digest"])
    ]
    return "with the values that they have at the end" if moved else "with those"


def _missing(name: str, through: str | None, position: int, steps: list[Step]) -> Missing:
    definer = defined_in(name, position, steps)
    state = definer.first if definer else steps[-1].first
    return Missing(
        name,
        definer.cell.index if definer else None,
        kind_of(name, state),
        imported=definer is not None and name in definer.imported,
        through=through,
    )


def _mentioned(missing: list[Missing], position: int, steps: list[Step]) -> list[Missing]:
    """The other names that the cell mentions: it did not run far enough to miss them."""
    known = {item.name for item in missing}
    rest = sorted(name for name in steps[position].read - known if any(name in step.bound for step in steps[:position]))
    return [_missing(name, None, position, steps) for name in rest]
