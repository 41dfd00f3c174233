"""nbrerun in one kernel: forks it around each cell, asks the analyst, and displays what it answers."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbrerun.engine.memory import memory
from nbrerun.live import display
from nbrerun.live.line import Line
from nbrerun.live.messages import Back, RanCell, Request, Shown
from nbrerun.live.source import asks_for_rerun, is_own, without_magic
from nbrerun.notebooks.git import repository
from nbrerun.probe.live import Ended, Fork, LiveService
from nbrerun.probe.protocol.wire import Closed
from nbrerun.state.outside import sent

LIMIT = 10.0
"""Seconds: a cell that takes longer is not run again unless asked for."""
_MORE_SECONDS = 5.0
"""That a rerun may take beyond the limit, and beyond twice the time of the first run."""
_RESTART_SHARE = 3
"""Times the limit: seconds that cells may take to find out what brings models back, which the user asked for."""
_MOST_WAITING = 10
"""Cells that may wait to be run again in the background: each keeps two forks of the kernel."""
_SPOILED = "no answer: a later cell has changed files while this one was run again"
_UNFORKABLE = "the kernel cannot be forked: {}; `nbrerun check` can tell, in kernels of its own"
_GONE = "the process that runs cells again has ended; `%reload_ext nbrerun` starts it again"

_services: dict[int, LiveService] = {}
"""The service of this process, by its id: audit hooks stay for as long as the process lives."""


@dataclass
class Last:
    """The last cell that was run."""

    cell: RanCell
    before: Fork
    ended: Ended


class Refusal(Exception):
    """What cannot be done, in one sentence."""


class Session:
    """What there is between `%load_ext nbrerun` and `%unload_ext nbrerun`."""

    def __init__(self, shell: Any) -> None:
        self.auto = False
        """Cells are run again in the background."""
        self.limit = LIMIT
        self.last: Last | None = None
        self._shell = shell
        self._process = os.getpid()
        self._past: list[RanCell] = []
        self._running: Any = None
        """IPython's description of the cell that is running, ..."""
        self._before = Fork("", 0, [])
        """... the fork that stays before it, ..."""
        self._started = 0.0
        """... and when it began, by `time.perf_counter`."""
        self._waiting: dict[int, tuple[display.Place, Fork]] = {}
        """Where answers of the background belong, by their numbers, and the forks after those cells."""
        self._instead: dict[int, str] = {}
        """What is said in place of answers that are worth nothing any more."""
        self._line = Line(self._hear, self._hear_the_end)
        self._service = self._installed()
        self._fresh = self._fork()
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)

    def _installed(self) -> LiveService:
        service = _services.get(self._process)
        if service is None:
            here = Path.cwd()
            folders = [str(each) for each in (here.resolve(), repository(here)) if each]
            service = LiveService(self._shell.kernel, self._line.address, folders, memory().total // 4)
            service.observe()
            _services[self._process] = service
        service.connect(self._line.address, self._line.pid, self._line.descriptor, self._line.leave)
        return service

    @property
    def is_running(self) -> bool:
        """Whether a cell of the user's is running."""
        return self._running is not None

    def _tell(self, request: Request) -> None:
        try:
            self._line.tell(request)
        except Closed:
            raise Refusal(_GONE) from None

    def _fork(self) -> Fork:
        moment = self._service.fork_here()
        if moment.pid:
            self._tell({"do": "meet", "token": moment.token, "pid": moment.pid})
        return moment

    def _forget_last(self) -> None:
        last, self.last = self.last, None
        if last is not None and last.before.pid:
            self._tell({"do": "drop", "token": last.before.token, "kept": last.ended.kept})

    def _counts(self, info: Any) -> bool:
        """Whether a cell is the user's, who has run it in this very process, and not nbrerun's own magic."""
        is_main = threading.current_thread() is threading.main_thread()
        return bool(os.getpid() == self._process and is_main and info.store_history and not is_own(info.raw_cell))

    def _before_cell(self, info: Any) -> None:
        if self._running is not None or not self._counts(info):
            return
        self._before = Fork("", 0, [_GONE])
        with contextlib.suppress(Refusal):  # whoever asks for something will be told
            self._forget_last()
            self._before = self._fork()
        self._service.begin()
        self._running, self._started = info, time.perf_counter()

    def _after_cell(self, result: Any) -> None:
        if self._running is None or result.info is not self._running or not self._counts(result.info):
            return
        seconds = time.perf_counter() - self._started
        ended, self._running = self._service.end(), None
        source = result.info.raw_cell
        cell: RanCell = {
            "source": without_magic(source),
            "count": result.execution_count or self._shell.execution_count,
            "seconds": seconds,
            "bound": ended.bound,
            "usable": bool(result.success) and not sent(ended.outside),
        }
        self._past.append(cell)
        self.last = Last(cell, self._before, ended)
        if ended.kept:
            self._instead.update(dict.fromkeys(self._waiting, _SPOILED))
        if result.success:
            if asks_for_rerun(source):
                display.show(self.judged())
            elif self.auto:
                self._judge_in_background(self.last)

    def judged(self) -> Shown:
        """Have the last cell run again, and wait for the answer."""
        try:
            last = self._last()
            after = self._fork_to_judge(last)
            number = self._line.next_number(awaited=True)
            self._ask_to_judge(last, after, number)
            found: Shown = self._wait(number, after)
            return found
        except Refusal as refusal:
            return display.told(str(refusal))

    def _last(self) -> Last:
        if self.last is None:
            raise Refusal("there is no cell before this one that was run since `%load_ext nbrerun`")
        return self.last

    def _fork_to_judge(self, last: Last) -> Fork:
        if not last.cell["usable"] and not sent(last.ended.outside):
            raise Refusal(f"In [{last.cell['count']}] raised: what running it again does is not asked then")
        return self._fork_after(last)

    def _ask_to_judge(self, last: Last, after: Fork, number: int) -> None:
        self._tell(
            {
                "do": "judge",
                "number": number,
                "before": last.before.token,
                "after": after.token,
                "cell": last.cell,
                "kept": last.ended.kept,
                "lost": last.ended.lost,
                "timeout": max(self.limit, 2 * last.cell["seconds"]) + _MORE_SECONDS,
            }
        )

    def _fork_after(self, last: Last) -> Fork:
        """Fork the kernel, if it could be forked before the cell as well."""
        after = last.before if last.before.hazards else self._fork()
        if after.hazards:
            raise Refusal(_GONE if after.hazards == [_GONE] else _UNFORKABLE.format(after.hazards[0]))
        return after

    def _wait(self, number: int, *forks: Fork) -> Any:
        """Wait for an answer; Ctrl-C ends the forks that it is made with."""
        try:
            return self._line.wait(number)
        except Closed:
            raise Refusal(_GONE) from None
        except KeyboardInterrupt:
            _end(forks)
            raise Refusal("interrupted") from None

    def _judge_in_background(self, last: Last) -> None:
        place = display.Place(self._shell)
        seconds = last.cell["seconds"]
        if seconds > self.limit:
            why = f"this cell took {seconds:.0f} s, and the limit is {self.limit:g} s: `%nbrerun` runs it again"
            return place.show(display.told(why))
        if len(self._waiting) >= _MOST_WAITING or memory().is_short:
            return place.show(display.told("cells above are still being run again: `%nbrerun` runs this one again"))
        place.show(display.told("running this cell again ..."))
        number = self._line.next_number()
        try:
            after = self._fork_to_judge(last)
            self._waiting[number] = (place, after)
            self._ask_to_judge(last, after, number)
        except Refusal as refusal:
            self._waiting.pop(number, None)
            place.replace(display.told(str(refusal)))
        return None

    def _hear(self, answer: Shown) -> None:
        """In the thread of the line: display an answer of the background."""
        place, _ = self._waiting.pop(answer["number"], (None, None))
        spoiled = _SPOILED if self.is_running and self._service.changes_files() else ""
        instead = self._instead.pop(answer["number"], spoiled)
        if place is not None:
            place.replace(display.told(instead) if instead else answer)

    def _hear_the_end(self) -> None:
        """In the thread of the line: there will be no more answers."""
        while self._waiting:
            place, _ = self._waiting.popitem()[1]
            place.replace(display.told(_GONE))

    def undone(self) -> tuple[Back, Last]:
        """Give the namespace back what it held before the last cell."""
        last = self._last()
        after = self._fork_after(last)
        self._end_background()
        number = self._line.next_number(awaited=True)
        self._tell(
            {
                "do": "undo",
                "number": number,
                "before": last.before.token,
                "after": after.token,
                "kept": last.ended.kept,
            }
        )
        back: Back = self._wait(number, after)
        if back["failed"]:
            raise Refusal(f"the moment before In [{last.cell['count']}] cannot be read: {back['failed']}")
        self._service.take_back(back["data"], back["new"], back["generators"])
        self._forget_last()
        self._past.remove(last.cell)
        return back, last

    def restart(self) -> Shown:
        """Find out what a restart loses, and which cells bring it back."""
        try:
            if not self._fresh.pid:
                raise Refusal(f"the kernel could not be forked at first: {self._fresh.hazards[0]}")
            after = self._fork()
            if after.hazards:
                raise Refusal(_UNFORKABLE.format(after.hazards[0]))
            self._end_background()
            number = self._line.next_number(awaited=True)
            self._tell(
                {
                    "do": "restart",
                    "number": number,
                    "fresh": self._fresh.token,
                    "after": after.token,
                    "cells": self._past,
                    "timeout": _RESTART_SHARE * self.limit,
                }
            )
            found: Shown = self._wait(number, after)
            return found
        except Refusal as refusal:
            return display.told(str(refusal))

    def _end_background(self) -> None:
        """What the user asks for comes first."""
        waiting = dict(self._waiting)
        self._instead.update(dict.fromkeys(waiting, "not run again: something else was asked for meanwhile"))
        _end(after for _, after in waiting.values())

    def close(self) -> None:
        """End the analyst, and hear no more of cells."""
        for event, heard in (("pre_run_cell", self._before_cell), ("post_run_cell", self._after_cell)):
            with contextlib.suppress(ValueError):
                self._shell.events.unregister(event, heard)
        self._end_background()
        self._line.close()
        self._service.end_forks()


def _end(forks: Iterable[Fork]) -> None:
    for fork in forks:
        if fork.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(fork.pid, signal.SIGKILL)
