"""Read everything that the kernel holds."""

from __future__ import annotations

import sys
import types
from typing import Any, Dict, Iterable, Set, Tuple

from .adapters.generic import is_user_class, refusal
from .describe.node import forget_classes, type_name
from .files.session import NotebookFiles
from .process.import_hook import ImportWatch
from .protocol.messages import State, Variable
from .read import containers, generators
from .read.namespace import user_names
from .read.process_settings import read_settings
from .read.walk import MOST, Reader


def read_state(shell: Any, imports: ImportWatch, files: NotebookFiles) -> Tuple[State, Reader]:
    """Read names, generators, settings and files; the reader has the generators themselves."""
    reader = Reader()
    with files.unwatched():  # a connection to a database is read through its file
        generators.read_global(reader)
        namespace = user_names(shell)
        unchanged = containers.unchanged(namespace)
        reader.is_complete = not unchanged
        variables = {name: unchanged.get(name) or _variable(reader, name, namespace[name]) for name in namespace}
        del namespace
    settings = read_settings()
    state: State = {
        "variables": variables,
        "generators": generators.messages(reader.generators),
        "settings": settings,
        "after_imports": [generators.library_state(name, state) for name, state in imports.drew.items()],
        "drew_between_imports": imports.drew_between,
        "imports_left": dict(imports.left),
        "by_hand": sorted(imports.set_by_hand(settings)),
        "by_imports": sorted(imports.settings),
        "files": files.changed(),
        "beside": files.changed_beside(),
        "opened": files.opened(),
        "inputs": files.inputs(),
        "outside": [],
        "threads": False,
    }
    forget_classes()
    return state, reader


def bound_state(names: Iterable[str], shell: Any, files: NotebookFiles) -> State:
    """Read names that were bound by what did nothing else, and leave out whatever that has not changed."""
    reader, namespace = Reader(), user_names(shell)
    files.begin()
    state: State = {
        "variables": {name: _variable(reader, name, namespace[name]) for name in names},
        "generators": [],
        "settings": {},
        "after_imports": [],
        "drew_between_imports": False,
        "imports_left": {},
        "by_hand": [],
        "by_imports": [],
        "files": {},
        "beside": {},
        "opened": files.opened(),
        "inputs": files.inputs(),
        "outside": [],
        "threads": False,
    }
    forget_classes()
    return state


def _variable(reader: Reader, name: str, value: Any) -> Variable:
    still = containers.still(name, value)
    if still is not None:
        variable, written = still
        reader.is_complete = False
        reader.add_generators(name, written.generators)
        return {**variable, "users": is_user_class(type(value))}
    read = reader.read(name, value)
    found = reader.generators.get(id(value))
    variable = {
        "digest": found.digest if found else read.digest,
        "id": id(value),
        "type": type_name(type(value)) if refusal(value) is None else "object",
        "users": is_user_class(type(value)),
        "kind": "model" if read.model else read.kind,
        "atom": read.atom,
        "opaque": list(read.opaque),
        "in_part": bool(read.opaque) and not read.hidden,
    }
    containers.note(name, value, read.cost if read.whole else MOST + 1, variable)
    return variable


def held_by_modules(namespace: Dict[str, Any]) -> Set[int]:
    """Addresses of the objects that modules other than the notebook hold directly."""
    found: Set[int] = set()
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType) and vars(module) is not namespace:
            found.update(map(id, list(vars(module).values())))
    return found
