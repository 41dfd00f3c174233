"""Where the cells above do not do the same twice, replay says so, or has them do the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbrerun.model import NotebookReport, VariableReport, Verdict
from tests.functional.test_fork_care import check

CLOCK = "import time\nt = float(time.perf_counter_ns())"


def variable(report: NotebookReport, cell: int, name: str) -> VariableReport:
    """What was said of one variable in one cell."""
    return next(each for each in report.cells[cell].variables if each.name == name)


def test_an_input_that_no_kernel_has_twice(tmp_path: Path) -> None:
    """Without a first run to compare with, a rerun that moves no further than kernels differ says nothing."""
    report = check(tmp_path, [CLOCK, "u = t / 2", "t += 1"], "replay")
    assert [cell.verdict for cell in report.cells] == [Verdict.RESET, Verdict.RESET, Verdict.UNDETERMINED]
    why = "`t` cannot be judged: the cells above give `t` another value each time they are run"
    assert variable(report, 2, "t").reason == why


def test_a_change_that_is_much_larger_than_kernels_differ(tmp_path: Path) -> None:
    """Then it is the cell's own."""
    report = check(tmp_path, [CLOCK, "log = [t]", "log.append(1)"], "replay")
    assert report.cells[2].verdict is Verdict.IN_PLACE


def test_no_drift_is_claimed_across_kernels(tmp_path: Path) -> None:
    """The kernel in which the end is reached once more has other values, and nothing below changed them."""
    cells = [CLOCK, "n = [0]", "u = t * len(n) ** 0", "n.append(1)"]
    assert variable(check(tmp_path, cells, "replay"), 2, "u").marks == ()


def test_a_file_from_a_cell_that_does_not_do_the_same_twice(tmp_path: Path) -> None:
    """Whether a value comes from the file can only be told in one kernel."""
    cells = [CLOCK, "_ = open('t.txt', 'w').write(str(t))", "back = [float(open('t.txt').read())]\nt += 1"]
    report = check(tmp_path, cells, "replay")
    assert report.cells[2].verdict is Verdict.UNDETERMINED
    assert "the cells above give `file:t.txt`, `t` another value" in report.cells[2].reason


def test_what_the_system_gave_is_given_again(tmp_path: Path) -> None:
    """Unseeded generators and names begin alike in every kernel, in cells above; the cell itself gets others."""
    begin = "import secrets, uuid\nimport numpy as np\nx = np.random.default_rng().random(3)\nname = uuid.uuid4().hex"
    cells = [begin, "x *= 2", "rows = [name, secrets.token_hex(2)]", "rows.append(name)", "y = x + len(name)"]
    for engine in ("replay", "fork"):
        report = check(tmp_path, cells, engine)
        found = [cell.verdict for cell in report.cells]
        assert found == [Verdict.RESET, Verdict.IN_PLACE, Verdict.RESET, Verdict.IN_PLACE, Verdict.RESET], engine
        assert [mark.value for mark in variable(report, 0, "x").marks] == ["nondeterministic"]
        assert [mark.value for mark in variable(report, 2, "rows").marks] == ["nondeterministic"]
        assert variable(report, 4, "y").marks == ()


@pytest.mark.parametrize("engine", ["replay", "fork"])
def test_a_cell_longer_than_a_socket_holds(engine: str, tmp_path: Path) -> None:
    """A kernel reads what it is asked only once it is called."""
    table = f"table = {'1' * 2_000_000!r}"
    report = check(tmp_path, [table, "rows = [table]", "rows.append(len(table))"], engine)
    assert [cell.verdict for cell in report.cells] == [Verdict.RESET, Verdict.RESET, Verdict.IN_PLACE]
