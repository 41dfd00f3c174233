"""*without the file*: which variables take their value from which file."""

from __future__ import annotations

from typing import Any

import pytest

from nbrerun.engine.interface import Undone
from nbrerun.experiments.without_file import holds_result, without_file
from nbrerun.state.observation import Observation, unrepeatable
from tests.unit.making import FakeEngine, error, file, name, named, observation, opened, rerun, state, variable

FILE = "m.pkl"
VALUES = {"m": b"loaded"}
ANOTHER = {"m": b"made"}
GIVEN = {"m": FILE}
TOUCHED = {"m": [":1:0"]}


def seen(
    how: str = "read",
    model: bool = False,
    wrote: bool = True,
    kind: str = "data",
    after_read: tuple[str, ...] = ("m",),
    atom: bool = False,
    **again: Any,
) -> Observation:
    """What *again* has shown of a cell that read `m.pkl`, and then wrote to `m`.

    Args:
        how: it opened the file.
        model: the file holds a model.
        wrote: an earlier cell had written the file.
        kind: of `m`.
        atom: `m` is a number.
    """
    first = state({"m": {**variable(b"loaded", kind=kind), "atom": atom}}, files={FILE: file(b"1")} if wrote else {})
    after = {**first, "opened": {FILE: opened(how, model)}}
    plain = {"touched_by": TOUCHED, "bound": ["m"], "after_read": {FILE: list(after_read)}}
    run = rerun(after, **{**plain, **again})
    return observation(first=first, again=run)


def without(variables: dict[str, bytes] | None = None, how: str = "read", **more: Any) -> Any:
    """What the run without the file came to; it looks for the file, and ends with these variables."""
    after = state(VALUES if variables is None else variables, opened={FILE: opened(how)} if how else {})
    return rerun(after, **{"touched_by": TOUCHED, **more})


HELD = {
    "read, as an earlier cell left it": ("read", False, True, True),
    "read, and holds a model": ("read", True, False, True),
    "read, and nobody wrote it": ("read", False, False, False),
    "read, then written": ("read written", False, True, True),
    "written, then read": ("read written written_first", True, True, False),
    "appended to": ("written kept", True, True, False),
    "only written": ("written written_first", True, True, False),
}


@pytest.mark.parametrize("case", HELD)
def test_a_file_holds_a_result_if_an_earlier_run_left_it_or_it_is_a_model(case: str) -> None:
    """And the run took it from there: it read the file before it wrote it."""
    how, model, wrote, expected = HELD[case]
    found = seen(how, model, wrote)
    assert found.again is not None
    assert list(holds_result(found.again, found.first)) == ([FILE] if expected else [])


DEPENDS: dict[str, tuple[Observation, Any, bool]] = {
    # what *again* showed, what the run without the file came to, and whether `m` comes from the file
    "another value": (seen(), without(ANOTHER), True),
    "no value": (seen(), without({}), True),
    "the same value": (seen(), without(), False),
    "the same value, left from before": (seen(), without(touched_by={}), True),
    "the same value, by another statement": (seen(), without(touched_by={"m": [":2:0"]}), False),
    "the same value by another statement, and the file made again": (
        seen(),
        without(touched_by={"m": [":2:0"]}, how="written written_first"),
        True,
    ),
    "the same value in the same way, and the file made again": (seen(), without(how="written written_first"), False),
    "the same number, and the file made again by the same call": (
        seen(read_by={FILE: ["m"]}, atom=True),
        without(how="written written_first"),
        True,
    ),
    "the same object, and the file made again by the same call": (
        seen(read_by={FILE: ["m"]}),
        without(how="written written_first"),
        False,
    ),
    "the same value, and the file made again in any case": (
        seen("read written", read_by={FILE: ["m"]}, atom=True),
        without(how="written written_first"),
        False,
    ),
    "the same value, and nobody looks for the file": (seen(), without(how=""), False),
    "raises afterwards": (seen(), without(error=error("ValueError")), False),
    "bound by no statement, another value": (seen(touched_by={}, after_read=()), without(ANOTHER), True),
    "bound by a statement that came before": (seen(after_read=()), without(ANOTHER), False),
    "stored into, another value": (seen(bound=[], stores=["m"]), without(ANOTHER), True),
    "changed by the first run only": (seen(bound=[]), without(ANOTHER), True),
    "a loop variable": (seen(incidental=["m"]), without(ANOTHER), False),
    "a model that is computed from what a file holds": (seen(kind="model"), without(ANOTHER), False),
    "a model in a file of models is no exception": (seen(model=True, kind="model"), without(ANOTHER), False),
    # what a library gave back needs no run
    "given back by a library": (seen(given=GIVEN), without(), True),
    "a model, given back by a library": (seen(kind="model", given=GIVEN), without(), True),
    "given back from a file that nobody wrote": (seen(wrote=False, given=GIVEN), without(ANOTHER), False),
    "given back from a file that the cell wrote first": (
        seen("read written written_first", given=GIVEN),
        without(ANOTHER),
        False,
    ),
}


