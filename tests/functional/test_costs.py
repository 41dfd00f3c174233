"""What a check asks the kernel and its forks for: counts, which depend on no machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbrerun import check
from nbrerun.engine.client import Client

IMPORTS = "import numpy as np\nfrom sklearn.linear_model import SGDClassifier"
LIGHT = [
    IMPORTS,
    *(f"x{i} = {i} * 2" for i in range(4)),
    "def f(a):\n    return np.sum(a) + x1",
    "y = f([x2, x3])",
    "print(y)",
]
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
