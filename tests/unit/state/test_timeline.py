"""What the cells of a main run were seen to bind, write and read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from nbrerun.model import Kind
from nbrerun.probe.protocol.messages import Generator, Rerun
from nbrerun.state.observation import Later
from nbrerun.state.timeline import data_files, defined_in, from_the_future, kind_of
from tests.unit.making import Does, generator, main_run, name, named, opened, rerun, state, step, variable

RANDOM = name("generator:random")


def random(place: bytes) -> Generator:
    """The generator of the module `random`, which stands somewhere."""
    return generator("random", place, library=True)


def test_a_name_with_a_new_object_is_bound() -> None:
    """A new name, and one that holds another object, whatever its value; not one that went away."""
    before = state({"kept": b"1", "equal": variable(b"1", 2), "gone": b"1"})
    first = state({"kept": b"2", "equal": variable(b"1", 3), "new": b"1"})
    assert step(before, first, again=None).bound == {"equal", "new"}


def test_what_the_rerun_bound_is_bound() -> None:
    """A small number is the same object every time; names that are not there after the first run do not count."""
    first = state({"small": b"1"})
    assert step(first, first, again=rerun(bound=["small", "loop"])).bound == {"small"}


def test_an_object_that_was_made_without_the_one_before_replaces_it() -> None:
    """Also if the cell looks at the name later on; not if it made the new object of the old one."""
    before, first = state({"x": b"1"}), state({"x": variable(b"2", 2)})
    runs = {
        "bound": rerun(bound=["x"]),
        "bound and used": rerun(bound=["x"], bound_first=["x"], reads=["x"]),
        "made of it": rerun(bound=["x"], reads=["x"]),
    }
    found = {what: step(before, first, again=run).replaces("x") for what, run in runs.items()}
    assert found == {"bound": True, "bound and used": True, "made of it": False}
    assert not step(first, first, again=rerun()).replaces("x")


def test_importing_once_more_binds_nothing() -> None:
    """The name holds the module that an earlier cell imported; a module that is new is bound all the same."""
    before, first = state({"np": b"1"}), state({"np": b"1", "pd": variable(b"1", 2)})
    found = step(before, first, again=rerun(bound=["np", "pd"], imports=["np", "pd"]))
    assert (found.bound, found.imported) == ({"pd"}, {"np", "pd"})


def test_values_files_and_generators_are_written() -> None:
    """A name bound to an equal object as well. Settings are not: no cell is run for the sake of one."""
    before = state({"x": b"1", "y": b"1", "z": b"1"}, [random(b"1"), generator("rng", b"1")], {"cwd": "/a"})
    (written,) = main_run(Does(writes={"out.csv": "1"}))
    first = state(
        {"x": b"2", "y": b"1", "z": variable(b"1", 2)},
        [random(b"2"), generator("rng", b"2")],
        {"cwd": "/b"},
        files=written.first["files"],
    )
    assert step(before, first).written == named("x", "z", "file:out.csv") | {RANDOM}


def test_what_is_only_imported_once_more_is_not_written() -> None:
    """Neither bound nor changed."""
    both = state({"np": b"1"})
    assert step(both, both, again=rerun(bound=["np"], imports=["np"])).written == set()


def test_a_cell_that_draws_reads_the_generator() -> None:
    """One that seeds does not: it gives the generator a place of its own, the same one in the rerun."""
    before, first, after = (state(generators=[random(place)]) for place in (b"1", b"2", b"3"))
    assert step(before, first, again=rerun(after, reads=["x"])).needed == named("x") | {RANDOM}
    assert step(before, first, again=rerun(first, reads=["x"])).needed == named("x")


@pytest.mark.parametrize(("after", "found"), [(b"1", True), (b"2", False)])
def test_a_generator_that_is_created_by_seeding_it_is_written(after: bytes, found: bool) -> None:
    """Some libraries have none before; one that is created and drawn from by an import is no cell's doing."""
    again = rerun(state(generators=[random(after)]))
    assert step(state(), state(generators=[random(b"1")]), again=again).written == ({RANDOM} if found else set())


