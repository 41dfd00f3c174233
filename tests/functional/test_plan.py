"""`nbrerun plan`: the cells to run after an edit, on labelled edits and in a real kernel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbrerun.cli import main
from nbrerun.plan.answer import Plan
from nbrerun.plan.make import plan_after, plan_after_unknown
from nbrerun.settings.values import Settings
from tests.functional.test_clean_run import notebook


@dataclass(frozen=True)
class Case:
    """An edit, and the cells that have to be run after it."""

    name: str
    old: Sequence[str]
    new: Sequence[str]
    cells: Sequence[int]
    remove: Sequence[str] = ()
    """What a restart would remove; `cells` are right once it is gone."""
    restart: bool = False
    """Nothing less is right."""

    def __str__(self) -> str:
        return self.name


def edit(name: str, old: Sequence[str], at: int, source: str, cells: Sequence[int], **more: object) -> Case:
    """An edit of one cell."""
    return Case(name, old, [*old[:at], source, *old[at + 1 :]], cells, **more)  # type: ignore[arg-type]


CASES = [
    edit("a comment", ["a = 1", "b = a"], 0, "a = 1  # one", []),
    edit("a value that another cell uses", ["a = 1", "b = a + 1", "c = 5"], 0, "a = 2", [0, 1]),
    edit("a value that nothing uses", ["a = 1", "b = 2"], 1, "b = 3", [1]),
    edit("in place, without its creation", ["x = [1]", "x.append(2)"], 1, "x.append(3)", [0, 1]),
    edit("in place, and overwritten", ["x = [1, 2]", "x[0] = 5"], 1, "x[0] = 6", [1]),
    edit(
        "the function", ["def f(v):\n    return v + 1", "x = f(1)", "y = 2"], 0, "def f(v):\n    return v + 2", [0, 1]
    ),
    edit(
        "a class that has an instance",
        ["class A:\n    k = 1\n    def get(self):\n        return 1", "a = A()", "b = 3"],
        0,
        "class A:\n    k = 1\n    def get(self):\n        return 2",
        [0, 1],
    ),
    edit(
        "a class that has an instance in a list",
        ["class A:\n    k = 1", "def make():\n    return [A()]", "x = make()"],
        0,
        "class A:\n    k = 2",
        [0, 2],
    ),
    edit("through an alias", ["a = [1]", "b = a", "b.append(0)"], 2, "b.append(0)\na.append(4)", [0, 1, 2]),
    edit("an alias is cut", ["a = [1]", "b = a"], 1, "b = list(a)", [1]),
    edit("an object within another", ["a = [1]", "ll = [a, 5]", "ll[0].append(2)"], 2, "ll[0].append(3)", [0, 1, 2]),
    edit("an equal object within another", ["a = [1]", "b = [1]", "d = {'k': b}"], 1, "b = a", [1, 2]),
    edit("a name that is bound twice", ["n = 1", "a = n", "n = 2", "b = n"], 1, "a = n * 10", [0, 1, 2]),
    edit("a seeded draw", ["import random\nrandom.seed(1)", "x = random.random()"], 1, "x = -random.random()", [0, 1]),
    edit("beside an unseeded draw", ["import random\nr = random.random()", "a = 1"], 1, "a = 2", [1]),
    edit("an unseeded draw", ["import random", "r = random.random()", "a = 1"], 1, "r = 2 * random.random()", [1]),
    edit(
        "an unseeded draw of another library",
        ["import numpy as np\nr = np.random.rand()", "k = 1", "x = k * np.random.rand()"],
        1,
        "k = 2",
        [1, 2],
    ),
    edit(
        "a seeded draw beside an unseeded one",
        ["import random\nimport numpy as np\nnp.random.seed(1)", "r = random.random()", "x = np.random.rand()"],
        2,
        "x = -np.random.rand()",
        [0, 2],
    ),
    edit("beside a clock", ["import time\nt = time.time()", "a = 1"], 1, "a = 2", [1]),
    edit(
        "a factor of a clock", ["import time\nk = 1", "t = k * time.time()", "a = 1"], 0, "import time\nk = 2", [0, 1]
    ),
    edit(
        "through a file",
        ["t = 'a'", "open('f.txt', 'w').write(t)", "s = open('f.txt').read()"],
        0,
        "t = 'b'",
        [0, 1, 2],
    ),
    edit("a renamed variable", ["a = 1", "b = 2"], 0, "c = 1", [0], remove=["a"]),
    Case("a deleted cell", ["a = 1", "b = 2"], ["b = 2"], [], remove=["a"]),
    Case("a deleted change in place", ["x = [1]", "x.append(2)", "y = 3"], ["x = [1]", "y = 3"], [0]),
    Case("an inserted cell", ["x = 1", "y = x"], ["x = 1", "z = 5", "y = x"], [1]),
    Case("cells that changed places", ["x = 1", "x = 2", "y = 1"], ["x = 2", "x = 1", "y = 1"], [1]),
    edit("the cell that raised", ["x = [1]", "x.append(2)\n1 / 0", "y = x"], 1, "x.append(2)", [2]),
    edit("a file that grows", ["t = 'a'", "open('log', 'a').write(t)"], 0, "t = 'b'", [0, 1], remove=["file:log"]),
    edit(
        "an object that nobody can copy",
        ["def g():\n    yield 1\n    yield 2", "i = g()", "a = next(i)"],
        2,
        "a = -next(i)",
        [1, 2],
    ),
    edit(
        "what cannot be read",
        ["import threading\nd = threading.local()", "d.x = 1", "y = 2"],
        1,
        "d.x = 2",
        [0, 1],
    ),
    edit(
        "the environment",
        ["import os", "os.environ['PLAN'] = 'a'", "p = os.environ['PLAN']"],
        1,
        "os.environ['PLAN'] = 'b'",
        [1, 2],
    ),
    Case(
        "a folder that is listed",
        ["import os\nd = 'a'", "os.mkdir(d)", "names = sorted(os.listdir())"],
        ["import os\nd = 'b'", "os.mkdir(d)", "names = sorted(os.listdir())"],
        [0, 1, 2],
        remove=["file:a"],
    ),
    edit("a setting that stays", ["import os", "os.environ['PLAN'] = 'a'"], 1, "", [], restart=True),
]


def planned(folder: Path, case: Case, engine: str) -> Plan:
    """Plan after the edit."""
    old = notebook(folder, case.old, "old.ipynb")
    return plan_after(old, notebook(folder, case.new), Settings(engine=engine))


def cells(plan: Plan) -> list[int]:
    """Indexes of the cells to run."""
    return [each.cell.index for each in (plan.instead if plan.restart else plan.cells)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_cells_to_run_after_an_edit(case: Case, tmp_path: Path) -> None:
    """The fewest that leave what a clean run does; a restart only where something stays that no cell removes."""
    plan = planned(tmp_path, case, "auto")
    assert plan.restart == (case.restart or bool(case.remove)), plan.reason
    assert (cells(plan), list(plan.remove)) == (list(case.cells), list(case.remove))
    assert plan.verified != plan.restart


OUTPUTS = [
    edit("a print below", ["a = 1", "print(a)", "print(5)"], 0, "a = 2", [0, 1]),
    edit("only what is shown", ["a = 1", "print(a)"], 1, "print(-a)", [1]),
    edit("before a change in place", ["x = [1]", "print(x)", "x.append(2)"], 1, "print(len(x))", [0, 1, 2]),
    edit("a value that is displayed", ["a = 1", "a"], 0, "a = 2", [0, 1]),
    edit("an address", ["a = 1", "object()"], 0, "a = 2", [0]),
]


@pytest.mark.parametrize("case", OUTPUTS, ids=str)
def test_the_cells_to_run_to_see_what_a_clean_run_shows(case: Case, tmp_path: Path) -> None:
    """Cells whose output would be another one are run as well, at the right moment."""
    old = notebook(tmp_path, case.old, "old.ipynb")
    plan = plan_after(old, notebook(tmp_path, case.new), Settings(), outputs=True)
    assert (cells(plan), plan.verified, plan.outdated) == (list(case.cells), True, ())


def test_what_is_out_of_date_is_listed(tmp_path: Path) -> None:
    """The kernel does not need the cell that prints, and its output is wrong until it is run."""
    plan = planned(tmp_path, edit("a print", ["a = 1", "print(a)"], 0, "a = 2", [0]), "auto")
    assert (cells(plan), plan.outdated) == ([0], (1,))


UNKNOWN = [
    ("a value", ["a = 1", "b = a + 1", "c = 5"], 0, [0, 1]),
    ("in place", ["x = [1]", "x.append(2)", "y = len(x)"], 1, [0, 1, 2]),
    ("a function", ["def f():\n    return 1", "x = f()", "y = 2"], 0, [0, 1]),
    ("a value that is computed again", ["a = 1", "b = a", "b = 2"], 0, [0]),
]


@pytest.mark.parametrize(("name", "sources", "edited", "expected"), UNKNOWN, ids=[case[0] for case in UNKNOWN])
def test_a_cell_that_may_have_been_anything(
    name: str, sources: list[str], edited: int, expected: list[int], tmp_path: Path
) -> None:
    """Everything that may follow from what it gives values to is run."""
    plan = plan_after_unknown(notebook(tmp_path, sources), {edited}, Settings())
    assert (cells(plan), plan.verified, plan.stand_in) == (expected, True, True)


@pytest.mark.parametrize(
    "name", ["through an alias", "a seeded draw beside an unseeded one", "an unseeded draw", "through a file"]
)
def test_replay_finds_the_same_cells(name: str, tmp_path: Path) -> None:
    """Where the kernel cannot be forked, fresh kernels run the cells up to the moment."""
    case = next(case for case in CASES if case.name == name)
    plan = planned(tmp_path, case, "replay")
    assert (cells(plan), plan.verified) == (list(case.cells), True)


def test_the_command_and_its_exit_codes(tmp_path: Path) -> None:
    """0 for a plan, 1 for a restart, 2 for wrong usage, 3 for a notebook that raises; JSON goes into a file."""
    notebook(tmp_path, ["a = 1", "b = a"], "old.ipynb")
    report = tmp_path / "plan.json"

    def exit_code(*sources: str) -> int:
        notebook(tmp_path, sources)
        against = ["--against", str(tmp_path / "old.ipynb"), "--format", "json", "--output", str(report)]
        return CliRunner().invoke(main, ["plan", str(tmp_path / "nb.ipynb"), "--engine", "fork", *against]).exit_code

    assert exit_code("a = 2", "b = a") == 0
    found = json.loads(report.read_text())
    assert [each["index"] for each in found["cells"]] == [0, 1]
    assert (found["engine"], found["verified"], found["edited"]) == ("fork", True, [0])
    assert exit_code("c = 1", "b = 1") == 1
    found = json.loads(report.read_text())
    assert (found["remove"], [each["index"] for each in found["instead"]]) == (["a"], [0])
    assert exit_code("a = 1", "b = 1 / 0") == 3
    raised = json.loads(report.read_text())["failure"]
    assert (raised["index"], raised["ename"]) == (1, "ZeroDivisionError")
    assert exit_code("a = 1", "b = a") == 0
    assert CliRunner().invoke(main, ["plan", str(tmp_path / "nb.ipynb"), "--edited", "7"]).exit_code == 2
    assert CliRunner().invoke(main, ["plan"]).exit_code == 2
