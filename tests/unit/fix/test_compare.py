"""The states of two versions of a notebook, compared in the words of the first."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import pytest

from nbrerun.fix.compare import compare
from nbrerun.fix.edit import Edit, Renamed
from nbrerun.model import CellReport, Kind, Mark, VariableReport, Verdict
from tests.unit.fix.situations import Values, states, steps
from tests.unit.making import generator, name, named, rerun, state, step, variable

PLAIN = Edit("any", "do it", {1: "x"})


def unlike(first: Sequence[Values], second: Sequence[Values], edit: Edit = PLAIN) -> list[str]:
    """What differs, with the cell after which it first does."""
    texts = [f"cell {index}" for index in range(len(first) - 1)]
    found = compare(steps(texts, states(*first)), steps(texts, states(*second)), edit, ())
    return [f"{index} {each}" for index, each in found.unlike]


def test_equal_values_after_every_cell_are_no_difference() -> None:
    """The comparison counts them."""
    run = [{}, {"x": "1"}, {"x": "1", "y": "2", "file:f": "3"}]
    texts = ["a", "b"]
    found = compare(steps(texts, states(*run)), steps(texts, states(*run)), PLAIN, ())
    assert not found.unlike
    assert found.compared == named("x", "y", "file:f")


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        ([{}, {"x": "1"}, {"x": "2"}], ["1 x"]),
        ([{}, {"x": "2"}, {"x": "1"}], ["0 x"]),
        ([{}, {}, {"x": "1"}], ["0 x"]),
        ([{}, {"x": "1", "y": "1"}, {"x": "1"}], ["0 y"]),
        ([{}, {"x": "1"}, {"x": "1", "file:f": "1"}], ["1 file:f"]),
    ],
)
def test_a_value_that_differs_after_one_cell_is_found(second: list[Values], wanted: list[str]) -> None:
    """Also if it is the same at the end; a name that is there in only one version differs as well."""
    assert unlike([{}, {"x": "1"}, {"x": "1"}], second) == wanted


def renamed(old: str, new: str, first: int, until: int | None = None) -> Edit:
    """An edit that renames."""
    return Edit("any", "do it", {1: "x"}, (Renamed(name(old), name(new), first, until),))


RUN: list[Values] = [{}, {"x": "1"}, {"x": "2"}, {"x": "2"}, {"x": "9"}]


@pytest.mark.parametrize(
    ("until", "second", "wanted"),
    [
        (None, [{}, {"x": "1"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "9"}], []),
        (3, [{}, {"x": "1"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "2"}, {"x": "9", "x_2": "2"}], []),
        (None, [{}, {"x": "1"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "2"}, {"x": "9", "x_2": "2"}], ["3 x"]),
        (3, [{}, {"x": "1"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "9"}], ["3 x"]),
        (None, [{}, {"x": "1"}, {"x": "2"}, {"x": "2"}, {"x": "9"}], ["1 x"]),
        (None, [{}, {"x": "2"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "2"}, {"x": "1", "x_2": "9"}], ["0 x"]),
    ],
)
def test_a_new_name_is_compared_with_the_old_one(until: int | None, second: list[Values], wanted: list[str]) -> None:
    """From the cell that binds it, to the cell that binds the old one anew."""
    assert unlike(RUN, second, renamed("x", "x_2", 1, until)) == wanted


def test_a_new_file_is_compared_with_the_old_one() -> None:
    """The old one stays as it was before the cell."""
    first = [{}, {"file:m": "1"}, {"file:m": "2"}]
    edit = renamed("file:m", "file:m_2", 1)
    assert unlike(first, [{}, {"file:m": "1"}, {"file:m": "1", "file:m_2": "2"}], edit) == []
    assert unlike(first, [{}, {"file:m": "1"}, {"file:m": "1", "file:m_2": "3"}], edit) == ["1 file:m"]
    assert unlike(first, [{}, {"file:m": "1"}, {"file:m": "1"}], edit) == ["1 file:m"]


def test_what_is_created_later_may_be_missing_until_then() -> None:
    """But not after that, and no other name may."""
    edit = Edit("any", "do it", {2: "x"}, later={"x": (0, 2)})
    first = [{}, {"x": "1", "y": "1"}, {"x": "1", "y": "1"}, {"x": "2", "y": "1"}]
    assert unlike(first, [{}, {"y": "1"}, {"y": "1"}, {"x": "2", "y": "1"}], edit) == []
    assert unlike(first, [{}, {"y": "1"}, {"y": "1"}, {"y": "1"}], edit) == ["2 x"]
    assert unlike(first, [{}, {}, {"y": "1"}, {"x": "2", "y": "1"}], edit) == ["0 y"]
    assert unlike(first, [{}, {"x": "3", "y": "1"}, {"y": "1"}, {"x": "2", "y": "1"}], edit) == ["0 x"]


def test_names_that_the_edit_adds_are_left_out() -> None:
    """Unless the notebook had them, too."""
    edit = Edit("any", "do it", {0: "x"}, added=frozenset({"deepcopy"}))
    assert unlike([{}, {"x": "1"}], [{}, {"x": "1", "deepcopy": "1"}], edit) == []
    assert unlike([{}, {"deepcopy": "1"}], [{}, {"deepcopy": "2"}], edit) == ["0 deepcopy"]


def test_what_differs_between_two_kernels_is_left_out() -> None:
    """The number of a process, for instance."""
    assert unlike([{"file:pid": "1"}, {"file:pid": "1"}], [{"file:pid": "2"}, {"file:pid": "2"}]) == []


def test_only_functions_of_edited_cells_may_have_another_text() -> None:
    """A function elsewhere has no reason to."""

    def run(digest: bytes) -> list[object]:
        return [state(), state({"f": variable(digest, kind="definition")})]

    texts = ["def f(): pass"]
    first, second = (steps(texts, run(digest)) for digest in (b"1", b"2"))  # type: ignore[arg-type]
    assert not compare(first, second, Edit("any", "do it", {0: "def f(): return x_2"}), ()).unlike
    assert compare(first, second, Edit("any", "do it", {0: "x = 1"}), ()).unlike


def test_a_generator_in_a_variable_has_to_stand_where_it_stood() -> None:
    """Its digest as a variable does not say so; generators of libraries show in what is drawn."""

    def run(stands: Mapping[str, bytes]) -> dict[int, object]:
        there = {"r": variable(b"r", kind="generator"), "r_2": variable(b"r", kind="generator")}
        held = [generator(each, digest) for each, digest in stands.items()]
        first = state({each: there[each] for each in stands}, [*held, generator("random", stands["r"], library=True)])
        return {0: step(state(), first)}

    edit = renamed("r", "r_2", 0)
    assert not compare(run({"r": b"1"}), run({"r": b"0", "r_2": b"1"}), edit, ()).unlike  # type: ignore[arg-type]
    assert compare(run({"r": b"1"}), run({"r": b"1", "r_2": b"0"}), edit, ()).unlike  # type: ignore[arg-type]


def test_a_seed_may_change_what_is_drawn_and_what_follows_from_it_and_nothing_else() -> None:
    """What a cell computes from the model follows; what is bound anew without it does not."""
    edit = Edit("seed", "do it", {0: "x"}, seeds=frozenset({"M"}))
    before: list[Values] = [{}, {"M": "1"}, {"M": "1", "score": "1"}, {"M": "1", "score": "1", "z": "1"}]
    after: list[Values] = [{}, {"M": "2"}, {"M": "2", "score": "2"}, {"M": "2", "score": "2", "z": "1"}]
    before.append({"M": "5", "score": "1", "z": "1"})
    after.append({"M": "5", "score": "2", "z": "1"})
    reads = [[], ["M"], [], []]

    def run(moments: Sequence[Values]) -> dict[int, object]:
        held = states(*moments)
        return {
            index: step(one, other, index, again=rerun(other, reads=reads[index], bound=[]))
            for index, (one, other) in enumerate(itertools.pairwise(held))
        }

    drawn = VariableReport("M", Kind.MODEL, "T", Verdict.RESET, marks=(Mark.UNSEEDED,))
    report = CellReport(0, "a", Verdict.RESET, "", variables=(drawn,))
    found = compare(run(before), run(after), edit, [report])  # type: ignore[arg-type]
    assert not found.unlike
    assert found.left_out == named("M", "score")
    after[3] = {**after[3], "z": "2"}
    assert [str(each) for _, each in compare(run(before), run(after), edit, [report]).unlike] == ["z"]  # type: ignore[arg-type]