def test_a_cell_that_was_not_run_again_is_known_by_its_states() -> None:
    """What it reads and imports nobody has seen."""
    found = step(state(), state({"x": b"1"}), again=None)
    assert (found.bound, found.written, found.needed, found.imported) == ({"x"}, named("x"), set(), set())
    skipped = step(state(), state({"x": b"1"}))
    assert skipped.seen is not None
    skipped.seen.again = None
    assert (skipped.bound, skipped.needed, skipped.imported) == ({"x"}, set(), set())


@pytest.mark.parametrize(
    ("how", "read"),
    [
        ("read", True),
        ("read written", True),
        ("written kept", True),
        ("written written_first", False),
        ("read written written_first", False),
        ("written", False),
        ("", False),
    ],
)
def test_files_are_read_where_their_contents_mattered(how: str, read: bool) -> None:
    """Read before they were written, or written with what was there."""
    found = step(state(), state(opened={"a.csv": opened(how)}))
    assert found.files_read == ({"a.csv"} if read else set())


def test_files_that_hold_data_are_known_until_another_cell_writes_them() -> None:
    """From cells that were run again."""
    saves = step(state(), state(), again=rerun(saved_data=["X.npy", "y.npy"]))
    writes = step(state(), state(opened={"y.npy": opened("written")}))
    unknown = step(state(), state(), again=None)
    assert data_files([saves, unknown]) == {"X.npy", "y.npy"}
    assert data_files([saves, writes]) == {"X.npy"}
    assert data_files([]) == frozenset()


def _saves(**of: list[str]) -> Rerun:
    return rerun(saved_values={"X.npz": of})


MODEL = variable(b"m", kind="model")
OTHER = variable(b"n", kind="model")


@pytest.mark.parametrize(
    ("states", "saves", "expected"),
    [
        ([{"X": b"1"}], _saves(X=[]), True),
        ([{"X": b"1"}], _saves(), False),
        ([{"X": b"1"}, {"X": b"1", "m": MODEL}, {"X": b"1", "m": MODEL}], _saves(X=["m"]), True),
        ([{"m": MODEL}, {"X": b"1", "m": MODEL}, {"X": b"1", "m": MODEL}], _saves(X=["m"]), False),
        ([{"m": MODEL}, {"X": b"1", "m": MODEL}, {"X": b"1", "m": MODEL}], _saves(X=[]), True),
        ([{"X": b"1", "m": MODEL}, {"X": b"1", "m": MODEL}], _saves(X=["m"]), False),
        ([{"X": b"2"}, {"X": b"2", "m": MODEL}, {"X": b"1", "m": MODEL}], _saves(X=["m"]), False),
        ([{"X": b"1"}, {"X": b"1", "m": MODEL}, {"X": b"1", "m": OTHER}], _saves(X=["m"]), True),
        ([{"m": MODEL}, {"X": b"1", "m": OTHER}], _saves(X=[]), False),
        ([{"m": MODEL}, {"X": b"1", "Y": b"1", "m": MODEL}], _saves(X=["m"], Y=[]), True),
    ],
)
def test_a_file_holds_data_that_was_there_before_the_models(
    states: list[dict[str, Any]], saves: Rerun, expected: bool
) -> None:
    """Before those with the same numbers, and before one that the cell trains while it saves."""
    moments = [state(), *map(state, states)]
    steps = [step(before, after, again=rerun()) for before, after in pairwise(moments)]
    steps[-1] = step(moments[-2], moments[-1], again=saves)
    assert ("X.npz" in data_files(steps)) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("model", Kind.MODEL),
        ("definition", Kind.DEFINITION),
        ("data", Kind.DATA),
        ("iterator", Kind.DATA),
        ("generator", Kind.DATA),
    ],
)
def test_what_a_person_misses_is_a_model_a_definition_or_data(kind: str, expected: Kind) -> None:
    """A name that is not there is data, as far as anybody knows."""
    found = state({"x": variable(b"1", kind=kind)})
    assert (kind_of("x", found), kind_of("y", found)) == (expected, Kind.DATA)