@pytest.mark.parametrize("case", DEPENDS)
def test_a_variable_comes_from_a_file_if_it_does_not_come_out_the_same_without_it(case: str) -> None:
    """By its value, or by the statements that gave it one; a model only if a library gave it back from there."""
    found, run, expected = DEPENDS[case]
    assert without_file(FakeEngine(lambda done: run), 3, found) is None
    assert found.from_file == ({"m": FILE} if expected else {})


@pytest.mark.parametrize(("data_files", "expected"), [((), {"m": FILE}), ((FILE,), {})])
def test_a_model_that_keeps_the_data_that_it_is_fitted_to_is_computed(
    data_files: tuple[str, ...], expected: dict[str, str]
) -> None:
    """Its numbers lie in the file, and an earlier cell was seen to save data there."""
    found = seen(kind="model", parameters_in={FILE: ["m"]})
    found.data_files = frozenset(data_files)
    assert without_file(FakeEngine(lambda done: without({})), 3, found) is None
    assert found.from_file == expected


def test_what_keeps_changing_is_no_question() -> None:
    """It has another value without the file as it has with it."""
    found = seen()
    found.moved = {name("m"): ()}
    engine = FakeEngine(lambda done: without(ANOTHER))
    assert without_file(engine, 3, found) is None
    assert (engine.branches, found.from_file) == ([], {})


def of_two_files(**again: Any) -> Observation:
    """A cell that read `b.pkl` into `n` and `m.pkl` into `m`, and `a.csv`, which no earlier run left."""
    found = seen(bound=["m", "n"], touched_by={"n": [0], "m": [1]}, **again)
    assert found.again is not None
    found.again["after"]["opened"]["a.csv"] = opened("read")
    found.again["after"]["opened"]["b.pkl"] = opened("read", model=True)
    found.again["after_read"].update({"a.csv": ["n", "m"], "b.pkl": ["n", "m"]})
    found.first["variables"]["n"] = variable(b"1")
    found.again["after"]["variables"]["n"] = variable(b"1")
    return found


def test_each_file_is_taken_away_alone() -> None:
    """Only those that hold a result; the run goes on after what raises, and each branch is closed."""
    engine = FakeEngine(lambda done: without({"m": b"loaded", "n": b"1"}, touched_by={"n": [0], "m": [1]}))
    assert without_file(engine, 3, of_two_files(reads=["n"])) is None
    assert engine.asked == [
        *(
            ("moment 3", "remove_files", ["b.pkl"]),
            ("moment 3", "delete_names", ["m"]),
            ("moment 3", "run", 0, "goes on"),
        ),
        *(("moment 3", "remove_files", [FILE]), ("moment 3", "delete_names", ["m"]), ("moment 3", "run", 0, "goes on")),
    ]
    assert engine.left_open() == []


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ({"b.pkl": "n", FILE: "m"}, {"n": "b.pkl", "m": FILE}),
        ({"b.pkl": "", FILE: "m"}, {"m": FILE}),
        ({"b.pkl": "nm", FILE: ""}, {"n": "b.pkl", "m": "b.pkl"}),
        ({"b.pkl": "", FILE: "n"}, {}),  # `n` was bound before `m.pkl` was read
    ],
)
def test_each_variable_comes_from_its_own_file(missed: dict[str, str], expected: dict[str, str]) -> None:
    """What has no value without one file does not come from the other; of two, the first that shows it is named."""

    def answer(done: list[int]) -> Any:
        (removed,) = [asked[2] for asked in engine.asked if asked[1] == "remove_files"][-1:]
        assert isinstance(removed, list)
        lost = missed[removed[0]]
        return without({key: value for key, value in {"m": b"loaded", "n": b"1"}.items() if key not in lost}, **touched)

    touched = {"touched_by": {"n": [0], "m": [1]}}
    engine = FakeEngine(answer)
    found = of_two_files()
    assert without_file(engine, 3, found) is None
    assert found.from_file == expected


