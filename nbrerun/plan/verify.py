"""Run candidates in the kernel that has run the old notebook, and compare what it then holds with a clean run."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from nbrerun.engine.interface import Fresh, Undone
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.plan.demand import Trace, sources
from nbrerun.plan.kernel import Before
from nbrerun.plan.observe import Observed
from nbrerun.plan.values import sharing, unlike, values_of
from nbrerun.probe.protocol.messages import Rerun, State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.names import Name, Space, keys, variables


@dataclass(frozen=True)
class Outcome:
    """What came of a candidate."""

    wrong: frozenset[Name] = frozenset()
    """What ended with another value than in a clean run."""
    apart: frozenset[frozenset[str]] = frozenset()
    """Pairs of variables that hold the same object in a clean run and different ones here, or the other way round."""
    at: int | None = None
    """The position of a cell that did not do what it does in a clean run."""
    reason: str = ""
    """Why it is not right, where values do not say so."""
    seconds: float = 0.0
    """How long its cells took."""

    @property
    def is_right(self) -> bool:
        """Whether the kernel holds what it would after a clean run."""
        return not (self.wrong or self.apart or self.reason)

    @property
    def concerned(self) -> frozenset[Name]:
        """Names that have to come out otherwise."""
        return self.wrong | variables(name for pair in self.apart for name in pair)


class Verifier:
    """Runs candidates, each once."""

    def __init__(self, before: Before, seen: Observed, outputs: bool = False) -> None:
        """Compare what the kernel holds, and also what the cells show if `outputs` says so."""
        self._outputs = outputs
        self._before = before
        self._seen = seen
        self._outcomes: dict[tuple[frozenset[int], frozenset[Name]], Outcome] = {}
        self.seconds = 0.0
        """How long all of them took."""

    @property
    def tried(self) -> int:
        """How many candidates were run."""
        return len(self._outcomes)

    def run(self, plan: frozenset[int], remove: frozenset[Name] = frozenset()) -> Outcome:
        """Run the cells at these positions, in order, after removing some variables and files."""
        key = (plan, remove)
        if key not in self._outcomes:
            began = time.monotonic()
            try:
                self._outcomes[key] = self._run(sorted(plan), remove)
            except (Closed, ProbeFailure) as error:
                self._outcomes[key] = Outcome(reason=f"the kernel gave no answer: {error}")
            self.seconds += time.monotonic() - began
        return self._outcomes[key]

    def _run(self, plan: Sequence[int], remove: Iterable[Name]) -> Outcome:
        branch = self._before.branch()
        if isinstance(branch, Undone):
            return Outcome(reason=branch.reason)
        with closing(branch):
            if names := keys(remove, Space.VARIABLE):
                branch.delete_names(sorted(names))
            if paths := keys(remove, Space.FILE):
                branch.remove_files(sorted(paths))
            last = self._ran(branch, plan)
            return last if isinstance(last, Outcome) else self._compared(branch, plan, last)

    def _ran(self, branch: Fresh, plan: Sequence[int]) -> list[Rerun] | Outcome:
        seen, runs = self._seen, list[Rerun]()
        for at in plan:
            cell = seen.cells[at]
            self._before.run.doing(cell.index, "trying a plan")
            if seen.stands[at]:
                branch.put_back(seen.stands[at])
            run = branch.run_all([cell], self._before.run.seconds_for([cell]), anew=False)
            if isinstance(run, Undone):
                return Outcome(at=at, reason=f"cell {cell.index}: {run.reason}")
            runs.append(run)
            fails = seen.failure is not None and seen.failure.index == cell.index
            if run["error"] is not None and not fails and "raises-exception" not in cell.tags:
                return Outcome(at=at, reason=f"cell {cell.index} raises {run['error']['ename']} there")
            if self._outputs and seen.shows[at] not in (None, run["shows"]):
                return Outcome(at=at, reason=f"cell {cell.index} shows something else there than in a clean run")
        return runs

    def _compared(self, branch: Fresh, plan: Sequence[int], runs: Sequence[Rerun]) -> Outcome:
        seen, seconds = self._seen, sum(run["seconds"] for run in runs)
        state = runs[-1]["after"] if runs else branch.read()
        found = unlike(values_of(state, seen.compared), seen.wanted) - seen.kernel.ignored
        # No restart removes a file that the old notebook has left.
        wrong = {name for name in found if name.space is not Space.FILE or name in seen.wanted}
        wrong |= variables(_of_older_classes(self._before.held, state, plan, seen.traces))
        apart = sharing(state, branch) ^ seen.sharing
        gone = keys(wrong | seen.kernel.ignored, Space.VARIABLE)
        apart = {pair for pair in apart if not pair & gone}
        return Outcome(frozenset(wrong), frozenset(apart), seconds=seconds)


def _of_older_classes(before: State, after: State, plan: Collection[int], traces: Sequence[Trace]) -> set[str]:
    """Variables that may still be, or hold, instances of a class that has been defined again since.

    Those are the objects of before that cells outside of the plan have made, with the class within reach.
    """
    one, other = before["variables"], after["variables"]
    there = {name for name in one.keys() & other.keys() if not other[name]["atom"]}
    definitions = {name for name in there if other[name]["kind"] == "definition"}
    rebound = {name for name in there if one[name]["id"] != other[name]["id"]}
    classes = variables(name for name in definitions & rebound if other[name]["type"] not in ("function", "module"))
    kept = there - rebound - definitions
    return {
        name
        for name in kept
        for at in sources(Name(Space.VARIABLE, name), len(traces), traces) - set(plan)
        if traces[at].reads & classes
    }