def test_a_name_comes_from_the_last_cell_before() -> None:
    """Failing that, from the first one after; the cell itself counts as after."""
    steps = main_run(
        Does(binds={"x": "1"}),
        Does(binds={"x": "2"}),
        Does(reads=["x", "y"]),
        Does(binds={"x": "3", "y": "1"}),
        Does(binds={"y": "2"}),
    )
    asked = {(name, position) for name in "xyz" for position in (0, 2, 4)}
    found = {(name, position): defined_in(name, position, steps) for name, position in asked}
    assert {key: at.cell.index if at else None for key, at in found.items()} == {
        ("x", 0): 0,
        ("x", 2): 10,
        ("x", 4): 30,
        ("y", 0): 30,
        ("y", 2): 30,
        ("y", 4): 30,
        ("z", 0): None,
        ("z", 2): None,
        ("z", 4): None,
    }


READ, WRITE = {"m.pkl": "read"}, {"m.pkl": "written written_first"}

FUTURE = {
    # cells, and who reads a file that only who writes
    "nobody reads it": ([Does(), Does(opens=WRITE, writes={"m.pkl": "1"})], []),
    "nobody writes it": ([Does(opens=READ), Does()], []),
    "written before": ([Does(opens=WRITE, writes={"m.pkl": "1"}), Does(opens=READ)], []),
    "written by the same cell": (
        [Does(opens={"m.pkl": "read written"}, writes={"m.pkl": "1"}), Does(writes={"m.pkl": "2"})],
        [],
    ),
    "written later": ([Does(opens=READ), Does(), Does(opens=WRITE, writes={"m.pkl": "1"})], [(0, 20)]),
    "written later, with the bytes it had": ([Does(opens=READ), Does(opens=WRITE)], [(0, 10)]),
    "written later, by no call that was seen": ([Does(opens=READ), Does(writes={"m.pkl": "1"})], [(0, 10)]),
    "written later, twice": (
        [Does(opens=READ), Does(opens=WRITE, writes={"m.pkl": "1"}), Does(opens=WRITE, writes={"m.pkl": "2"})],
        [(0, 10)],
    ),
    "read twice": (
        [Does(opens=READ), Does(opens=READ), Does(opens=WRITE, writes={"m.pkl": "1"})],
        [(0, 20), (10, 20)],
    ),
    "written before and later": (
        [Does(writes={"m.pkl": "1"}), Does(opens=READ), Does(writes={"m.pkl": "2"})],
        [],
    ),
    "another file": ([Does(opens=READ), Does(opens={"n.pkl": "written"}, writes={"n.pkl": "1"})], []),
}


@pytest.mark.parametrize("case", FUTURE)
def test_a_file_from_the_future_is_written_by_a_later_cell_only(case: str) -> None:
    """Reader and first writer; a file that an earlier cell or the reader itself writes is none."""
    cells, expected = FUTURE[case]
    found = [(reader.cell.index, name, writer.cell.index) for reader, name, writer in from_the_future(main_run(*cells))]
    assert found == [(reader, "m.pkl", writer) for reader, writer in expected]


def test_what_only_a_later_run_reads_is_from_the_future() -> None:
    """`if os.path.exists("m.pkl"): load it` reads it once a later cell has written it."""
    steps = main_run(Does(), Does(opens=WRITE, writes={"m.pkl": "1"}))
    steps[0].seen.later = Later({}, read=frozenset({"m.pkl", "other"}))  # type: ignore[union-attr]
    found = [(reader.cell.index, name, writer.cell.index) for reader, name, writer in from_the_future(steps)]
    assert found == [(0, "m.pkl", 10)]
