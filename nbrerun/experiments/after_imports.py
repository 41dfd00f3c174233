"""The rerun twice, where settings differ after it that an import of the first run has changed.

A rerun imports nothing any more, and what imports do to settings does not count (docs/verdicts.md, ruling 4): where
`logger.setLevel(...)` stands above the import of a library that sets the level as well, only the first run ends with
the library's. What a cell changes further each time, as `sys.path.insert(...)` does, a third run changes once more.
"""

from __future__ import annotations

from contextlib import closing

from nbrerun.engine.interface import Engine, Undone
from nbrerun.state.names import Space
from nbrerun.state.observation import Observation


def after_imports(engine: Engine, moment: int, seen: Observation) -> Undone | None:
    """Leave out settings that the next run of the cell leaves as the rerun does."""
    doubtful = {name for name in seen.moved if name.space is Space.SETTING and name.key in seen.first["by_imports"]}
    branch = engine.branch(moment) if doubtful else None
    if branch is None or isinstance(branch, Undone):
        return branch
    with closing(branch):
        second = branch.run(seen.cell)
        third = second if isinstance(second, Undone) else branch.run(seen.cell)
    if isinstance(second, Undone) or isinstance(third, Undone):
        return None
    one, other = second["after"]["settings"], third["after"]["settings"]
    settled = {name for name in doubtful if one.get(name.key) == other.get(name.key)}
    seen.moved = {name: changes for name, changes in seen.moved.items() if name not in settled}
    seen.still_moved -= settled
    return None
