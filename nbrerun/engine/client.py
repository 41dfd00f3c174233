"""Typed calls to one process of the kernel: one method for each operation of `probe/protocol`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nbrerun.clock import Part, ran, spent_on
from nbrerun.engine.interface import Undone
from nbrerun.engine.liveness import ProbeFailure, Waiting, answer, has_answered
from nbrerun.probe.protocol import change_requests, file_requests, package_requests
from nbrerun.probe.protocol import requests as ask
from nbrerun.probe.protocol.messages import Alone, Error, Generator, Known, Leaf, Rerun
from nbrerun.probe.protocol.requests import OPERATION, Answer, Operation, Request
from nbrerun.probe.protocol.wire import Closed, Wire
from nbrerun.secrets import error_without_values, shown_error
from nbrerun.state.diff import Leaves

_INCOMPLETE = "the kernel gave an incomplete answer"

_PARTS: dict[str, Part] = {
    **dict.fromkeys((each.name for each in (ask.HOLD, ask.KEEP, ask.BRANCH)), Part.FORKING),
    **dict.fromkeys(
        (each.name for each in (ask.ARRIVE, ask.READ, ask.BEGIN_CELL, ask.TOUCHABLE, ask.EXISTED, ask.FORESEE)),
        Part.READING,
    ),
    **dict.fromkeys(
        (each.name for each in (ask.TAKE_APART, ask.PICTURES, ask.NOTED, ask.PARTS_BEFORE_CELL)), Part.READING
    ),
    ask.RUN_ALONE.name: Part.RERUNS,
}
"""What the wait for an answer is spent on, by the name of the operation; others are nbrerun's own work."""


def _is_complete(operation: Operation[Any, Any], reply: Mapping[str, Any]) -> bool:
    keys: frozenset[str] = operation.answer.__required_keys__
    return keys <= reply.keys()


