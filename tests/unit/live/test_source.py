"""What a cell says to nbrerun itself."""

from __future__ import annotations

import pytest

from nbrerun.live.source import asks_for_rerun, is_own, without_magic


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ("%%rerun\nx = 1\ny = 2", "x = 1\ny = 2"),
        ("\n\n  %%rerun  \nx = 1", "x = 1"),
        ("%%rerun", ""),
        ("x = 1\n%%rerun", None),
        ("%%rerun fast\nx = 1", None),
        ("%%reruns\nx = 1", None),
        ("", None),
    ],
)
def test_the_magic_stands_alone_on_the_first_line(source: str, rest: str | None) -> None:
    """Only then the cell asks for a rerun, and is run without that line."""
    assert asks_for_rerun(source) == (rest is not None)
    assert without_magic(source) == (source if rest is None else rest)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%nbrerun", True),
        ("# why?\n%nbrerun restart\n\n%nbrerun undo", True),
        ("%nbrerun auto on\nx = 1", False),
        ("%nbrerunning", False),
        ("", False),
        ("# nothing", False),
    ],
)
def test_cells_that_only_ask_are_no_cells(source: str, expected: bool) -> None:
    """They are not what `%nbrerun` answers for."""
    assert is_own(source) == expected
