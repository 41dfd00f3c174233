"""nbrerun in one kernel: forks it around each cell, asks the analyst, and displays what it answers."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbrerun.engine.arrivals import listen
from nbrerun.engine.folders import Folder
from nbrerun.engine.memory import memory
from nbrerun.live.messages import Shown
from nbrerun.notebooks.git import repository
from nbrerun.probe.live import LiveService, Moment
from nbrerun.probe.protocol.wire import Closed, Wire

_LIMIT = 10.0
"""Seconds: a cell that takes longer is not run again unless asked for."""
_ANALYST = "import sys; sys.path[:] = {path!r}; from nbrerun.live.analyst import main; main(sys.argv[1:])"


@dataclass
class Ran:
    """The last cell that was run."""

    source: str
    count: int
    seconds: float
    before: Moment
    kept: str
    raised: bool
    lost: list[str] = field(default_factory=list)


class Session:
    """What there is between `%load_ext nbrerun` and `%unload_ext nbrerun`."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._process = os.getpid()
        self._folder = Folder()
        self.auto = False
        self.limit = _LIMIT
        self.last: Ran | None = None
        self._before: Moment | None = None
        self._started = 0.0
        self._numbers = 0
        self._answers: dict[int, Shown] = {}
        self._arrived = threading.Condition()
        self._start_analyst()
        here = Path.cwd()
        folders = [here, repository(here)]
        self.service = LiveService(
            shell.kernel,
            os.path.join(self._folder.path, "socket"),
            self._folder.path,
            [str(folder) for folder in folders if folder],
            memory().total // 4,
        )
        self.service.observe()
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)

    def _start_analyst(self) -> None:
        listener = listen(os.path.join(self._folder.path, "socket"))
        own, its = socket.socketpair()
        code = _ANALYST.format(path=[each for each in sys.path if each not in ("", os.getcwd())])
        request = json.dumps([self._folder.path, os.getcwd(), listener.fileno(), its.fileno()])
        self._analyst = subprocess.Popen(
            [sys.executable, "-I", "-c", code, request],
            pass_fds=[listener.fileno(), its.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        its.close()
        listener.close()
        self._wire = Wire(own)
        self._reader = threading.Thread(target=self._read, name="nbrerun", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(Closed):
            while True:
                answer: Any = Wire(self._wire.sock).receive()
                with self._arrived:
                    self._answers[answer["number"]] = answer
                    self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()

    def _before_cell(self, info: Any) -> None:
        if os.getpid() != self._process:
            return
        if self.last is not None and self.last.before.pid:
            self._wire.send({"do": "drop", "token": self.last.before.token})
        self.last = None
        self._before = self._fork()
        self.service.begin()
        self._started = time.perf_counter()

    def _fork(self) -> Moment:
        moment = self.service.fork_here()
        if moment.pid:
            self._wire.send({"do": "meet", "fork": {"token": moment.token, "pid": moment.pid}})
        return moment

    def _after_cell(self, result: Any) -> None:
        if os.getpid() != self._process or self._before is None:
            return
        seconds = time.perf_counter() - self._started
        kept = self.service.end()
        source = strip(result.info.raw_cell)
        count = result.execution_count or self._shell.execution_count
        raised = not result.success
        self.last = Ran(source, count, seconds, self._before, kept, raised, self.service.lost())
        self._before = None
        if source != result.info.raw_cell and not raised:
            self.display(self.judge(self.last))

    def judge(self, ran: Ran) -> Shown:
        """Have a cell judged, and wait for the answer."""
        hazards = ran.before.hazards
        after = None if hazards else self._fork()
        if after is None or after.hazards:
            why = hazards or (after.hazards if after else [])
            return _told(f"the kernel cannot be forked: {why[0]}")
        self._numbers += 1
        self._wire.send(
            {
                "do": "judge",
                "number": self._numbers,
                "before": ran.before.token,
                "after": after.token,
                "source": ran.source,
                "count": ran.count,
                "seconds": ran.seconds,
                "kept": ran.kept,
                "timeout": max(self.limit, 2 * ran.seconds + 5),
            }
        )
        with self._arrived:
            while self._numbers not in self._answers and self._reader.is_alive():
                self._arrived.wait(1)
            return self._answers.pop(self._numbers, None) or _told("the process that runs cells again is gone")

    def display(self, answer: Shown) -> None:
        """Show an answer below the running cell."""
        from IPython.display import publish_display_data

        publish_display_data(  # type: ignore[no-untyped-call]  # IPython 8 and 9 leave it without types
            {"text/html": answer["html"], "text/plain": answer["text"]}, {"nbrerun": json.loads(answer["facts"])}
        )

    def close(self) -> None:
        """End the analyst, and hear no more of cells."""
        with contextlib.suppress(ValueError):
            self._shell.events.unregister("pre_run_cell", self._before_cell)
            self._shell.events.unregister("post_run_cell", self._after_cell)
        self._wire.sock.shutdown(socket.SHUT_RDWR)
        self._analyst.wait()
        self._folder.remove()


def strip(source: str) -> str:
    """A cell without the line `%%rerun` at its top."""
    first, _, rest = source.lstrip().partition("\n")
    return rest if first.split() == ["%%rerun"] else source


def _told(said: str) -> Shown:
    return {"number": 0, "html": said, "text": f"nbrerun: {said}", "facts": "{}"}
