"""The tables of docs/frameworks.md are what the suite measures."""

from __future__ import annotations

import pytest

from tests.functional import matrix_table
from tests.functional.cases.case import LabelledCell, cell
from tests.functional.cases.frameworks import ALL
from tests.functional.cases.frameworks.matrix import ROWS
from tests.functional.cases.frameworks.notebook import OPERATIONS


def page() -> str:
    return matrix_table.PAGE.read_text(encoding="utf-8")


def test_the_page_shows_the_labels() -> None:
    """What is between the comments is made from the labels: `python -m tests.functional.matrix_table --write`."""
    assert page() == matrix_table.with_tables(page())


def test_every_row_is_measured() -> None:
    """Each notebook that the page shows is among those that are run, on the engines that the page names."""
    measured = {str(case): case for case in ALL}
    for row in ROWS:
        case = measured[str(row.as_case())]
        assert case.case.cells == tuple(row.cells.values())
        assert case.engines == row.engines
        assert f"| {', '.join(case.engines)} |" in line_of(row.library)


def line_of(library: str) -> str:
    """The line of the page's first generated table that is about a library."""
    generated = page().partition(matrix_table.BEGIN)[2]
    return next(line for line in generated.splitlines() if line.startswith(f"| {library} |"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.library)
def test_a_row_has_every_operation(row: object) -> None:
    """No column is left empty, and nothing on the page is left unsaid by a label."""
    assert isinstance(row, type(ROWS[0]))
    assert set(OPERATIONS) <= row.cells.keys()
    assert all(row.cells[name].verdict is not None for name in OPERATIONS)
    assert row.about.endswith(".")


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (cell("x = f()", "reset", x="reset"), "**reset**"),
        (cell("m = M()", "reset", m="reset", how={"m": "recreated"}), "**reset** (recreated)"),
        (
            cell("m = M()", "reset", m="reset", how={"m": "recreated"}, marks={"m": {"unseeded"}}),
            "**reset** (recreated, unseeded)",
        ),
        (cell("m = load()", "persisted", m="persisted", via={"m": "file"}), "**persisted** (via file, loaded)"),
        (
            cell("save(m)", "persisted", variables={"file:m": "persisted"}, via={"file:m": "file"}),
            "**persisted** (via file, saved)",
        ),
        (cell("m.go(x)", "in-place", x="reset", m="in-place", how={"x": "recreated"}), "**in-place**"),
    ],
)
def test_a_verdict_in_a_few_words(label: LabelledCell, words: str) -> None:
    """The verdict with how, via and marks of the variable that it rests on."""
    assert matrix_table.verdict(label) == words


def test_source_in_a_table() -> None:
    """Lines are kept, indents are kept, and a bar does not end the column."""
    assert matrix_table.code("for a in b:\n    c = a | d") == "`for a in b:`<br>&emsp;`c = a \\| d`"


def test_writing_replaces_what_is_between_the_comments() -> None:
    """The rest of the page stays as it is."""
    old = f"before\n{matrix_table.BEGIN}\nold\n{matrix_table.END}\nafter\n"
    new = matrix_table.with_tables(old)
    assert new.startswith(f"before\n{matrix_table.BEGIN}\n\n| library |")
    assert new.endswith(f"\n\n{matrix_table.END}\nafter\n")
    assert "old" not in new
    assert matrix_table.with_tables(new) == new


def test_a_page_without_a_place_for_the_tables_is_refused() -> None:
    """Half of the page would be lost otherwise."""
    with pytest.raises(ValueError, match="no place for the tables"):
        matrix_table.with_tables(f"text\n{matrix_table.BEGIN}\nmore text")
