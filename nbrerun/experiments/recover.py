"""*recover*: memory 0, files N, run only the cells that recreate a variable; then compare.

The plan follows from what cells were seen to read and write: backward from the cell that gave the variable its last
value, through the names that it needs, to the cells that bound those. See "Bringing a variable back" in
`docs/decisions.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing

from nbrerun.engine.interface import Engine, Fresh, Undone
from nbrerun.experiments.restart import imports
from nbrerun.experiments.without_file import holds_result
from nbrerun.model import Kind, Recovery, Restart
from nbrerun.probe.protocol.messages import Rerun
from nbrerun.state.names import Name, Space, files, matter, variables
from nbrerun.state.timeline import Step, kind_of

Plan = tuple[int, ...]
"""Positions of steps, in order."""

_ALLOWANCE = 10.0
"""Seconds that a plan may run longer than the first runs of its cells."""


def recover(
    engine: Engine,
    steps: list[Step],
    restarts: Mapping[int, Restart],
    watched: Iterable[str],
    seconds: float,
) -> Iterator[Recovery]:
    """Find the cells that recreate each model, or each watched variable, the quickest first.

    Args:
        restarts: what each cell was seen to need, by position.
        watched: names of the variables to restore; every model if empty.
        seconds: how long plans may run in all, by what their cells took before.
    """
    end = steps[-1].first
    wanted = set(watched)
    names = [name for name in end["variables"] if (name in wanted if wanted else kind_of(name, end) is Kind.MODEL)]
    plans = {name: found for name in names if (found := _plans(name, steps, restarts))}
    with closing(_Runs(engine, steps, [plan for found in plans.values() for plan in found], seconds)) as runs:
        for name in sorted(plans, key=lambda name: runs.cost(plans[name][0])):
            recovery = _first_that_works(name, plans[name], steps, runs)
            if recovery is not None:
                yield recovery


def _first_that_works(name: str, plans: list[Plan], steps: list[Step], runs: _Runs) -> Recovery | None:
    """The first plan that is verified, or else the first one that follows from what was measured, if there is one."""
    tried = []
    for plan in plans:
        found = runs.run(name, plan)
        if found.verified:
            return found
        # What a cell needs is not known if it was not run again (`--cells`), so a list that contains it is a guess.
        if all(steps[position].seen is not None for position in plan):
            tried.append(found)
    return tried[0] if tried else None


class _Runs:
    """Runs each plan once, and a beginning that several plans share once for all of them."""

    def __init__(self, engine: Engine, steps: list[Step], plans: list[Plan], seconds: float) -> None:
        self._engine = engine
        self._steps = steps
        self._plans = plans
        self._left = seconds
        setters = {position for position, step in enumerate(steps) if matter(step.first["by_hand"])}
        self._with_libraries = all(setters.issubset(plan) for plan in plans)
        """The libraries may be loaded already when a plan begins: no other cell has set anything in the process."""
        self._results: dict[Plan, Rerun | Undone] = {}
        self._begun: dict[Plan, Fresh] = {}
        """Kernels in which the beginning of a plan has been run."""

    def run(self, name: str, plan: Plan) -> Recovery:
        """Run a plan for a variable, and judge it by that."""
        result = self._result(plan)
        found = _judged(name, plan, self._steps, result)
        if self._with_libraries and not found.verified and not isinstance(result, Undone):
            # A library may have been left in another state than a fresh kernel's.
            self.close()
            self._with_libraries = False
            self._results.clear()
            found = _judged(name, plan, self._steps, self._result(plan))
        return found

    def _result(self, plan: Plan) -> Rerun | Undone:
        if plan not in self._results:
            cost = self.cost(plan)
            if cost > self._left:
                return Undone(f"running them would take about {cost:.0f} s more; --experiment restart runs them")
            self._left -= cost
            self._results[plan] = self._run(plan)
        return self._results[plan]

    def cost(self, plan: Plan) -> float:
        """Seconds that the cells take that have not been run yet; where the libraries are loaded, without imports."""
        begun = max((len(beginning) for beginning in self._begun if plan[: len(beginning)] == beginning), default=0)
        return sum(self._seconds(self._steps[position]) for position in plan[begun:])

    def _seconds(self, step: Step) -> float:
        again = step.seen.again if step.seen else None
        return again["seconds"] if again is not None and self._with_libraries else step.seconds

    def close(self) -> None:
        """End the kernels that wait."""
        while self._begun:
            self._begun.popitem()[1].close()

    def _run(self, plan: Plan) -> Rerun | Undone:
        beginnings = [plan[:length] for length in range(len(plan) - 1, 0, -1)]
        beginnings = [each for each in beginnings if sum(plan[: len(each)] == each for plan in self._plans) > 1]
        done = next((beginning for beginning in beginnings if beginning in self._begun), ())
        begin = self._engine.emptied if self._with_libraries else self._engine.fresh
        branch = self._begun[done].fork() if done else begin()
        for beginning in reversed(beginnings[: beginnings.index(done)] if done else beginnings):
            if isinstance(branch, Undone):
                return branch
            run = self._go_on(branch, beginning[len(done) :], anew=not done)
            if isinstance(run, Undone) or run["error"] is not None:
                branch.close()
                return run
            done = beginning
            if run["after"]["files"] != self._steps[-1].first["files"]:
                break  # what it has written would not be seen by a fork of it
            self._begun[done] = branch
            branch = branch.fork()
        if isinstance(branch, Undone):
            return branch
        with closing(branch):
            return self._go_on(branch, plan[len(done) :], anew=not done)

    def _go_on(self, branch: Fresh, plan: Plan, anew: bool) -> Rerun | Undone:
        chosen = [self._steps[position] for position in plan]
        seconds = sum(step.seconds for step in chosen) + 2 * imports(self._steps[: plan[-1]]) + _ALLOWANCE
        return branch.run_all([step.cell for step in chosen], seconds, anew)


def _judged(name: str, plan: Plan, steps: list[Step], run: Rerun | Undone) -> Recovery:
    last = plan[-1]
    cells = tuple(steps[position].cell.index for position in plan)
    skipped = tuple(steps[position].cell.index for position in range(last) if position not in plan)
    file, reason = None, ""
    if isinstance(run, Undone):
        reason = run.reason
    elif run["error"] is not None:
        reason = f"running them raises {run['error']['ename']}: {run['error']['evalue']}"
    else:
        file = next(holds_result(run, steps[-1].first), None)
        found, wanted = run["after"]["variables"].get(name), steps[-1].first["variables"][name]
        if found is None:
            reason = "they do not bind it"
        elif wanted["opaque"]:
            reason = f"nobody can tell whether it is the same, since parts of it cannot be read ({wanted['opaque'][0]})"
        elif found["digest"] != wanted["digest"]:
            reason = "it comes out with another value than at the end of the main run"
    return Recovery(
        name, cells, skipped, file, verified=not reason, reason=reason, stopped=isinstance(run, Undone) and run.stopped
    )


def _plans(name: str, steps: list[Step], restarts: Mapping[int, Restart]) -> list[Plan]:
    """Lists of cells worth trying, the shortest first."""
    wanted = Name(Space.VARIABLE, name)
    right = [position for position, step in enumerate(steps) if wanted in step.written and _may_give(name, step, steps)]
    needs = [_Measured(steps, restarts), _Seen(steps), _WithFiles(steps)]
    plans = {_slice(need, at, steps) for need in needs for at in right}
    return sorted(plans, key=lambda plan: (len(plan), plan))


def _may_give(name: str, step: Step, steps: list[Step]) -> bool:
    """Whether a cell gave a variable its value at the end, or may do so with the files at the end."""
    later = step.seen.later if step.seen else None
    if later is not None and later.read:
        return True
    found, wanted = step.first["variables"].get(name), steps[-1].first["variables"][name]
    return found is not None and found["digest"] == wanted["digest"]


class _Seen:
    """The needs of cells, taken to be all that they and the functions that they call look at."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    def names(self, position: int) -> set[Name]:
        """Names that a cell needs."""
        return self._steps[position].needed


