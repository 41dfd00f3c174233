"""nbrerun in a live kernel: what `%load_ext nbrerun` answers, and that it disturbs nothing."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

import nbrerun
from tests.pages import saved_notebook

_SECONDS = 120


class Live:
    """A kernel that somebody works in."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(folder))
        self.client: BlockingKernelClient
        self.stray: list[dict[str, Any]] = []
        """Messages about earlier cells."""

    def run(self, source: str) -> list[dict[str, Any]]:
        """Run a cell; what it displays and prints, as messages."""
        message = self.client.execute(source)
        found = []
        while True:
            heard = self.client.get_iopub_msg(timeout=_SECONDS)
            if heard["parent_header"].get("msg_id") != message:
                self.stray.append(heard)
            elif heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
                self.client.get_shell_msg(timeout=_SECONDS)
                return found
            elif heard["msg_type"] not in ("status", "execute_input"):
                found.append(heard)

    def answer(self, source: str) -> dict[str, Any]:
        """Run a cell, and return the content of what nbrerun displays below it."""
        (found,) = [each for each in self.run(source) if _is_answer(each)]
        return dict(found["content"])

    def facts(self, source: str) -> dict[str, Any]:
        """The same, as facts."""
        return dict(self.answer(source)["metadata"]["nbrerun"])

    def value(self, expression: str) -> str:
        """The value of an expression, as text."""
        (found,) = [each for each in self.run(expression) if each["msg_type"] == "execute_result"]
        return str(found["content"]["data"]["text/plain"])

    def replaced(self) -> dict[str, Any]:
        """The next answer of the background."""
        while not any(each["msg_type"] == "update_display_data" for each in self.stray):
            self.stray.append(self.client.get_iopub_msg(timeout=_SECONDS))
        found = next(each for each in self.stray if each["msg_type"] == "update_display_data")
        self.stray.remove(found)
        return found

    @property
    def process(self) -> psutil.Process:
        """Of the kernel."""
        return psutil.Process(self.manager.provisioner.pid)

    def close(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _is_answer(message: dict[str, Any]) -> bool:
    return "nbrerun" in message["content"].get("metadata", {})


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """A kernel with nbrerun loaded, which leaves nothing behind."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    found = Live(folder)
    try:
        assert found.run("%load_ext nbrerun") == []
        started = found.process.children(recursive=True)
        yield found
        started += found.process.children(recursive=True)
    finally:
        found.close()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []
    assert list(temporary.glob("nbrerun-*")) == []


CELLS = [
    "import numpy as np, random\nfrom sklearn.linear_model import SGDClassifier",
    "X = np.arange(20.).reshape(10, 2)\ny = np.array([0, 1] * 5)",
    "clf = SGDClassifier(random_state=0)",
    "clf.fit(X, y)\nprint(clf.score(X, y))",
    "clf.partial_fit(X, y)",
    "losses = []",
    "losses.append(clf.coef_.sum())",
    "noise = random.random()",
    "def double(x):\n    return 2 * x",
    "if 'cache' not in globals():\n    cache = {'n': double(2)}",
    "with open('log.txt', 'a') as log:\n    log.write('line')",
    "import joblib\njoblib.dump(clf, 'clf.joblib')",
    "loaded = joblib.load('clf.joblib')",
    "!echo more >> shell.txt",
    "import os\nos.rename('log.txt', 'old.txt')",
    "loaded.predict(X)",
]


def test_the_verdicts_are_those_of_a_check(live: Live, tmp_path: Path) -> None:
    """Each cell has the verdict in the live kernel that it has in a check of the notebook, with the same marks."""
    found = {source: live.facts(f"%%rerun\n{source}") for source in CELLS}
    path = saved_notebook(tmp_path / "checked" / "notebook.ipynb", CELLS)
    report = nbrerun.check(path, engine="fork", experiment="again", cache=False)
    wanted = {
        source: (str(cell.verdict), {one.name: (str(one.verdict), list(map(str, one.marks))) for one in cell.variables})
        for source, cell in zip(CELLS, report.notebooks[0].cells, strict=True)
    }
    seen = {
        source: (facts["verdict"], {name: (one["verdict"], one["marks"]) for name, one in facts["variables"].items()})
        for source, facts in found.items()
    }
    assert seen == wanted
    assert {verdict for verdict, _ in seen.values()} == {"reset", "in-place", "persisted", "stateless", "error"}
