"""Which line of a cell is shown beside a finding."""

from __future__ import annotations

import pytest

from nbrerun.static.spots import find

CELL = """
import x  # noqa
for i in range(3):
    losses.append(i)
    d['é'] = 1; net.step(data)
model = fit(net)
"""


@pytest.mark.parametrize(
    ("name", "culprit", "line", "marked"),
    [
        ("net", "net.step", 5, "net.step"),
        ("net", "fit()", 6, "fit"),
        ("net", "", 5, "net.step"),
        ("model", "", 6, "model"),
        ("losses", "", 4, "losses.append"),
        ("d", "", 5, "d['é']"),
        ("data", "", 5, "data"),
        ("nowhere", "", 2, "import x  # noqa"),
        (None, "", 2, "import x  # noqa"),
    ],
)
def test_the_line_is_where_the_variable_is_changed(name: str | None, culprit: str, line: int, marked: str) -> None:
    """The call that is blamed, else what binds or stores, else a call, else a mention, else the first line."""
    spot = find(CELL, name, culprit)
    shown = CELL.splitlines()[spot.line - 1][spot.column - 1 : spot.column - 1 + spot.length]
    assert (spot.line, shown) == (line, marked)


@pytest.mark.parametrize(
    ("source", "name", "line", "column"),
    [
        ("%%time\n\nm.fit(X)", "m", 3, 1),
        ("\n%%capture\nm.fit(X)", "m", 3, 1),
        ("%matplotlib inline\nm.fit(X)", "m", 2, 1),
        ("x = 1\nopen('logs/log.txt', 'a')", "file:logs/log.txt", 2, 7),
        ("x = 1\nopen(folder / 'log.txt', 'a')", "file:logs/log.txt", 2, 16),
        ("x = 1\nos.chdir('/')", "env:cwd", 1, 1),
        ("a b c(\nm", "m", 1, 1),
        ("", "m", 1, 1),
        ("x = (1,\n     2)", "x", 1, 1),
    ],
)
def test_any_cell_has_a_line(source: str, name: str, line: int, column: int) -> None:
    """Magics, files by their names, what cannot be parsed, and nothing at all."""
    spot = find(source, name)
    assert (spot.line, spot.column) == (line, column)


def test_what_raises_is_where_the_traceback_says() -> None:
    """The first line that it quotes; lines of libraries are not lines of the cell."""
    quoted = ('  File "/tmp/x.py", line 4, in <module>', "    losses.append(i)", "    model = fit(net)")
    assert find(CELL, None, quoted=quoted).line == 4
