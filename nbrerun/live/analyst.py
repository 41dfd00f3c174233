"""The process beside the kernel that judges cells, until the kernel hangs up."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from nbrerun.analysis import judge
from nbrerun.engine.arrivals import Arrivals
from nbrerun.live.host import Choice, Host, Moment, met
from nbrerun.live.messages import Judge, Shown
from nbrerun.live.shown import shown
from nbrerun.model import Cell, NotebookReport
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings


class Analyst:
    """Knows the forks of the kernel that wait."""

    def __init__(self, folder: str, notebook: str, arrivals: Arrivals) -> None:
        """Know none yet.

        Args:
            folder: of this session; it is removed at the end.
            notebook: the folder in which the kernel works.
            arrivals: where forks connect.
        """
        self._folder = folder
        self._notebook = Path(notebook)
        self._arrivals = arrivals
        self._moments: dict[str, Moment] = {}

    def meet(self, token: str, pid: int) -> None:
        """Wait for a fork that is about to connect."""
        with contextlib.suppress(Closed):  # it died; whoever needs it will be told
            self._moments[token] = met(self._arrivals, token, pid, Settings())

    def drop(self, token: str) -> None:
        """End a fork."""
        moment = self._moments.pop(token, None)
        if moment is not None:
            moment.close()
        shutil.rmtree(os.path.join(self._folder, f"layers{token}"), ignore_errors=True)

    def judge(self, asked: Judge) -> Shown:
        """Run a cell again in forks of the moment after it, and say what that does."""
        report = self._report(asked)
        self.drop(asked["after"])
        return shown(asked["number"], asked["count"], report)

    def _report(self, asked: Judge) -> NotebookReport:
        cell = Cell(asked["count"], f"in{asked['count']}", asked["source"], execution_count=asked["count"])
        notebook = Notebook(self._notebook / "notebook.ipynb", None, (cell,))
        settings = Settings(engine="fork", experiments=frozenset({"again"}), timeout=asked["timeout"])
        before, after = self._moments.get(asked["before"]), self._moments.get(asked["after"])
        if before is None or after is None:
            return NotebookReport(str(notebook.path), "fork", "", "", problem="the forked kernel died")
        try:
            if asked["kept"]:
                before.restore_files(asked["kept"])
            choice = Choice(Host(self._arrivals, before, after, asked["seconds"]), settings)
            try:
                return judge(notebook, settings, Silent(), choice)
            finally:
                choice.engine.close()
        except Exception as error:  # noqa: BLE001  the user goes on, and is told
            return NotebookReport(str(notebook.path), "fork", "", "", problem=f"{type(error).__name__}: {error}")


def serve(wire: Wire, analyst: Analyst) -> None:
    """Do what the kernel asks for, until it hangs up."""
    while True:
        asked: Any = wire.receive()
        if asked["do"] == "meet":
            analyst.meet(asked["fork"]["token"], asked["fork"]["pid"])
        elif asked["do"] == "drop":
            analyst.drop(asked["token"])
        else:
            wire.send(analyst.judge(asked))


def main(arguments: list[str]) -> None:
    """Run until the kernel ends.

    Args:
        arguments: the folder of the session, the kernel's working folder, and the descriptors of the socket where
            forks connect and of that to the kernel, as JSON.
    """
    folder, notebook, listener, control = json.loads(arguments[0])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for the cell
    wire = Wire(socket.socket(fileno=control))
    arrivals = Arrivals(folder, lambda: True, socket.socket(fileno=listener))
    try:
        with contextlib.suppress(Closed):
            serve(wire, Analyst(folder, notebook, arrivals))
    finally:
        arrivals.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
