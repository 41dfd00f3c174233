"""What a check asks the kernel and its forks for: counts, which depend on no machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest

from nbrerun import check
from nbrerun.engine import follower
from nbrerun.engine.client import Client

IMPORTS = "import numpy as np\nfrom sklearn.linear_model import SGDClassifier"
LIGHT = [
    IMPORTS,
    *(f"x{i} = {i} * 2" for i in range(4)),
    "def f(a):\n    return np.sum(a) + x1",
    "y = f([x2, x3])",
    "print(y)",
]
FORKS = ("hold", "keep", "branch")
READS = ("hold", "run", "read")
"""Each of these answers with the state; that to `hold` comes from the branch that it forks."""
START = f"{IMPORTS}\nX, y = np.array([[0.0], [1.0]]), [0, 1]\nmodel = SGDClassifier(random_state=0)"
LARGE = [
    "import numpy as np\na = np.arange(4_000_000)\nrows = [{'id': i, 'name': str(i)} for i in range(20_000)]",
    *(f"y{i} = {i} * 2" for i in range(5)),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each operation was asked for, by its name."""
    found: Counter[str] = Counter()
    begin = Client._begin

    def counted(self: Client, operation: Any, request: Any) -> None:
        found[operation.name] += 1
        begin(self, operation, request)

    monkeypatch.setattr(Client, "_begin", counted)
    return found


class Costs(NamedTuple):
    """What a check asks for."""

    forks: int
    messages: int
    whole_state_reads: int
    """On the arrival of a branch, after each run in one, and by themselves."""
    runs_alone: int


def costs(asked: Counter[str]) -> Costs:
    """Add up what was asked for."""
    forks, reads = (sum(asked[name] for name in names) for names in (FORKS, READS))
    return Costs(forks, sum(asked.values()), reads, asked["run alone"])


def checked(cells: list[str], folder: Path, **settings: Any) -> list[str]:
    """Check a notebook with the fork engine; its verdicts."""
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbformat.write(node, folder / "nb.ipynb")
    (report,) = check(folder / "nb.ipynb", engine="fork", cache=False, **settings).notebooks
    return [str(cell.verdict.value) for cell in report.cells]


def test_a_cell_that_changes_nothing_costs_one_fork(tmp_path: Path, asked: Counter[str]) -> None:
    """Held once, with the reading where the branch begins, and run once; nothing is run alone or imported again."""
    assert checked(LIGHT, tmp_path) == ["stateless", *["reset"] * 4, "stateless", "reset", "stateless"]
    assert asked["hold"] == len(LIGHT) + 1
    assert asked["run"] == len(LIGHT)
    assert {name: asked[name] for name in ("keep", "branch", "read", "run alone")} == dict.fromkeys(
        ("keep", "branch", "read", "run alone"), 0
    )


def test_only_what_changes_something_costs_more(tmp_path: Path, asked: Counter[str]) -> None:
    """The control of a cell that keeps training, and a process that stays at its moment."""
    training = "model.partial_fit(np.array([[x1, x2], [x3, 1.0]]), [0, 1], classes=[0, 1])"
    cells = [*LIGHT[:5], "model = SGDClassifier(random_state=0)", training, training]
    assert checked(cells, tmp_path)[-2:] == ["in-place"] * 2
    assert asked["hold"] == len(cells) + 1
    assert asked["keep"] == 1  # the last cell's moment is where the kernel stays
    assert asked["run"] <= len(cells) + 2 * 3 + 1  # and once more all that restores the model


def test_a_large_state_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next cells do not write to is known; every branch after the first is told so by the kernel."""
    found: list[tuple[int, set[str]]] = []
    arrived = Client.arrived

    def noted(self: Client) -> Any:
        answer = arrived(self)
        found.append((len(answer["known"]["buffers"]), set(answer["known"]["containers"])))
        return answer

    monkeypatch.setattr(Client, "arrived", noted)
    assert checked(LARGE, tmp_path) == ["reset"] * len(LARGE)
    assert found == [(0, set())] + [(1, {"rows"})] * len(LARGE)


@pytest.mark.parametrize(
    ("source", "most"),
    [
        ("x{} = {} * 2", Costs(forks=1, messages=2, whole_state_reads=2, runs_alone=0)),
        ("x{} = {}", Costs(forks=0, messages=1, whole_state_reads=0, runs_alone=0)),
        ("def f{}(a):\n    return np.sum(a) + {}", Costs(forks=0, messages=1, whole_state_reads=0, runs_alone=0)),
        ("print(len(X), {}, {})", Costs(forks=1, messages=2, whole_state_reads=2, runs_alone=0)),
        ("z{} = np.random.rand({} + 1)", Costs(forks=4, messages=8, whole_state_reads=3, runs_alone=0)),
        ("model.partial_fit(X, y, classes=[0, 1])  # {} {}", Costs(4, 8, 3, 0)),
        ("%time w{} = len(X) + {}", Costs(forks=4, messages=14, whole_state_reads=3, runs_alone=3)),
    ],
    ids=["sum", "constant", "function", "output", "unseeded draw", "training", "magic"],
)
def test_one_more_cell_costs_at_most(tmp_path: Path, asked: Counter[str], source: str, most: Costs) -> None:
    """What two more cells of a sort add to a check, halved; what a check costs once does not count."""
    found = []
    for count in (2, 4):
        asked.clear()
        folder = tmp_path / str(count)
        folder.mkdir()
        checked([START, *(source.format(number, number) for number in range(count)), "print(1)"], folder)
        found.append(costs(asked))
    each = Costs(*((many - few) / 2 for few, many in zip(*found, strict=True)))  # type: ignore[arg-type]  # halves show
    assert all(cost <= limit for cost, limit in zip(each, most, strict=True)), each


def test_replay_takes_one_more_kernel_for_a_cell_that_keeps_changing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes to the cell for the control, and goes on; what tells drawing from seeding is run in the spoiled one."""
    begin, followed = Client._begin, []

    def counted(self: Client, operation: Any, request: Any) -> None:
        if operation.name == "follow" and self not in followed:
            followed.append(self)
        begin(self, operation, request)

    monkeypatch.setattr(Client, "_begin", counted)
    monkeypatch.setattr(follower, "_is_room_beside", lambda leader: False)  # else one may be started ahead
    begins = "import numpy as np\nfrom numpy import random\nw = np.zeros(3)"
    cells = [begins, "w += random.normal(size=3)", "print(w.shape)"]
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbformat.write(node, tmp_path / "nb.ipynb")
    (report,) = check(tmp_path / "nb.ipynb", engine="replay", cache=False, experiment=["again"]).notebooks
    assert [cell.verdict.value for cell in report.cells] == ["reset", "in-place", "stateless"]
    assert len(followed) == 1
