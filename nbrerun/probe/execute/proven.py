"""Cells that need not be run again: what they do once more follows from the language, and nothing of the notebook runs.

They bind constants and definitions that stand in their source, and import what is loaded. That each of their statements
does no more is read from the syntax (`source/statements.py`, `only_defines`); that nothing else runs along with them,
from the kernel. See docs/decisions.md#what-is-proven-is-not-run.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import signal
import sys
import types
from typing import Any, Dict, Iterator, Optional, Set

from ..files.session import NotebookFiles
from ..protocol.messages import State
from ..read.namespace import user_names
from ..source.statements import binds
from .cells import Cells
from .rerun import Ran
from .tracer import Tracer


class Company:
    """What runs along with every cell: nothing but what did so before the first one."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._first = {id(each): each for each in self._hooks()}
        """By address; as long as they live no other has it."""
        self._first_tasks = _tasks()

    def is_as_at_first(self) -> bool:
        """Whether no code of the notebook's runs along with a cell that has none itself."""
        return (
            self._first.keys() >= set(map(id, self._hooks()))
            and not (sys.gettrace() or sys.getprofile())
            and type(sys.modules) is dict
            and isinstance(builtins.__import__, types.BuiltinFunctionType)
            and isinstance(builtins.__build_class__, types.BuiltinFunctionType)
        )

    def is_alone(self) -> bool:
        """Whether no code of the notebook's runs between two cells either."""
        return self.is_as_at_first() and _tasks() <= self._first_tasks and not any(signal.getitimer(signal.ITIMER_REAL))

    def _hooks(self) -> Iterator[Any]:
        """The functions that IPython calls for every cell."""
        shell = self._shell
        for event, callbacks in shell.events.callbacks.items():
            # Matplotlib's shows the figures that the cell has left open; one that only binds names leaves none.
            yield from (each for each in callbacks if not (event == "post_execute" and _shows_figures(each)))
        for transformers in (
            shell.ast_transformers,
            shell.input_transformers_post,
            shell.input_transformer_manager.cleanup_transforms,
            shell.input_transformer_manager.line_transforms,
            shell.input_transformer_manager.token_transformers,
        ):
            yield from transformers


def _tasks() -> Set[str]:
    """What the tasks of the event loop run."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop is running here
        return set()
    return {str(getattr(task.get_coro(), "__qualname__", task)) for task in tasks}


def _shows_figures(callback: Any) -> bool:
    backend = sys.modules.get("matplotlib_inline.backend_inline")
    figures = getattr(sys.modules.get("matplotlib._pylab_helpers"), "Gcf", None)
    is_it = backend is not None and callback is getattr(backend, "flush_figures", None)
    return is_it and not getattr(figures, "figs", None)


def is_foreseeable(shell: Any, source: str) -> bool:
    """Whether a cell that is about to run for the first time only binds names that nothing has bound.

    Then it replaces no object, whose end could run code of the notebook's.
    """
    tree, names = Cells(shell, [source]).definitions(), names_bound(shell, source)
    is_plain = tree is not None and all(map(_is_loaded, tree.body))
    return is_plain and names.isdisjoint(shell.user_ns) and not any(name.startswith("_") for name in names)


def names_bound(shell: Any, source: str) -> Set[str]:
    """The names that such a cell binds."""
    tree = Cells(shell, [source]).definitions()
    return {name for statement in tree.body for name in binds(statement)} if tree is not None else set()


def supposed(shell: Any, cells: Cells, tracer: Tracer) -> Optional[Ran]:
    """The outcome of running cells once more right after their first run; None if it has to be seen.

    Their statements do run, to reach the tracer's marks, but bind their names elsewhere.
    """
    namespace = user_names(shell)
    tree = cells.definitions()
    if tree is None or not all(map(_is_loaded, tree.body)):
        return None
    elsewhere: Dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    tracer.install(shell)
    try:
        exec(compile(tracer.visit(tree), "<cell>", "exec", dont_inherit=True), elsewhere)
    finally:
        tracer.remove(shell)
    bound, imported = tracer.names("binds"), tracer.imported()
    if any(namespace.get(name) is not elsewhere[name] for name in imported):
        return None
    return Ran(
        error=None,
        seconds=0.0,
        bound=bound,
        passed=set(),
        reads=cells.reach(namespace),
        bound_first=tracer.bound_first(),
        replaced=bound - imported,
        parted=set(),
    )


def _is_loaded(statement: ast.stmt) -> bool:
    """Whether a statement imports nothing, or only what is in plain modules that are loaded."""
    if isinstance(statement, ast.Import):
        return all(_is_plain_module(part) for alias in statement.names for part in _with_packages(alias.name))
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        loaded = not statement.level and all(map(_is_plain_module, _with_packages(module)))
        return loaded and all(alias.name in vars(sys.modules[module]) for alias in statement.names)
    return True


def _with_packages(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


def _is_plain_module(name: str) -> bool:
    """Whether a module is loaded, and looking up what it holds runs no code of its own."""
    module = sys.modules.get(name)
    package, _, last = name.rpartition(".")
    is_held = not package or vars(sys.modules[package]).get(last) is module
    return isinstance(module, types.ModuleType) and type(module) is types.ModuleType and is_held


def left_by(state: State, files: NotebookFiles) -> State:
    """The state that such a rerun leaves.

    Args:
        state: the one that it begins with.
        files: knows what was opened since the rerun began, which is nothing.
    """
    return {**state, "opened": files.opened(), "inputs": files.inputs(), "outside": []}
