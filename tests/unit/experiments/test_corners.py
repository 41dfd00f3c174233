"""Corners of the experiments: what is run twice, what is not done at all, what an import brings."""

from __future__ import annotations

import math

from nbrerun.classify.evidence import gather
from nbrerun.experiments.recover import recover
from nbrerun.experiments.whole_notebook import whole
from nbrerun.model import Parting
from tests.unit.making import Does, FakeEngine, file, generator, main_run, name, observation, rerun, state, step

RANDOM = "numpy.random"


def test_recover_runs_a_beginning_once_in_one_kernel() -> None:
    """Where it wrote files no fork of it can be used, and the plan goes on in the same kernel."""
    steps = main_run(
        Does(binds={"x": "1"}, writes={"log": "1"}),
        Does(binds={"One": "1"}, reads=["x"]),
        Does(binds={"Two": "1"}, reads=["x"]),
    )
    engine = FakeEngine(lambda done: rerun({**steps[-1].first, "files": {"log": file(b"other")}}))
    list(recover(engine, steps, {}, (), math.inf))
    assert [cells for _, _, cells, *_ in engine.asked] == [[0], [10], [0], [20]]


def test_whole_tells_what_a_cell_did_not_do() -> None:
    """A cell that does nothing in a fresh clone leaves what the main run changed there as it was."""
    steps = main_run(Does(binds={"x": "1"}), Does(moves={"x": "2"}, writes={"out": "1"}))
    engine = FakeEngine(lambda done: rerun(steps[0].first))  # the second cell does nothing in a fresh clone
    found = whole(engine, "fresh-clone", steps, ())
    assert found.parted == (Parting("file:out", 10), Parting("x", 10))


def test_a_seed_of_a_generator_that_was_not_there_before() -> None:
    """numpy loads its generators when they are first asked for: by the seed, as likely as not."""
    before, first = state(), state(generators=[generator(RANDOM, b"1", library=True)])
    again = rerun(first, seeds=True)
    assert name(f"generator:{RANDOM}") in step(before, first, again=again).written
    assert [evidence.name for evidence in gather(observation(before, first, again))] == ["numpy.random"]
