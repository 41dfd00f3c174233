"""The question of the command line and of agents: one notebook, and what was edited."""

from __future__ import annotations

from collections.abc import Sequence

from nbrerun.engine.interface import Doing
from nbrerun.notebooks.read import Notebook
from nbrerun.plan.answer import Plan
from nbrerun.plan.before import edited_cells, version
from nbrerun.plan.make import plan_after, plan_after_unknown
from nbrerun.settings.values import Settings


def ask(
    new: Notebook,
    settings: Settings,
    edited: Sequence[str] = (),
    against: str | None = None,
    outputs: bool = False,
    doing: Doing = lambda index, purpose: None,
) -> Plan:
    """Find the old version of a notebook, and plan.

    Args:
        edited: selectors of the cells that were edited.
        against: path of the old version.
        outputs: run as well what would show something else after a clean run.

    Raises:
        UsageError: the selectors select nothing, or neither they nor git nor `against` say what was edited.
        NotebookError: the old version is not a notebook.
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    old = version(new, edited, against)
    if old is None:
        return plan_after_unknown(new, edited_cells(new, edited), settings, outputs, doing)
    return plan_after(old, new, settings, outputs, doing)
