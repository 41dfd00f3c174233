"""*again*: memory k, run cell k once more; *control* and *without the file* follow where it left a question."""

from __future__ import annotations

from nbrerun.engine.interface import Branch, Engine, FirstResult, Undone
from nbrerun.experiments.after_imports import after_imports
from nbrerun.experiments.control import control
from nbrerun.experiments.inputs_put_back import inputs_put_back
from nbrerun.experiments.perturbed import perturbed
from nbrerun.experiments.seeding import seeding
from nbrerun.experiments.without_file import without_file
from nbrerun.state.observation import Observation


def again(engine: Engine, moment: int, branch: Branch, first: FirstResult) -> Observation | Undone:
    """Run the cell again from its own moment, and do whatever follows from the result.

    Args:
        moment: how many cells had been run when the first run was over.
        branch: a branch of that moment, which is closed.
    """
    done = engine.again(moment, branch, first)
    if isinstance(done, Undone):
        return done
    seen = Observation(
        first.cell,
        before=done.first.before,
        first=done.first.after,
        raises=first.raises,
        data_files=first.data_files,
        again=done.run,
        moved=done.moved,
        still_moved=done.still_moved,
        made=done.made,
        parts_kept=done.parts_kept,
        pinned=done.pinned,
        only_drawn=done.only_drawn,
    )
    if seen.error is not None:
        return seen
    return (
        after_imports(engine, moment, seen)
        or control(engine, moment, seen, done.parts)
        or without_file(engine, moment, seen)
        or perturbed(engine, moment, seen)
        or inputs_put_back(engine, moment, seen)
        or seeding(engine, moment, seen)
        or seen
    )
