"""`%nbrerun restart`: what a restart would lose, and which of the cells that were run bring a model back.

A list of cells follows from the names that each cell may look at and was seen to bind. It counts for nothing until it
has been run in a fork in which no cell had been run, and has left the model with the value that it has now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from nbrerun.engine.fork import ForkEngine
from nbrerun.engine.interface import Branch, Limits, Undone
from nbrerun.live.host import Host, Moment
from nbrerun.live.messages import RanCell
from nbrerun.model import Cell, Kind
from nbrerun.probe.protocol.messages import State
from nbrerun.settings.values import Settings
from nbrerun.state.timeline import kind_of

_ALLOWANCE = 5.0
"""Seconds that a list of cells may take longer than its cells took before."""


@dataclass(frozen=True)
class WayBack:
    """The cells that bring a name back."""

    name: str
    cells: tuple[int, ...]
    """Their numbers, as in `In [4]`; none where no cell of this session has bound the name."""
    verified: bool
    file: str | None = None
    """Path of the file that the value is loaded from."""
    why_not: str = ""
    """Why it is not verified."""


@dataclass(frozen=True)
class Losses:
    """What a restart would lose."""

    models: tuple[WayBack, ...]
    data: tuple[WayBack, ...]
    """Nothing has been run for these and the next ones: the list of cells only follows from what they look at."""
    definitions: tuple[WayBack, ...]


def losses(fresh: Moment, after: Moment, host: Host, cells: Sequence[RanCell], seconds: float) -> Losses:
    """Find out what would be lost.

    Args:
        fresh: a fork in which no cell has been run.
        after: a fork of the kernel as it is now.
        host: the same two, for an engine.
        cells: that were run, in this order.
        seconds: how long lists of cells may take together, as they took before.
    """
    now = after.read()["state"]
    session = _Session(cells, [set(after.touchable(cell["source"])) for cell in cells])
    known = fresh.read()["state"]["variables"].keys()
    names = [name for name in now["variables"] if name not in known]
    kinds = {name: kind_of(name, now) for name in names}
    engine = ForkEngine(host, Limits(Settings(timeout=seconds + _ALLOWANCE)))
    begun = engine.hold(0)
    if not isinstance(begun, Undone):
        begun.end()
    runs = _Runs(engine, session, now, seconds)
    return Losses(
        tuple(runs.way_back(name) for name in names if kinds[name] is Kind.MODEL),
        tuple(_guess(name, session) for name in names if kinds[name] is Kind.DATA),
        tuple(_guess(name, session) for name in names if kinds[name] is Kind.DEFINITION),
    )


class _Session:
    """What the cells were seen to do; a cell is known by its position among those that were run."""

    def __init__(self, cells: Sequence[RanCell], touchable: Sequence[set[str]]) -> None:
        self.cells = cells
        self._touchable = touchable

    def binder(self, name: str) -> int | None:
        """The last cell that bound a name."""
        return next((at for at in reversed(range(len(self.cells))) if name in self.cells[at]["bound"]), None)

    def users(self, name: str, since: int) -> list[int]:
        """The later cells that may have changed the value of a name, and ended well."""
        later = range(since + 1, len(self.cells))
        return [at for at in later if name in self._touchable[at] and self.cells[at]["usable"]]

    def with_needs(self, last: Sequence[int]) -> tuple[int, ...]:
        """Cells, and those that bound the names that they look at, and so on."""
        plan: set[int] = set()
        pending = list(last)
        while pending:
            at = pending.pop()
            if at not in plan:
                plan.add(at)
                for name in self._touchable[at]:
                    pending += [one for one in range(at) if name in self.cells[one]["bound"]][-1:]
        return tuple(sorted(plan))

    def numbers(self, plan: Sequence[int]) -> tuple[int, ...]:
        """The numbers of cells that Jupyter shows."""
        return tuple(self.cells[at]["count"] for at in plan)


def _guess(name: str, session: _Session) -> WayBack:
    binder = session.binder(name)
    return WayBack(name, () if binder is None else session.numbers(session.with_needs([binder])), verified=False)


@dataclass(frozen=True)
class _Run:
    """A list of cells, run one after the other."""

    states: tuple[State, ...]
    """After each cell that has been run."""
    given: Mapping[str, str]
    """Names whose value was loaded from a file, with the file."""
    why_not: str = ""
    """Why it ended before the last cell."""


class _Runs:
    """Runs lists of cells, each once."""

    def __init__(self, engine: ForkEngine[Host], session: _Session, now: State, seconds: float) -> None:
        self._engine, self._session, self._now, self._left = engine, session, now, seconds
        self._results: dict[tuple[int, ...], _Run] = {}

    def way_back(self, name: str) -> WayBack:
        """Run the cell that has bound a name, and all that may have changed it since, until it has its value.

        What has changed nothing in that is left out in a second run.
        """
        binder = self._session.binder(name)
        if binder is None:
            return WayBack(name, (), False, why_not="no cell that was run since `%load_ext nbrerun` has bound it")
        plan = self._session.with_needs([binder, *self._session.users(name, binder)])
        run = self._result(plan)
        digests = [_digest(state, name) for state in run.states]
        now = self._now["variables"][name]
        wanted = now["digest"]
        if now["opaque"]:
            return self._given_up(name, binder, f"parts of it cannot be read ({now['opaque'][0]})")
        if wanted not in digests:
            return self._given_up(name, binder, run.why_not or "it comes out with another value than it has now")
        plan = plan[: digests.index(wanted) + 1]
        changed = [at for number, at in enumerate(plan) if number == 0 or digests[number] != digests[number - 1]]
        shorter = self._session.with_needs([binder, *changed])
        if len(shorter) < len(plan):
            states = self._result(shorter).states
            if len(states) == len(shorter) and _digest(states[-1], name) == wanted:
                plan, run = shorter, self._result(shorter)
        return WayBack(name, self._session.numbers(plan), True, run.given.get(name))

    def _given_up(self, name: str, binder: int, why_not: str) -> WayBack:
        plan = self._session.with_needs([binder, *self._session.users(name, binder)])
        return WayBack(name, self._session.numbers(plan), False, why_not=why_not)

    def _result(self, plan: tuple[int, ...]) -> _Run:
        if plan not in self._results:
            self._results[plan] = self._run([self._session.cells[at] for at in plan])
        return self._results[plan]

    def _run(self, cells: Sequence[RanCell]) -> _Run:
        cost = sum(cell["seconds"] for cell in cells)
        if not all(cell["usable"] for cell in cells):
            return _Run((), {}, "one of them raised, or reached outside")
        if cost > self._left:
            return _Run((), {}, f"running them takes about {cost:.0f} s, and `%nbrerun limit` allows more")
        self._left -= cost
        branch = self._engine.branch(0)
        if isinstance(branch, Undone):
            return _Run((), {}, branch.reason)
        with closing(branch):
            begun = branch.run_all((), _ALLOWANCE, anew=True)
            return _Run((), {}, begun.reason) if isinstance(begun, Undone) else _one_by_one(branch, cells)


def _one_by_one(branch: Branch, cells: Sequence[RanCell]) -> _Run:
    states: list[State] = []
    given: dict[str, str] = {}
    for cell in cells:
        run = branch.run(Cell(cell["count"], "", cell["source"]))
        if isinstance(run, Undone):
            return _Run(tuple(states), given, run.reason)
        if run["error"] is not None:
            why = f"In [{cell['count']}] raises {run['error']['ename']}: {run['error']['evalue']}"
            return _Run(tuple(states), given, why)
        if run["stopped"]:
            return _Run(tuple(states), given, f"In [{cell['count']}] reaches outside, and was stopped there")
        states.append(run["after"])
        given = {name: file for name, file in given.items() if name not in run["bound"]} | run["given"]
    return _Run(tuple(states), given)


def _digest(state: State, name: str) -> bytes | None:
    return state["variables"][name]["digest"] if name in state["variables"] else None