def test_a_file_is_taken_away_only_if_something_is_in_question() -> None:
    """All that was read from `b.pkl` was seen to be given back by a library."""
    engine = FakeEngine(lambda done: without())
    found = of_two_files(given={"m": FILE, "n": "b.pkl"})
    assert without_file(engine, 3, found) is None
    assert (engine.asked, found.from_file) == ([], {"m": FILE, "n": "b.pkl"})


def test_only_a_few_files_are_taken_away() -> None:
    """Each takes a run."""
    found = seen()
    assert found.again is not None
    for i in range(20):
        found.again["after"]["opened"][f"{i:02}.pkl"] = opened("read", model=True)
        found.again["after_read"][f"{i:02}.pkl"] = ["m"]
    engine = FakeEngine(lambda done: without())
    without_file(engine, 3, found)
    assert [asked[2] for asked in engine.asked if asked[1] == "remove_files"] == [[f"0{i}.pkl"] for i in range(5)]


@pytest.mark.parametrize("found", [seen(wrote=False), seen("written written_first"), seen(after_read=())])
def test_nothing_is_run_where_it_cannot_matter(found: Observation) -> None:
    """No file that holds a result, or nothing written after it was read."""
    engine = FakeEngine(lambda done: without(ANOTHER))
    assert without_file(engine, 3, found) is None
    assert (engine.branches, found.from_file) == ([], {})


def test_a_cell_whose_inputs_are_astray_cannot_be_compared() -> None:
    """Another kernel has another value in what the cell reads: nothing is run, and the reason says so."""
    engine = FakeEngine(lambda done: without(ANOTHER))
    begin = engine.begin

    def astray(called: str, done: Any = ()) -> Any:
        branch = begin(called, done)
        branch.astray = frozenset(named("t"))
        return branch

    engine.begin = astray
    found = seen(reads=["t"])
    assert without_file(engine, 3, found) == Undone(unrepeatable(named("t")))
    assert (engine.asked, engine.left_open(), found.from_file) == ([], [], {})
    assert without_file(engine, 3, seen()) is None


def test_no_answer_is_said() -> None:
    """No branch, or a run that was stopped: nothing is known, and nothing stays open."""
    engine = FakeEngine(refuses=["moment 3"])
    assert without_file(engine, 3, seen()) == Undone("there is no moment 3")
    engine = FakeEngine(lambda done: Undone("stopped after 10 s"))
    found = seen()
    assert without_file(engine, 3, found) == Undone("stopped after 10 s")
    assert (found.from_file, engine.left_open()) == ({}, [])


CONTINUES: dict[str, tuple[dict[str, bytes], Any, bool]] = {
    # what the rerun from another loaded model left, what it raised, and whether `m` comes from the file
    "it ends elsewhere": ({"m": b"another"}, None, True),
    "it ends as with the model that was stored": ({"m": b"loaded"}, None, False),
    "it raises": ({"m": b"loaded"}, error("ValueError"), True),
    "the variable is gone": ({}, None, True),
}


@pytest.mark.parametrize("case", CONTINUES)
def test_a_model_that_is_loaded_and_trained_further_comes_from_the_file_if_another_one_ends_elsewhere(
    case: str,
) -> None:
    """All that libraries give back from files is changed for that."""
    left, raised, expected = CONTINUES[case]
    engine = FakeEngine()
    branch = engine.branch(1)
    assert not isinstance(branch, Undone)
    asked: list[dict[str, Any]] = []

    def run(cell: object, **more: Any) -> Any:
        asked.append(more)
        return rerun(state(left), error=raised)

    branch.run = run  # type: ignore[method-assign]
    engine.branch = lambda moment: branch  # type: ignore[method-assign]
    observed = seen(model=True, kind="model", after_read=(), given_and_changed={"m": FILE})
    assert without_file(engine, 1, observed) is None  # type: ignore[arg-type]
    assert asked[0] == {"changes_given": True}
    assert (observed.from_file == {"m": FILE}) is expected
