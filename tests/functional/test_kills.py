"""Checks that are killed at random moments leave nothing (`tests/kills.py`)."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from nbrerun.engine.arrivals import Arrivals
from nbrerun.engine.kernel import Kernel
from nbrerun.engine.kernelspec import resolve_kernel
from nbrerun.engine.liveness import runs
from nbrerun.notebooks.read import read_notebook
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import Settings
from tests import kills

pytestmark = [pytest.mark.cold_kernel, pytest.mark.timeout(240)]  # all processes are to be descendants of the check


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_check_that_is_killed_leaves_nothing(seed: int) -> None:
    """Whatever the signal and the moment, also with `--jobs 2` and while kernels start."""
    assert kills.run(10, seed) == {}


def test_an_interrupt_just_after_a_process_has_come_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is nowhere to be found by then, and nobody waits for it a second time."""
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "nb.ipynb")
    notebook = read_notebook(tmp_path / "nb.ipynb")
    accept, asked, came = Arrivals.accept, [], []

    def interrupted(self: Arrivals, token: str) -> None:
        asked.append(token)
        came.append(accept(self, token))
        raise KeyboardInterrupt

    monkeypatch.setattr(Arrivals, "accept", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Kernel(notebook, resolve_kernel(notebook, Settings()), Settings())
    assert len(asked) == 1
    ((wire, hello),) = came
    with wire.sock, pytest.raises(Closed):
        wire.receive(0)  # it has hung up, as the last thing that it does
    assert not runs(hello["pid"])
