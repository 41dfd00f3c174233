"""Which statement of a cell gave an object another value: seen by reading the object between statements.

Only the first time that a statement runs is looked at, so that a loop costs what its body costs once.
"""

from __future__ import annotations

import contextlib
import time
from typing import Callable, Dict, Mapping, Optional

_SECONDS = 0.2
"""For all looks in one run; what needs more is not blamed on any statement."""


class Blame:
    """Follows the values of some variables from statement to statement."""

    def __init__(self, look: Callable[[], Mapping[str, bytes]]) -> None:
        """Nothing has run yet.

        Args:
            look: returns digests of the variables' values.
        """
        self._look_now = look
        self._left = _SECONDS
        self._known: Mapping[str, bytes] = {}
        self._statement: Optional[int] = None
        """The statement that has begun, if it runs for the first time."""
        self._is_fresh = False
        """Nothing has run since the last look."""
        self.last: Dict[str, int] = {}
        """The last statement that was seen to change each variable."""

    def before(self, statement: Optional[int]) -> None:
        """A statement begins; None for one that has run before."""
        if self._statement is not None:
            self.after(self._statement)
        elif statement is not None and not self._is_fresh:
            self._look()
        self._statement, self._is_fresh = statement, False

    def after(self, statement: int) -> None:
        """A statement that has run for the first time is over."""
        known = self._known
        self._look()
        self.last.update((name, statement) for name in known if known[name] != self._known.get(name, known[name]))
        self._statement = None

    def end(self) -> None:
        """The run is over."""
        self.before(None)

    def _look(self) -> None:
        self._is_fresh, self._known = True, {}
        if self._left > 0:
            started = time.perf_counter()
            with contextlib.suppress(Exception):  # what cannot be read is not blamed on anything
                self._known = self._look_now()
            self._left -= time.perf_counter() - started
        if self._left <= 0:
            self.last.clear()
