"""The use case: two versions of a notebook in, a plan out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from nbrerun.analysis.clean_run import CleanRun
from nbrerun.engine.interface import Doing, Undone
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.model import Cell
from nbrerun.notebooks.read import Notebook
from nbrerun.plan.answer import Plan, Planned
from nbrerun.plan.demand import sources
from nbrerun.plan.edits import Edits, edits
from nbrerun.plan.kernel import Before, Known, StandIn
from nbrerun.plan.observe import Observed, observe
from nbrerun.plan.search import Found, search
from nbrerun.plan.verify import Verifier
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import Settings
from nbrerun.state.names import Name, Space

_MOST_NAMED = 3


def plan_after(
    old: Notebook,
    new: Notebook,
    settings: Settings,
    outputs: bool = False,
    doing: Doing = lambda index, purpose: None,
) -> Plan:
    """Find the fewest cells to run in a kernel that has run the old notebook, after the edit that led to the new one.

    Both run in the folder of the new one, in a sandbox. Nothing is run where both have the same code.

    Args:
        outputs: run as well what would show something else after a clean run.

    Raises:
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    found = edits(old.cells, new.cells)
    if found.is_none:
        return replace(_begun(old, new, found), verified=True, reason="both versions have the same code")
    here = replace(old, path=new.path, kernel_name=new.kernel_name, language=new.language)
    with CleanRun(here, settings, doing) as run:
        run.run()
        if run.lost or not run.states:
            return _restart(_begun(old, new, found), new.cells, f"the old notebook could not be run: {run.lost}")
        return _planned(Known(run), new, found, _begun(old, new, found), outputs)


def plan_after_unknown(
    new: Notebook,
    edited: Collection[int],
    settings: Settings,
    outputs: bool = False,
    doing: Doing = lambda index, purpose: None,
) -> Plan:
    """Find the fewest cells to run, whatever cells of the notebook were before they were edited.

    That is taken to have given values to the names to which these cells give values now, and to no others.

    Args:
        edited: indexes of the cells.
        outputs: run as well what may show something else after a clean run.

    Raises:
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    positions = sorted(at for at, cell in enumerate(new.cells) if cell.index in edited)
    found = replace(edits(new.cells, new.cells), edited=frozenset(positions))
    begun = replace(_begun(new, new, found), stand_in=True)
    with CleanRun(new, settings, doing) as run:
        run.run()
        if not run.is_complete:
            return replace(_restart(begun, new.cells, run.lost or "the notebook raises"), failure=run.failure)
        before = StandIn(run, positions)
        undone = before.begin()
        if undone is not None:
            return _restart(begun, new.cells, f"the notebook could not be run: {undone.reason}")
        return _planned(before, new, found, begun, outputs)


def _begun(old: Notebook, new: Notebook, found: Edits) -> Plan:
    edited = tuple(new.cells[at].index for at in sorted(found.edited | found.moved))
    gone = found.deleted - {origin for origin in found.origins if origin is not None}
    return Plan(str(new.path), edited, tuple(old.cells[at].first_line for at in sorted(gone)), len(new.cells))


def _planned(before: Before, new: Notebook, found: Edits, begun: Plan, outputs: bool) -> Plan:
    try:
        seen = observe(before, new, found)
    except (Closed, ProbeFailure) as error:
        seen = Undone(f"the kernel gave no answer: {error}")
    if isinstance(seen, Undone):
        return _restart(begun, new.cells, f"the edited notebook could not be run: {seen.reason}")
    verifier = Verifier(before, seen, outputs)
    result = search(seen, verifier, seen.outdated if outputs else ())
    answer = _answer(begun, new, found, seen, result)
    return replace(answer, engine=before.run.engine_name, tried=verifier.tried)


def _restart(begun: Plan, cells: Sequence[Cell], reason: str) -> Plan:
    everything = tuple(Planned(cell, "all cells, after a restart") for cell in cells)
    return replace(begun, restart=True, reason=reason, cells=everything)


def _answer(begun: Plan, new: Notebook, found: Edits, seen: Observed, result: Found) -> Plan:
    ignored = (str(name) for name in seen.kernel.ignored if name in seen.wanted)
    answer = replace(
        begun,
        same_draws=tuple(map(str, sorted(seen.random & seen.wanted.keys()))),
        not_compared=tuple(sorted(name for name in ignored if not name.startswith(Space.GENERATOR.value))),
        unread=tuple(sorted(map(str, seen.unread))),
        outdated=tuple(seen.cells[at].index for at in sorted(seen.outdated - result.plan)),
        failure=seen.failure,
        whole_seconds=sum(seen.seconds),
    )
    planned = tuple(Planned(seen.cells[at], _why(at, result, found, seen)) for at in sorted(result.plan))
    if result.is_right:
        return replace(answer, cells=planned, verified=True, seconds=result.outcome.seconds)
    reason = _why_restart(seen, result)
    answer = replace(_restart(answer, new.cells, reason), seconds=answer.whole_seconds)
    if result.outcome.is_right:
        return replace(answer, remove=tuple(map(str, sorted(result.remove))), instead=planned)
    return answer


def _why(at: int, result: Found, found: Edits, seen: Observed) -> str:
    """Say why a cell is in the plan."""
    trace = seen.traces[at]
    if at in found.edited:
        return "it was inserted" if found.origins[at] is None else "it was edited"
    for later in sorted(result.plan):
        if later > at:
            names = [
                name for name in seen.traces[later].reads & trace.writes if at in sources(name, later, seen.traces)
            ]
            if names:
                return f"it gives {_listed(names)} to cell {seen.cells[later].index}"
    if at in found.moved:
        return "it was moved"
    given = [name for name in trace.writes if at in sources(name, len(seen.traces), seen.traces)]
    if not given:
        return "it shows something else"
    return f"it gives {_listed(given)} {'its value' if len(given) == 1 else 'their values'}"


def _why_restart(seen: Observed, result: Found) -> str:
    """Say what no run of cells sets right."""
    if result.remove:
        there = "is still there" if len(result.remove) == 1 else "are still there"
        return f"{_listed(result.remove)} {there} from before the edit, and no cell removes it"
    if result.outcome.reason:
        return result.outcome.reason
    if result.outcome.wrong:
        return f"whatever is run, {_listed(result.outcome.wrong)} ends with another value than after a clean run"
    pair = sorted(min(result.outcome.apart, key=sorted))
    return f"whatever is run, `{pair[0]}` and `{pair[1]}` do not share an object as they do after a clean run"


def _listed(names: Iterable[Name]) -> str:
    named = sorted(names, key=lambda name: (name.space is not Space.VARIABLE, str(name)))
    shown = [f"the state of `{name.key}`" if name.space is Space.GENERATOR else f"`{name}`" for name in named]
    more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
    return ", ".join(shown[:_MOST_NAMED]) + more
