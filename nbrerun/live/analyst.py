"""The process beside the kernel that judges cells, until the kernel hangs up."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbrerun.analysis import judge
from nbrerun.engine.arrivals import Arrivals
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.live.host import Choice, Containers, Host, Moment, met
from nbrerun.live.messages import Judge, Request, Restart, Undo
from nbrerun.live.restart import losses
from nbrerun.live.sentence import listed, told
from nbrerun.live.shown import shown
from nbrerun.live.shown_losses import shown_losses
from nbrerun.live.undo import no_way_back, way_back
from nbrerun.model import Cell, NotebookReport
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.progress import Silent
from nbrerun.settings.values import Settings

_NICE = 5
"""By how much this process gives way to the kernel (nice(2))."""
_DIED = "the forked kernel died"


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
        self._containers: Containers = {}
        """Those that were read last."""

    def answer(self, asked: Request) -> Mapping[str, object] | None:
        """Do what the kernel asks for, and return the answer, if it wants one."""
        if asked["do"] == "meet":
            with contextlib.suppress(Closed):  # it died; whoever needs it will be told
                self._moments[asked["token"]] = met(self._arrivals, asked["token"], asked["pid"], self._containers)
        elif asked["do"] == "drop":
            self._drop(asked["token"])
            if asked["kept"]:
                shutil.rmtree(asked["kept"], ignore_errors=True)
        elif asked["do"] == "judge":
            return shown(asked["number"], self._judge(asked))
        elif asked["do"] == "undo":
            return self._undo(asked)
        else:
            return self._restart(asked)
        return None

    def _drop(self, token: str) -> None:
        """End a fork."""
        moment = self._moments.pop(token, None)
        if moment is not None:
            moment.close()
        shutil.rmtree(os.path.join(self._folder, f"layers{token}"), ignore_errors=True)

    def _judge(self, asked: Judge) -> NotebookReport:
        """Run a cell again in forks of the moment after it."""
        ran = asked["cell"]
        cell = Cell(ran["count"], "", ran["source"], execution_count=ran["count"])
        notebook = Notebook(self._notebook / "notebook.ipynb", None, (cell,))
        settings = Settings(engine="fork", experiments=frozenset({"again"}), timeout=asked["timeout"])
        report = NotebookReport(str(notebook.path), "fork", "", "")
        if asked["lost"]:
            self._drop(asked["after"])
            return _with_problem(report, f"nobody knows what {listed(asked['lost'])} was before this cell changed it")
        try:
            before, after = self._moments[asked["before"]], self._moments[asked["after"]]
            if why := _restored(before, asked["kept"]):
                return _with_problem(report, why)
            choice = Choice(Host(self._arrivals, before, after, ran["seconds"]), settings)
            with contextlib.closing(choice.engine):
                return judge(notebook, settings, Silent(), choice)
        except KeyError:
            return _with_problem(report, _DIED)
        except Exception as error:  # noqa: BLE001  a fork's, a socket's or nbrerun's own: the user is told, and goes on
            return _with_problem(report, f"{type(error).__name__}: {error}")
        finally:
            self._drop(asked["after"])

    def _undo(self, asked: Undo) -> Mapping[str, object]:
        try:
            before, after = self._moments[asked["before"]], self._moments[asked["after"]]
            _restored(before, asked["kept"])  # if it cannot be, there is only less to say about files
            return way_back(asked["number"], before, after)
        except KeyError:
            return no_way_back(asked["number"], _DIED)
        except Exception as error:  # noqa: BLE001  as above
            return no_way_back(asked["number"], f"{type(error).__name__}: {error}")
        finally:
            self._drop(asked["after"])

    def _restart(self, asked: Restart) -> Mapping[str, object]:
        try:
            fresh, after = self._moments[asked["fresh"]], self._moments[asked["after"]]
            host = Host(self._arrivals, fresh, after, 0.0)
            return shown_losses(asked["number"], losses(fresh, after, host, asked["cells"], asked["timeout"]))
        except KeyError:
            return told(asked["number"], _DIED)
        except Exception as error:  # noqa: BLE001  as above
            return told(asked["number"], f"{type(error).__name__}: {error}")
        finally:
            self._drop(asked["after"])


def _restored(before: Moment, kept: str) -> str:
    """Give a fork that stays before a cell the files of that moment; why that cannot be done, if it cannot."""
    if kept:
        try:
            before.restore_files(kept)
        except ProbeFailure as error:
            return f"it changes files, and this system does not keep those of a rerun apart ({error})"
    return ""


def _with_problem(report: NotebookReport, problem: str) -> NotebookReport:
    return NotebookReport(report.path, report.engine, "", "", problem=problem)


def main(arguments: list[str]) -> None:
    """Run until the kernel ends.

    Args:
        arguments: as JSON, the folder of the session, the kernel's working folder, and the descriptors of the socket
            where forks connect and of that to the kernel.
    """
    folder, notebook, listener, control = json.loads(arguments[0])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    wire = Wire(socket.socket(fileno=control))
    arrivals = Arrivals(folder, lambda: True, socket.socket(fileno=listener))
    analyst = Analyst(folder, notebook, arrivals)
    try:
        with contextlib.suppress(Closed):
            while True:
                asked: Any = wire.receive()
                reply = analyst.answer(asked)
                if reply is not None:
                    wire.send(reply)
    finally:
        arrivals.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
