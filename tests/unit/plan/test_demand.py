"""Which cells have to run, as a table: small notebooks of which is known what each cell reads, binds and changes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nbrerun.model import Cell
from nbrerun.plan.demand import Kernel, Trace, depending, needed, sources, wider
from nbrerun.state.names import Name, Space


def name(key: str) -> Name:
    """A variable."""
    return Name(Space.VARIABLE, key)


def traces(*cells: str) -> list[Trace]:
    """The traces of cells written as `b=a` (binds b, reads a) or `a+b` (changes a, reads b); values are histories.

    A value is the text of all that led to it, so that equal values have equal histories.
    """
    now: dict[Name, object] = {}
    found = []
    for at, text in enumerate(cells):
        target, changes, given = text.replace("+", "=").partition("=")[0], "+" in text, text.replace("+", "=")
        read = given.partition("=")[2].split(",") if given.partition("=")[2] else []
        reads = {name(key) for key in read if not key.isdigit()} | ({name(target)} if changes else set())
        before = dict(now)
        value = f"{text}({','.join(str(now.get(each)) for each in sorted(reads))})"
        now = {**now, name(target): value}
        binds = set() if changes else {name(target)}
        found.append(
            Trace(Cell(at, str(at), text), frozenset(reads), frozenset(binds), frozenset({name(target)}), before, now)
        )
    return found


def held(*cells: str) -> Kernel:
    """A kernel that has run these cells."""
    return Kernel(traces(*cells)[-1].after if cells else {})


@pytest.mark.parametrize(
    ("old", "new", "plan"),
    [
        (["a=1", "b=a"], ["a=1", "b=a"], set()),
        (["a=1", "b=a", "c=5"], ["a=2", "b=a", "c=5"], {0, 1}),
        (["a=1", "b=2"], ["a=1", "b=3"], {1}),
        (["a=1", "a+2"], ["a=1", "a+3"], {0, 1}),
        (["a=1", "b=a", "a=2"], ["a=1", "b=a,5", "a=2"], {0, 1, 2}),
        (["a=1", "a+2", "b=a", "c=3"], ["a=1", "a+2", "b=a,7", "c=3"], {2}),
        (["a=1", "b=a", "a+2"], ["a=1", "b=a,7", "a+2"], {0, 1, 2}),
        (["a=1", "b=a"], ["a=1", "c=4", "b=a"], {1}),
        (["a=1", "b=2", "c=b"], ["a=1", "b=2", "c=b", "d=c"], {3}),
    ],
)
def test_the_cells_that_have_to_run(old: Sequence[str], new: Sequence[str], plan: set[int]) -> None:
    """Those with another value at the end, and what has to be there when these run."""
    assert needed(traces(*new), held(*old), ()) == plan


def test_without_inputs_only_the_end_counts() -> None:
    """A first guess: what cells find before them may be as good as what they would find."""
    assert needed(traces("a=1", "b=a,5", "a=2"), held("a=1", "b=a", "a=2"), (), inputs=False) == {1}


def test_what_no_run_leaves_alike_counts_only_if_it_follows_from_the_edit() -> None:
    """A time is not wrong for being another one."""
    new = traces("k=2", "t=k", "u=9")
    values = {**held("k=2").values, name("t"): "noon", name("u"): "dawn"}
    ignored = frozenset({name("t"), name("u")})
    assert needed(new, Kernel(values, ignored), ()) == set()
    assert needed(new, Kernel(values, ignored, frozenset({name("t")})), ()) == {1}


def test_what_may_follow_from_an_edit() -> None:
    """Through what cells read, until another cell binds the name again."""
    names, cells = depending(traces("a=1", "b=a", "c=5", "b=c", "d=a"), {0})
    assert (names, cells) == ({name("a"), name("d")}, {0, 1, 4})
    assert depending(traces("a=1", "b=x"), (), {name("x")})[0] == {name("b"), name("x")}


def test_the_sources_of_a_name() -> None:
    """The last cell that bound it, and what changed it since."""
    found = traces("a=1", "a+2", "a=3", "a+4", "a+5")
    assert sources(name("a"), 5, found) == {2, 3, 4}
    assert sources(name("a"), 2, found) == {0, 1}
    assert sources(name("b"), 5, found) == set()


def test_a_plan_is_widened_by_what_came_out_wrong_and_ends_with_all_cells() -> None:
    """First the cells that give the name its value, then those that these read, then everything."""
    found = traces("a=1", "b=a", "c=b", "d=7")
    assert wider(found, {2}, {name("c")}) == {1, 2}
    assert wider(found, {1, 2}, {name("c")}) == {0, 1, 2}
    assert wider(found, {0, 1, 2}, {name("c")}) == {0, 1, 2, 3}
    assert wider(found, {2}, (), at=2) == {1, 2}