class Client:
    """The kernel, a moment or a branch, to be asked one thing after the other.

    Every method raises `Closed` where the process is dead, stuck, or still busy with something that nobody waits
    for any longer, and `ProbeFailure` where it could not do what it was asked. Those that run a cell return
    `Undone` instead.
    """

    def __init__(
        self,
        wire: Wire,
        pid: int,
        ring: Callable[[], None] = lambda: None,
        timeout: Callable[[], float | None] = lambda: None,
        values: bool = True,
    ) -> None:
        """Ask the process at the other end of a wire.

        Args:
            ring: called before every request; the kernel reads its socket only when it is told to.
            timeout: seconds that a run of a cell may take if it begins now.
            values: what a cell raises may be shown.
        """
        self.pid = pid
        self.is_busy = False
        """It runs something, or did when nobody waited for it any longer."""
        self._wire = wire
        self._ring = ring
        self._timeout = timeout
        self._values = values

    def hold(self, token: str, known: Known) -> ask.Held:
        """Keep the files as they are, and fork the kernel for a branch that reads the state: see `arrived`."""
        return self._ask(ask.HOLD, ask.Hold(token=token, known=known))

    def keep(self, token: str) -> ask.Forked:
        """Fork the kernel for a process that stays at this moment."""
        return self._ask(ask.KEEP, ask.Fork(token=token))

    def branch(self, token: str, files: str) -> ask.Forked:
        """Fork the kernel, a moment or a branch."""
        return self._ask(ask.BRANCH, ask.Branch(token=token, files=files))

    def arrived(self) -> ask.Arrived:
        """The state that a branch has been asked to read when it was made."""
        with spent_on(_PARTS[ask.ARRIVE.name]):
            return self._answer(ask.ARRIVE)

    def read(self, pins: Iterable[Generator] = ()) -> ask.Looked:
        """Read the state, after setting the libraries' own generators."""
        return self._ask(ask.READ, ask.Read(pins=list(pins)))

    def foresee(self, ran: str, following: str) -> ask.Foreseen:
        """What the cell that has just run has bound, and whether the next one does no more: see `ask.Foresee`."""
        return self._ask(ask.FORESEE, ask.Foresee(ran=ran, next=following))

    def begin_to_run(
        self,
        sources: Iterable[str],
        pins: Iterable[Generator] = (),
        watched: Iterable[str] = (),
        seeds: Iterable[Generator] = (),
        anew: bool = False,
        note_parts: bool = False,
        goes_on: bool = False,
        changes_given: bool = False,
        repeats: bool = False,
    ) -> None:
        """Have cells run, and do not wait; see `ask.Run`."""
        request = ask.Run(
            sources=list(sources),
            pins=list(pins),
            watched=list(watched),
            seeds=list(seeds),
            anew=anew,
            note_parts=note_parts,
            goes_on=goes_on,
            changes_given=changes_given,
            repeats=repeats,
        )
        self._begin(ask.RUN, request)

    def ran(self, waiting: Waiting) -> Rerun | Undone:
        """Wait for the end of `begin_to_run`."""
        run = self._wait_for_run(ask.RUN, waiting)
        return run if isinstance(run, Undone) else {**run, "error": self._shown(run["error"])}

    def begin_to_follow(self, cells: Iterable[ask.PastCell], seeds: Iterable[Generator]) -> None:
        """Have the kernel run cells as the main run does, and do not wait."""
        self._begin(ask.FOLLOW, ask.Follow(cells=list(cells), seeds=list(seeds)))

    def followed(self, waiting: Waiting) -> ask.Followed | Undone:
        """Wait for the end of `begin_to_follow`."""
        return self._wait_for_run(ask.FOLLOW, waiting)

    def has_answered(self) -> bool:
        """Whether `followed` need not wait."""
        return has_answered(self._wire)

    def run_alone(self, waiting: Waiting, source: str, given: Sequence[str]) -> Alone | Undone:
        """Run a cell without the names of other cells, except for those given."""
        with spent_on(_PARTS[ask.RUN_ALONE.name]):
            self._begin(ask.RUN_ALONE, ask.RunAlone(source=source, given=list(given)))
            run = self._wait(ask.RUN_ALONE, waiting)
        return run if isinstance(run, Undone) else {**run, "error": self._shown(run["error"])}

    def give_all_names_back(self) -> None:
        """Undo what `run_alone` has done to the namespace."""
        self._ask(ask.GIVE_ALL_NAMES_BACK, ask.Empty())

    def take_apart(self, names: Iterable[str], values: bool = True) -> Leaves:
        """The parts of variables as they are now; without `values`, only which objects they are."""
        return self._ask(ask.TAKE_APART, ask.TakeApart(names=list(names), values=values))["parts"]

    def pictures(self, names: Iterable[str]) -> dict[str, bytes]:
        """Pictures of the figures that variables hold, as PNG; each figure under one of its names."""
        return self._ask(ask.PICTURES, ask.AskPictures(names=list(names)))["png"]

    def noted(self, names: Iterable[str]) -> Leaves:
        """The parts of variables as the last run with `note_parts` found them."""
        return self._ask(ask.NOTED, ask.TakeApart(names=list(names), values=True))["parts"]

    def parts_before_cell(self, names: Iterable[str]) -> Leaves:
        """The parts of variables as they were before the cell of the main run began."""
        return self._ask(ask.PARTS_BEFORE_CELL, ask.TakeApart(names=list(names), values=True))["parts"]

    def perturb(self, earlier: Mapping[str, Mapping[str, Leaf | None]]) -> dict[str, list[str]]:
        """Change the values of variables; the paths that were changed, by name. See `change_requests.Perturb`."""
        request = change_requests.Perturb(earlier={name: dict(parts) for name, parts in earlier.items()})
        return self._ask(change_requests.PERTURB, request)["paths"]

    def perturb_settings(self, names: Iterable[str]) -> dict[str, str]:
        """Change process settings; the values of those that were changed."""
        request = change_requests.PerturbSettings(names=list(names))
        return self._ask(change_requests.PERTURB_SETTINGS, request)["settings"]

    def delete_names(self, names: Iterable[str]) -> None:
        """Delete names of the namespace."""
        self._ask(change_requests.DELETE_NAMES, change_requests.DeleteNames(names=list(names)))

    def start_over(self) -> None:
        """Delete all names of the namespace, and the notebook's own modules."""
        self._ask(change_requests.START_OVER, ask.Empty())

    def touchable(self, source: str) -> list[str]:
        """Names that a cell may read or bind."""
        return self._ask(ask.TOUCHABLE, ask.AskTouchable(sources=[source]))["names"]

    def put_back(self, pins: Iterable[Generator]) -> None:
        """Set generators back to where they stood."""
        self._ask(ask.PUT_BACK, ask.PutBack(pins=list(pins)))

    def begin_cell(self, source: str) -> ask.BegunCell:
        """Before a cell of the main run: what there is becomes what `existed` and `parts_before_cell` know."""
        return self._ask(ask.BEGIN_CELL, ask.BeginCell(source=source))

    def existed(self, addresses: Iterable[int], read: bool, names: Iterable[str] = ()) -> set[int]:
        """Which addresses belonged to objects of the state: the present one, or the one before the last cell."""
        return set(self._ask(ask.EXISTED, ask.AskExisted(ids=list(addresses), read=read, names=list(names)))["ids"])

    def lacks(self, modules: Iterable[str]) -> list[str]:
        """Which top-level modules the kernel could not import; none is imported."""
        return self._ask(package_requests.LACKS, package_requests.AskLacks(modules=list(modules)))["modules"]

    def distributions(self, names: Iterable[str]) -> package_requests.Distributions:
        """Which Python the kernel runs, and which versions of distributions are installed there."""
        return self._ask(package_requests.DISTRIBUTIONS, package_requests.AskDistributions(names=list(names)))

    def forget_files(self, name: str) -> None:
        """Forget the files that are kept under a name."""
        self._ask(file_requests.FORGET_FILES, file_requests.KeptFiles(name=name))

    def leave_files(self) -> None:
        """After a branch that shared the kernel's sandbox: see the kernel's own files again."""
        self._ask(file_requests.LEAVE_FILES, ask.Empty())

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files, as if they had never been made."""
        self._ask(file_requests.REMOVE_FILES, file_requests.RemoveFiles(names=list(names)))

    def save_files(self, folder: str) -> None:
        """Write what the notebook has changed into a folder."""
        self._ask(file_requests.SAVE_FILES, file_requests.FilesFolder(folder=folder))

    def restore_files(self, folder: str) -> None:
        """Change the files as those of another kernel had been changed."""
        self._ask(file_requests.RESTORE_FILES, file_requests.FilesFolder(folder=folder))

    def copied(self, names: Iterable[str]) -> bytes:
        """The values of names for `put_values`; empty if one of them cannot be copied."""
        handed = self.hand_back(names, ())
        return b"" if handed["lost"] else handed["data"]

    def put_values(self, data: bytes) -> None:
        """Give names the values that another process has copied."""
        self._ask(change_requests.PUT_VALUES, change_requests.PutValues(data=data))

    def hand_back(self, names: Iterable[str], unchanged: Iterable[str]) -> ask.HandedBack:
        """The values of names, for a process that has gone on; `unchanged` have the same values there."""
        return self._ask(ask.HAND_BACK, ask.HandBack(names=list(names), unchanged=list(unchanged)))

    def files_are_full(self) -> bool:
        """Whether there is no more room for files."""
        return self._ask(file_requests.FILES_ARE_FULL, ask.Empty())["full"]

    def close(self) -> None:
        """Hang up; a forked process ends then."""
        self._wire.close()

    def _shown(self, error: Error | None) -> Error | None:
        if error is None:
            return None
        if self._values:
            lines = [shown_error(line) for line in error["traceback"]]
            return {**error, "evalue": shown_error(error["evalue"]), "traceback": lines}
        return {**error, "evalue": error_without_values(error["evalue"]), "traceback": []}

    def _ask(self, operation: Operation[Request, Answer], request: Request) -> Answer:
        with spent_on(_PARTS.get(operation.name, Part.NBRERUN)):
            self._begin(operation, request)
            return self._answer(operation)

    def _begin(self, operation: Operation[Request, Answer], request: Request) -> None:
        if self.is_busy:
            raise Closed("the kernel is still at what it was asked before")
        self.is_busy = True
        self._ring()  # before the request: a socket holds no long message
        self._wire.send({OPERATION: operation.name, **request})

    def _answer(self, operation: Operation[Request, Answer]) -> Answer:
        try:
            reply: Any = answer(self._wire, self.pid, self._timeout())
        except ProbeFailure:
            self.is_busy = False
            raise
        self.is_busy = False
        if not _is_complete(operation, reply):
            raise Closed(_INCOMPLETE)
        found: Answer = reply
        return found

    def _wait(self, operation: Operation[Request, Answer], waiting: Waiting) -> Answer | Undone:
        reply: Any = waiting.answer(self._wire, self.pid)
        self.is_busy = isinstance(reply, Undone)
        if not self.is_busy and not _is_complete(operation, reply):
            reply = Undone(_INCOMPLETE)
        found: Answer | Undone = reply
        return found

    def _wait_for_run(self, operation: Operation[Request, Answer], waiting: Waiting) -> Answer | Undone:
        """Wait, and tell the clock how much of that the run itself took, and how long it had been going on by then."""
        ahead = 0.0 if waiting.since is None else time.monotonic() - waiting.since
        with spent_on(Part.RERUNS if waiting.since is None else Part.WAITING):
            reply: Any = self._wait(operation, waiting)
            if not isinstance(reply, Undone):
                ran(reply["seconds"], ahead)
        found: Answer | Undone = reply
        return found