class _Measured(_Seen):
    """The needs of cells, taken to be what they missed after a restart."""

    def __init__(self, steps: list[Step], restarts: Mapping[int, Restart]) -> None:
        super().__init__(steps)
        self._restarts = restarts

    def names(self, position: int) -> set[Name]:
        """Names that the cell missed, and generators: each kernel has those, but in another state."""
        restart, seen = self._restarts.get(position), self._steps[position].seen
        if restart is None or restart.raised or restart.reason:
            return super().names(position)
        missing = variables(item.name for item in restart.missing)
        if seen is not None and seen.from_file:  # what a new model draws before it is given what was saved is lost
            return missing
        return missing | {name for name in super().names(position) if name.space is Space.GENERATOR}


class _WithFiles(_Seen):
    """The needs of cells, where the files that they read have to be made again as well."""

    def names(self, position: int) -> set[Name]:
        """Names that a cell needs, with files."""
        return super().names(position) | files(self._steps[position].files_read)


def _slice(need: _Seen, last: int, steps: list[Step]) -> Plan:
    """A cell, and the last cells before it that wrote what it needs, and so on."""
    plan: set[int] = set()
    pending = [last]
    while pending:
        position = pending.pop()
        if position not in plan:
            plan.add(position)
            for name in need.names(position):
                pending.extend(_sources(name, position, steps, need))
    return tuple(sorted(plan))


def _sources(name: Name, position: int, steps: list[Step], need: _Seen) -> list[int]:
    """The cells that gave a name its value at a position: the last that bound it, and those that changed it since."""
    found = []
    for earlier in range(position - 1, -1, -1):
        step = steps[earlier]
        if name in step.written:
            found.append(earlier)
            anew = name in variables(step.bound) or name.space in (Space.GENERATOR, Space.FILE)
            # The state of a generator depends on its state before, also where nobody needs what was drawn.
            needed = step.needed if name.space is Space.GENERATOR else need.names(earlier) | files(step.files_read)
            if anew and name not in needed:
                return found
    # Cells that only draw from a generator that none has seeded recreate no value.
    return [] if name.space is Space.GENERATOR else found
