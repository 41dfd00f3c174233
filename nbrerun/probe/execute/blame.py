"""Which statement of a cell, or which call in it, gave a part of an object another value.

Seen by reading the object between statements and after calls inside them. Only the first time that a statement runs is
looked at, so that a loop costs what its body costs once.
"""

from __future__ import annotations

import time
from typing import Callable, Dict, Mapping, Optional

_SECONDS = 0.2
"""Of CPU time, for all looks in one run; what needs more is not blamed on any statement."""
_SECONDS_INSIDE = 0.05
"""Of these for looks inside statements."""

WHOLE = ""
"""Stands for a variable as a whole among the paths of its parts."""

_Parts = Mapping[str, bytes]


class Blame:
    """Follows the values of some variables from statement to statement."""

    def __init__(self, look: Callable[[], Mapping[str, bytes]], take_apart: Callable[[str], _Parts]) -> None:
        """Nothing has run yet.

        Args:
            look: returns digests of the variables' values.
            take_apart: returns digests of the parts of one of them, by path.
        """
        self._look_now, self._take_apart = look, take_apart
        self._left, self._left_inside = _SECONDS, _SECONDS_INSIDE
        self._known: Dict[str, bytes] = {}
        self._parts: Dict[str, _Parts] = {}
        self._statement: Optional[int] = None
        """The statement that has begun, if it runs for the first time."""
        self._is_unclear = False
        """It may have been a call inside the statement, after which there was no time for a look."""
        self._is_fresh = False
        """Nothing has run since the last look."""
        self.rests = False
        """Statements have run that had run before, and one more would change nothing here."""
        self.last: Dict[str, Dict[str, Optional[int]]] = {}
        """By variable and path: the last statement or call that was seen to change it, or None if that is unclear."""

    def before(self, statement: Optional[int]) -> None:
        """A statement begins; None for one that has run before."""
        if self._statement is not None:
            self.after(self._statement)
        elif statement is not None and not self._is_fresh:
            self._look()
        self._statement, self._is_fresh, self._is_unclear = statement, False, False
        self.rests = statement is None

    def inside(self, call: int) -> None:
        """A call inside a statement is over."""
        if self._statement is None:
            return
        if self._left_inside <= 0:
            self._is_unclear = True
            return
        left = self._left
        self._tell(call)
        self._left_inside -= left - self._left

    def after(self, statement: int) -> None:
        """A statement that has run for the first time is over."""
        self._tell(None if self._is_unclear else statement)
        self._statement, self.rests = None, False

    def end(self) -> None:
        """The run is over."""
        self.before(None)

    def _tell(self, blamed: Optional[int]) -> None:
        known, parts = self._known, dict(self._parts)
        self._look()
        for name in known:
            if known[name] == self._known.get(name, known[name]):
                continue
            before, now = parts[name], self._parts[name]
            changed = {path for path in {**before, **now} if before.get(path) != now.get(path)}
            self.last.setdefault(name, {}).update(dict.fromkeys([WHOLE, *changed], blamed))

    def _look(self) -> None:
        self._is_fresh = True
        if self._left > 0:
            started = time.thread_time()
            try:
                known = dict(self._look_now())
                changed = [name for name in known if known[name] != self._known.get(name)]
                self._parts.update({name: self._take_apart(name) for name in changed})
            except Exception:  # noqa: BLE001  libraries convert the values, and may fail; then nothing is blamed
                known = {}
            self._known = known
            self._left -= time.thread_time() - started
        if self._left <= 0:
            self._known = {}
            self.last.clear()
