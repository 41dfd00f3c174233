"""*recover*: which cells bring a model back after a restart."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.recover import recover
from nbrerun.model import Kind, Missing, Raised, Recovery, Restart
from nbrerun.probe.protocol.messages import Rerun, State
from nbrerun.state.names import Space, keys
from nbrerun.state.observation import Later
from nbrerun.state.timeline import Step
from tests.unit.making import Does, FakeEngine, error, main_run, opened, rerun, state, variable

RANDOM = "numpy.random"


class Played:
    """A kernel in which cells do what they did in the main run, where they find the names that they read."""

    def __init__(self, steps: list[Step], files: bool = True) -> None:
        self.steps = steps
        self.files = files
        """Files of the main run are as good as they were."""

    def __call__(self, done: list[int]) -> Rerun | Undone:
        variables: dict[str, Any] = {}
        for index in done:
            step = self.steps[index // 10]
            missing = [name for name in sorted(step.read) if name not in variables]
            if missing:
                return rerun(error=error("NameError", f"name '{missing[0]}' is not defined"))
            there = step.first["variables"]
            variables |= {name: there[name] for name in keys(step.written, Space.VARIABLE) if name in there}
            earlier = [self.steps[index // 10] for index in done[: done.index(index)]]
            made = {path for step in earlier for path in keys(step.written, Space.FILE)}
            if not self.files and not step.files_read <= made:
                return rerun(error=error("ValueError", "the file is no good"))
        return rerun(self._after(variables, self.steps[done[-1] // 10]))

    def _after(self, variables: dict[str, Any], last: Step) -> State:
        end = self.steps[-1].first
        return state(variables, files=end["files"], opened=last.first["opened"])


def recovered(
    steps: list[Step],
    answer: Callable[[list[int]], Rerun | Undone] | None = None,
    restarts: Mapping[int, Restart] | None = None,
    watched: Collection[str] = (),
    seconds: float = math.inf,
) -> list[Recovery]:
    """The ways back to the models of a main run; nothing stays open."""
    engine = FakeEngine(answer or Played(steps))
    found = list(recover(engine, steps, restarts or {}, watched, seconds))
    assert engine.left_open() == []
    return found


FIT = Does(binds={"Model": "fitted"}, reads=["x"])

SEED = Does(draws={RANDOM: "1"}, seeds=True)

PLANS: dict[str, tuple[list[Does], tuple[int, ...], str | None]] = {
    # cells, those that bring `Model` back, and the file that it comes from
    "a model made from nothing": ([Does(binds={"Model": "1"})], (0,), None),
    "made from data": ([Does(binds={"x": "1"}), FIT], (0, 10), None),
    "other cells need not run": ([Does(binds={"x": "1"}), Does(binds={"y": "1"}, reads=["x"]), FIT], (0, 20), None),
    "cells further down need not run": (
        [Does(binds={"x": "1"}), FIT, Does(binds={"y": "1"}, reads=["x"])],
        (0, 10),
        None,
    ),
    "by way of another name": (
        [Does(binds={"raw": "1"}), Does(binds={"x": "1"}, reads=["raw"]), FIT],
        (0, 10, 20),
        None,
    ),
    "data bound anew": ([Does(binds={"x": "1"}), Does(binds={"x": "2"}), FIT], (10, 20), None),
    "data changed": ([Does(binds={"x": "1"}), Does(moves={"x": "2"}, reads=["x"]), FIT], (0, 10, 20), None),
    "data made from what it was": (
        [Does(binds={"x": "1"}), Does(binds={"x": "2"}, reads=["x"]), FIT],
        (0, 10, 20),
        None,
    ),
    "data changed afterwards": ([Does(binds={"x": "1"}), FIT, Does(moves={"x": "2"}, reads=["x"])], (0, 10), None),
    "trained on": ([Does(binds={"Model": "1"}), Does(moves={"Model": "2"}, reads=["Model"])], (0, 10), None),
    "trained on, with data in between": (
        [
            Does(binds={"Model": "1"}),
            Does(binds={"x": "1"}),
            Does(binds={"y": "1"}),
            Does(moves={"Model": "2"}, reads=["Model", "x"]),
        ],
        (0, 10, 30),
        None,
    ),
    "made a second time": ([Does(binds={"Model": "1"}), Does(binds={"Model": "2"})], (10,), None),
    "made a second time, with the same value": ([Does(binds={"Model": "1"}), Does(binds={"Model": "1"})], (0,), None),
    "functions and imports": (
        [Does(imports=["np"]), Does(defines=["load"], reads=["np"]), Does(binds={"Model": "1"}, reads=["load"])],
        (0, 10, 20),
        None,
    ),
    "an import repeated": (
        [Does(imports=["np"]), Does(binds={"y": "1"}), Does(binds={"Model": "1"}, reads=["np"])],
        (0, 20),
        None,
    ),
    "a draw": ([Does(draws={RANDOM: "1"}), Does(binds={"x": "1"}), FIT], (10, 20), None),
    "a seed, and draws since": (
        [SEED, Does(draws={RANDOM: "2"}), Does(binds={"Model": "1"}, draws={RANDOM: "3"})],
        (0, 10, 20),
        None,
    ),
    "a seed, and a draw before": (
        [Does(draws={RANDOM: "0"}), SEED, Does(binds={"Model": "1"}, draws={RANDOM: "2"})],
        (10, 20),
        None,
    ),
    "a seed of its own": ([SEED, Does(binds={"Model": "1"}, draws={RANDOM: "2"}, seeds=True)], (10,), None),
    "draws that nobody has seeded": (
        [Does(draws={RANDOM: "1"}), Does(binds={"Model": "1"}, draws={RANDOM: "2"})],
        (10,),
        None,
    ),
    "draws after it": (
        [Does(binds={"Model": "1"}, draws={RANDOM: "2"}), Does(draws={RANDOM: "3"})],
        (0,),
        None,
    ),
    "loaded from a file": (
        [
            Does(binds={"Old": "1"}),
            Does(writes={"m.pkl": "1"}, reads=["Old"], opens={"m.pkl": "written written_first"}),
            Does(binds={"Model": "1"}, opens={"m.pkl": "read"}),
        ],
        (20,),
        "m.pkl",
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_the_cells_that_a_model_needs_are_found(case: str) -> None:
    """Backward from the cell that gave it its last value, by what each was seen to read and write."""
    cells, plan, via = PLANS[case]
    found = {recovery.name: recovery for recovery in recovered(main_run(*cells))}["Model"]
    skipped = tuple(index for index in range(0, plan[-1], 10) if index not in plan)
    assert found == Recovery("Model", plan, skipped, via, verified=True)


def test_what_a_cell_needs_that_was_not_run_again_is_not_known() -> None:
    """A list of such cells that does not work is not reported; one that was seen to work is."""
    steps = [replace(step, seen=None) for step in main_run(Does(binds={"x": "1"}), FIT)]
    needing = Played(main_run(Does(binds={"x": "1"}), FIT))
    assert recovered(steps, needing) == []
    (found,) = recovered(steps)
    assert (found.verified, found.reason) == (True, "")


def test_a_file_that_does_not_do_is_made_again() -> None:
    """Where loading it fails after a restart, the cells that write it are run as well."""
    steps = main_run(
        Does(binds={"x": "1"}),
        Does(writes={"m.pkl": "1"}, reads=["x"]),
        Does(binds={"Model": "1"}, opens={"m.pkl": "read"}),
    )
    (found,) = recovered(steps, Played(steps, files=False))
    assert (found.cells, found.verified) == ((0, 10, 20), True)


def test_a_cell_that_finds_a_file_may_bring_back_what_it_did_not_make() -> None:
    """`if os.path.exists("m.pkl"): load it`: with the files of the end it does, and the cells since need not run."""
    steps = main_run(
        Does(binds={"Model": "new"}),
        Does(moves={"Model": "trained"}, reads=["Model"], writes={"m.pkl": "trained"}),
    )
    assert steps[0].seen is not None
    steps[0].seen.later = Later({}, read=frozenset({"m.pkl"}))
    (found,) = recovered(steps, lambda done: rerun({**steps[-1].first, "opened": {"m.pkl": opened("read")}}))
    assert found == Recovery("Model", (0,), (), "m.pkl", verified=True)


def missing(*names: str) -> Restart:
    """A cell that was seen to miss names in a fresh kernel."""
    return Restart(not names, tuple(Missing(name, None, Kind.DATA) for name in names))


MEASURED = {
    "it missed less than it mentions": ({20: missing("x")}, (0, 20)),
    "it missed nothing": ({20: missing()}, (20,)),
    "nobody has tried": ({}, (0, 10, 20)),
    "it raised something else": ({20: Restart(False, (), Raised("OSError", ""))}, (0, 10, 20)),
    "it was stopped": ({20: Restart(False, missing("x").missing, reason="stopped after 10 s")}, (0, 10, 20)),
}


@pytest.mark.parametrize("case", MEASURED)
def test_what_a_cell_was_seen_to_miss_counts_before_what_it_mentions(case: str) -> None:
    """A restart has measured it, unless it came to an early end."""
    restarts, plan = MEASURED[case]
    steps = main_run(Does(binds={"x": "1"}), Does(binds={"y": "1"}), Does(binds={"Model": "1"}, reads=["x", "y"]))
    last = steps[-1].first["variables"]["Model"]

    def runs(done: list[int]) -> Rerun:
        return rerun(state({"Model": last} if done[-1] == 20 else {}))

    (found,) = recovered(steps, runs, {index // 10: restart for index, restart in restarts.items()})
    assert (found.cells, found.verified) == (plan, True)


def test_what_a_source_of_data_mentions_but_does_not_miss_is_not_run() -> None:
    """A cell that binds a name before it looks at it ends the way back, as a restart has measured."""
    steps = main_run(
        Does(binds={"x": "1"}), Does(binds={"x": "2"}, reads=["x"]), Does(binds={"Model": "1"}, reads=["x"])
    )
    runs = steps[-1].first
    restarts = {1: missing(), 2: missing("x")}
    (found,) = recovered(steps, lambda done: rerun(runs), restarts)
    assert (found.cells, found.skipped) == ((10, 20), (0,))
    (read,) = recovered(steps, lambda done: rerun(runs), {2: missing("x")})
    assert read.cells == (0, 10, 20)


def test_draws_before_a_cell_that_loads_are_needed_by_draws_after_it() -> None:
    """The cell itself does not need them, but where the generator stands after it depends on them."""
    steps = main_run(
        SEED,
        Does(binds={"Old": "1"}, draws={RANDOM: "2"}, opens={"m.pkl": "read"}),
        Does(binds={"Model": "1"}, draws={RANDOM: "3"}),
    )
    seen = steps[1].seen
    assert seen is not None
    loads = {"after_read": {"m.pkl": ["Old"]}}
    again = rerun(seen.again["after"] if seen.again else None, **loads, bound=["Old"])
    steps[1] = replace(steps[1], seen=replace(seen, again=again))
    found = {recovery.name: recovery.cells for recovery in recovered(steps, restarts={1: missing(), 2: missing()})}
    assert found["Model"] == (0, 10, 20)


def test_a_generator_is_never_missed_but_needed() -> None:
    """A cell that runs alone and draws still needs the draws before it."""
    steps = main_run(SEED, Does(binds={"Model": "1"}, draws={RANDOM: "2"}, reads=["x"]))
    tried: list[tuple[int, ...]] = []

    def runs(done: list[int]) -> Rerun:
        tried.append(tuple(done))
        return rerun(steps[-1].first)

    (found,) = recovered(steps, runs, {1: missing()})
    assert (found.cells, tried) == ((0, 10), [(0, 10)])


def test_the_shortest_list_is_tried_first_and_the_next_if_it_fails() -> None:
    """What a cell mentions, where what it missed was not all that it needs."""
    steps = main_run(Does(binds={"x": "1"}), Does(binds={"Model": "1"}, reads=["x"]))
    (found,) = recovered(steps, restarts={1: missing()})
    assert found == Recovery("Model", (0, 10), (), None, verified=True)


def test_of_several_lists_that_fail_the_shortest_is_told() -> None:
    """With its own reason."""
    steps = main_run(Does(binds={"x": "1"}), Does(binds={"Model": "1"}, reads=["x"]))
    (found,) = recovered(steps, lambda done: Undone(f"{done}"), {1: missing()})
    assert found == Recovery("Model", (10,), (0,), None, verified=False, reason="[10]")


def changed(digest: bytes) -> Rerun:
    """A run that ends with another value."""
    return rerun(state({"Model": variable(digest, kind="model")}))


FAILURES: dict[str, tuple[Rerun | Undone, str]] = {
    "it raises": (
        rerun(error=error("ValueError", "no data")),
        "running them raises ValueError: no data",
    ),
    "it is not there": (rerun(), "they do not bind it"),
    "it is another": (changed(b"2"), "it comes out with another value than at the end of the main run"),
    "it is stopped": (Undone("stopped after 10 s"), "stopped after 10 s"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_does_not_work_is_said(case: str) -> None:
    """The shortest list stays an answer, not a verified one; what did not work says nothing of a file."""
    run, reason = FAILURES[case]
    steps = main_run(Does(binds={"x": "1"}), Does(binds={"Model": "1"}, reads=["x"]))
    assert recovered(steps, lambda done: run) == [Recovery("Model", (0, 10), (), None, verified=False, reason=reason)]


def test_models_and_what_is_watched_are_looked_for() -> None:
    """In the order in which the kernel holds them; a watched name that is not there is none."""
    steps = main_run(Does(binds={"x": "1", "Model": "1", "y": "1"}))
    assert [found.name for found in recovered(steps)] == ["Model"]
    assert [found.name for found in recovered(steps, watched=["y", "z"])] == ["y"]


def test_a_model_that_no_cell_left_as_it_ends_has_no_way_back() -> None:
    """A thread has changed it, say: nothing is said, for nothing could be tried."""
    steps = main_run(Does(binds={"Model": "1"}), Does())
    for end in (steps[1].before, steps[1].first):
        end["variables"] = {"Model": variable(b"2", kind="model")}
    steps[0] = replace(steps[0], first=state({"Model": variable(b"1", kind="model")}))
    assert recovered(steps) == []


def test_no_fresh_kernel_is_said() -> None:
    """Why there is none is the reason."""
    steps = main_run(Does(binds={"Model": "1"}))
    engine = FakeEngine(refuses=["fresh"])
    assert list(recover(engine, steps, {}, (), math.inf)) == [
        Recovery("Model", (0,), (), None, verified=False, reason="there is no fresh")
    ]


def test_what_several_lists_begin_with_is_run_once() -> None:
    """Each goes on in a fork of it; a kernel that goes on is not told again to be fresh."""
    steps = main_run(
        Does(binds={"x": "1"}, more={"seconds": 2.0}),
        Does(binds={"One": "1"}, reads=["x"], more={"seconds": 3.0}),
        Does(binds={"Two": "1"}, reads=["x"], more={"seconds": 4.0}),
    )
    engine = FakeEngine(Played(steps))
    found = list(recover(engine, steps, {}, (), math.inf))
    assert [(recovery.name, recovery.cells, recovery.verified) for recovery in found] == [
        ("One", (0, 10), True),
        ("Two", (0, 20), True),
    ]
    assert engine.asked == [
        ("emptied", "run_all", [0], 12.0, True),
        ("fork of emptied", "run_all", [10], 13.0, False),
        ("fork of emptied", "run_all", [20], 14.0, False),
    ]
    assert engine.left_open() == []


def test_where_another_cell_sets_something_plans_run_in_a_fresh_kernel() -> None:
    """A setting of the end may be what makes the plan work."""
    steps = main_run(Does(binds={"x": "1"}), Does(), FIT)
    steps[1].first["by_hand"] = ["os.environ[A]"]
    engine = FakeEngine(Played(steps))
    assert [found.verified for found in recover(engine, steps, {}, (), math.inf)] == [True]
    assert {name for name, *_ in engine.asked} == {"fresh"}


def test_a_plan_that_fails_with_the_libraries_loaded_is_run_in_a_fresh_kernel() -> None:
    """A library may have been left in another state; what is found in a fresh kernel holds."""
    steps = main_run(Does(binds={"x": "1"}), FIT)
    played = Played(steps)
    engine = FakeEngine(lambda done: played(done) if len(engine.branches) > 1 else rerun())
    assert [(found.cells, found.verified) for found in recover(engine, steps, {}, (), math.inf)] == [((0, 10), True)]
    assert [name for name, *_ in engine.asked] == ["emptied", "fresh"]
    assert engine.left_open() == []


SLOW = main_run(
    Does(imports=["np"], more={"seconds": 100.0}),
    Does(binds={"x": "1"}, reads=["np"], more={"seconds": 1.0}),
    Does(binds={"Slow": "1"}, reads=["x"], more={"seconds": 20.0}),
    Does(binds={"Quick": "1"}, reads=["x"], more={"seconds": 3.0}),
)


@pytest.mark.parametrize(
    ("seconds", "verified"), [(24.0, {"Quick", "Slow"}), (23.0, {"Quick"}), (3.5, set()), (0, set())]
)
def test_only_what_is_quick_enough_is_run(seconds: float, verified: set[str]) -> None:
    """The quickest first; imports, and what has been run for another model, take no time; what is left out is said."""
    found = recovered(SLOW, seconds=seconds)
    assert [(recovery.name, recovery.cells) for recovery in found] == [("Quick", (0, 10, 30)), ("Slow", (0, 10, 20))]
    assert {recovery.name for recovery in found if recovery.verified} == verified
    left_out = [recovery.reason for recovery in found if not recovery.verified]
    assert all(reason.startswith("running them would take about") for reason in left_out)


def test_one_list_for_two_models_is_run_once() -> None:
    """Both are compared after the same run."""
    steps = main_run(Does(binds={"One": "1", "Two": "1"}))
    engine = FakeEngine(Played(steps))
    assert [recovery.verified for recovery in recover(engine, steps, {}, (), math.inf)] == [True, True]
    assert engine.asked == [("emptied", "run_all", [0], 11.0, True)]


def test_a_beginning_that_fails_is_a_failure_of_every_list() -> None:
    """And nothing stays open."""
    steps = main_run(
        Does(binds={"x": "1"}), Does(binds={"One": "1"}, reads=["x"]), Does(binds={"Two": "1"}, reads=["x"])
    )
    for run, reason in ((rerun(error=error("KeyError", "1")), "running them raises KeyError: 1"), (Undone("no"), "no")):
        found = recovered(steps, lambda done, run=run: run)  # type: ignore[misc]
        assert [(recovery.name, recovery.reason) for recovery in found] == [("One", reason), ("Two", reason)]
