"""Cells that are judged without a look at the moment that they lead to, since it is proven what they do.

See docs/decisions.md#what-is-proven-is-not-run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from nbrerun.analysis.check import Check
from nbrerun.engine.interface import FirstRun
from nbrerun.model import Cell
from nbrerun.probe.protocol.messages import State
from nbrerun.probe.source.statements import only_defines
from nbrerun.state.observation import Observation


class Foresight:
    """Which cells of the main run need no moment of their own: those in a row that only bind new names.

    The last one in a row has its moment, from which the experiments on the next cell start.
    """

    def __init__(self, check: Check, is_chosen: Callable[[int], bool]) -> None:
        """Look at the sources.

        Args:
            is_chosen: whether the cell that leads to a moment is to be judged.
        """
        settings, self._cells = check.settings, check.notebook.cells
        is_used = not settings.paranoid and settings.budget is None and settings.only == "all"
        self._plain = [is_used and is_chosen(at) and _only_binds(cell) for at, cell in enumerate(self._cells, 1)]
        self._choice = check.choice
        self._is_agreed = False
        """The kernel has agreed on the cell that is running."""

    def told(self, moment: int, first: FirstRun, before: State | None) -> Observation | None:
        """What is known of the cell that has just run and of its rerun; None if they have to be seen.

        Args:
            first: its first run.
            before: the state that it began with.
        """
        cell = self._cells[moment - 1]
        ran = cell if self._is_agreed and before is not None and first.raised is None else None
        wanted = 1 if ran is not None else 2  # the next cell; and the one after it, if it would be the first in a row
        following = self._cells[moment] if self._plain[moment : moment + wanted] == [True] * wanted else None
        self._is_agreed = False
        if ran is None and following is None:
            return None
        answer = self._choice.engine.foresee(ran, following)
        self._is_agreed = answer["agreed"]
        state, run = answer["state"], answer["run"]
        if not self._is_agreed or before is None or state is None or run is None:
            return None
        left: State = {
            **state,
            "variables": {**before["variables"], **state["variables"]},
            "generators": before["generators"],
            "settings": before["settings"],
            "files": before["files"],
            "beside": before["beside"],
            "threads": before["threads"],
        }
        return Observation(cell, before=before, first=left, again={**run, "after": left})


def _only_binds(cell: Cell) -> bool:
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError):  # a magic, or no Python at all
        return False
    return bool(body) and only_defines(body)
