"""The use case: a notebook in, a certificate out; every run is in a fresh kernel, and in a sandbox."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from nbrerun.analysis.clean_run import CleanRun
from nbrerun.certify.answer import Certificate, Difference, Effect
from nbrerun.certify.factors import FOLDER, Factor, factors
from nbrerun.engine.folders import Folder
from nbrerun.engine.interface import Doing, Undone
from nbrerun.engine.kernelspec import ChosenKernel, resolve_kernel
from nbrerun.engine.liveness import ProbeFailure
from nbrerun.errors import KernelError
from nbrerun.notebooks.read import Notebook
from nbrerun.probe.protocol.messages import State
from nbrerun.probe.protocol.wire import Closed
from nbrerun.settings.values import Settings
from nbrerun.state.diff import Leaves, differing
from nbrerun.state.evidence import take_apart, worth_showing
from nbrerun.state.names import Name, Space

_MOST_CHANGES = 5
"""Changes of one variable that are listed."""
_MOST_BYTES = 2**30
"""A larger folder is not copied."""
_LEFT_OUT = (".git", "__pycache__", ".ipynb_checkpoints", ".venv", "venv", "node_modules")
"""Folders that are not copied along; what was made of others, or can be installed anywhere."""


def certify(
    notebook: Notebook,
    settings: Settings,
    names: Collection[str] = (),
    doing: Doing = lambda index, purpose: None,
) -> Certificate:
    """Run a notebook twice as it is, and once with each factor varied; compare what the kernels hold in the end.

    Args:
        names: of the factors to vary; all of them if empty.

    Raises:
        KernelError: the kernel does not exist, does not start, or cannot be read.
    """
    begun = Certificate(str(notebook.path))
    environment = {**os.environ, "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0")}
    kernel = replace(resolve_kernel(notebook, settings), environment=environment)
    with CleanRun(notebook, settings, doing, kernel) as base:
        base.run()
        if not base.is_complete:
            return replace(begun, failure=base.failure, reason=base.lost)
        again = _effect(base, notebook, settings, Factor("", "", dict), kernel, frozenset(), doing)
        if again.raised or again.reason:
            return replace(begun, failure=again.raised, reason=again.reason)
        own = frozenset(each.name for each in again.differences)
        effects = []
        for factor in factors():
            if not names or factor.name in names:
                try:
                    effects.append(_effect(base, notebook, settings, factor, kernel, own, doing))
                except KernelError as error:  # it starts without the factor
                    effects.append(Effect(factor.name, factor.what, reason=str(error)))
        return replace(begun, effects=tuple(effects), unsettled=again.differences)


def _effect(
    base: CleanRun,
    notebook: Notebook,
    settings: Settings,
    factor: Factor,
    kernel: ChosenKernel,
    own: frozenset[str],
    doing: Doing,
) -> Effect:
    """Run the notebook with a factor varied, and compare; what differs by itself is left out."""
    effect = Effect(factor.name, factor.what)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(_elsewhere(notebook)) if factor.name == FOLDER else notebook.path
        if place is None:
            return replace(effect, reason="the folder is too large, or cannot be copied")
        varied = replace(kernel, environment=factor.change(kernel.environment or {}))
        other = stack.enter_context(CleanRun(replace(notebook, path=place), settings, _with(factor, doing), varied))
        other.run()
        if not other.is_complete:
            return replace(effect, raised=other.failure, reason=other.lost)
        return replace(effect, differences=tuple(_differences(base, other, own)))


def _with(factor: Factor, doing: Doing) -> Doing:
    """Say which factor is varied."""
    varied = f"with another {factor.name}" if factor.name else "once more"
    return lambda index, purpose: doing(index, varied)


def _differences(base: CleanRun, other: CleanRun, own: Collection[str]) -> Iterator[Difference]:
    found = {name for name in _compared(base.end, other.end) if str(name) not in own}
    before, after = (_parts(run, found) for run in (base, other))
    moved = take_apart(found, base.end, other.end, before, after)
    for name in sorted(moved):
        changes = moved[name]
        listed, more = changes[:_MOST_CHANGES], max(0, len(changes) - _MOST_CHANGES)
        yield Difference(str(name), _first_cell(name, base, other), listed, more)


def _compared(first: State, second: State) -> set[Name]:
    """Variables and files that differ; settings of the process are what is varied."""
    return {name for name in differing(first, second) if name.space in (Space.VARIABLE, Space.FILE)}


def _first_cell(name: Name, base: CleanRun, other: CleanRun) -> int:
    """The first cell after which a name differs as it does in the end."""
    apart = [name in _compared(*states) for states in zip(base.states, other.states, strict=True)]
    since = next((at + 1 for at in reversed(range(len(apart))) if not apart[at]), 1)
    return base.notebook.cells[max(0, since - 1)].index


def _parts(run: CleanRun, names: Collection[Name]) -> Leaves:
    wanted = [name for name in worth_showing(names) if name in run.end["variables"]]
    with contextlib.suppress(Closed, ProbeFailure):  # then the changes are not listed
        branch = run.branch(len(run.notebook.cells))
        if not isinstance(branch, Undone):
            with contextlib.closing(branch):
                return branch.leaves_after(wanted)
    return {}


@contextlib.contextmanager
def _elsewhere(notebook: Notebook) -> Iterator[Path | None]:
    """Copy the notebook's folder to another place; None if it is too large, or has something that cannot be copied."""
    own, temporary = notebook.folder.resolve(), Folder()
    try:
        place = Path(temporary.path, "elsewhere", own.name)
        yield place / notebook.path.name if _copy(own, place) else None
    finally:
        temporary.remove()


def _copy(folder: Path, place: Path) -> bool:
    if _size(folder) > _MOST_BYTES:
        return False
    try:
        shutil.copytree(folder, place, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    except OSError:
        return False
    return True


def _size(folder: Path) -> int:
    total = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
        if total > _MOST_BYTES:
            break
    return total
