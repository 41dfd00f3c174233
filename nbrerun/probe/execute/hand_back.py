"""Values of one process for another process that has the same names and modules: what a kernel held before a cell.

They are pickled together, so that what they share stays shared. What the other process still holds unchanged is named
and not copied. A function of the notebook's goes as its code, since its name may mean another function there.
"""

from __future__ import annotations

import importlib
import io
import marshal
import pickle
import types
from typing import Any, Callable, Dict, Iterable, Optional, Set, Tuple

_NAME, _MODULE, _NAMESPACE = "name", "module", "namespace"
_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_NOTEBOOK = "__main__"


def pack(namespace: Dict[str, Any], names: Iterable[str], unchanged: Iterable[str]) -> Tuple[bytes, Dict[str, str]]:
    """Pickle the values of names.

    Args:
        unchanged: names that have the same values in the other process.

    Returns:
        What `unpack` takes, and why some of the values cannot be handed over, by name.
    """
    wanted = [name for name in names if name in namespace]
    held = {id(namespace[name]): name for name in unchanged if not isinstance(namespace.get(name), _ATOMS)}
    lost: Dict[str, str] = {}
    while True:
        found = {name: namespace[name] for name in wanted if name not in lost}
        data, _ = _pickled(found, namespace, held, set(wanted))
        if data is not None:
            return data, lost
        alone = {name: _pickled({name: value}, namespace, held, set(wanted))[1] for name, value in found.items()}
        failed = {name: why for name, why in alone.items() if why}
        lost.update(failed or dict.fromkeys(found, "they cannot be pickled together"))


def unpack(data: bytes, namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Return the values by name; `namespace` is that of the process that gets them."""
    found: Dict[str, Any] = _Unpickler(io.BytesIO(data), namespace).load()
    return found


def _pickled(
    values: Dict[str, Any], namespace: Dict[str, Any], held: Dict[int, str], changed: Set[str]
) -> Tuple[Optional[bytes], str]:
    """What it comes to, or why that is not possible."""
    out = io.BytesIO()
    try:
        _Pickler(out, namespace, held, changed).dump(values)
        # Some values pickle well and cannot be made again: better to find out here than in the kernel.
        _Unpickler(io.BytesIO(out.getvalue()), namespace).load()
    except Exception as error:  # noqa: BLE001  `__reduce__` is the user's code
        return None, f"{type(error).__name__}: {error}"
    return out.getvalue(), ""


class _Pickler(pickle.Pickler):
    def __init__(self, out: io.BytesIO, namespace: Dict[str, Any], held: Dict[int, str], changed: Set[str]) -> None:
        super().__init__(out, pickle.HIGHEST_PROTOCOL)
        self._namespace, self._held, self._changed = namespace, held, changed

    def persistent_id(self, value: Any) -> Optional[Tuple[str, str]]:
        if value is self._namespace:
            return _NAMESPACE, ""
        if id(value) in self._held:
            return _NAME, self._held[id(value)]
        if isinstance(value, types.ModuleType):
            return _MODULE, value.__name__
        return None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, types.FunctionType) and value.__module__ == _NOTEBOOK and value.__closure__ is None:
            facts = (value.__name__, value.__qualname__, value.__defaults__, value.__kwdefaults__, value.__dict__)
            return _function, (marshal.dumps(value.__code__), value.__globals__, *facts)
        if isinstance(value, type) and value.__module__ == _NOTEBOOK and value.__qualname__ in self._changed:
            raise pickle.PicklingError(f"the class {value.__qualname__} has been defined anew")
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: io.BytesIO, namespace: Dict[str, Any]) -> None:
        super().__init__(data)
        self._namespace = namespace

    def persistent_load(self, named: Tuple[str, str]) -> Any:
        kind, name = named
        if kind == _NAMESPACE:
            return self._namespace
        return importlib.import_module(name) if kind == _MODULE else self._namespace[name]


def _function(
    code: bytes,
    namespace: Dict[str, Any],
    name: str,
    qualified: str,
    defaults: Any,
    keywords: Any,
    attributes: Dict[str, Any],
) -> Callable[..., Any]:
    made = types.FunctionType(marshal.loads(code), namespace, name, defaults)
    made.__qualname__, made.__kwdefaults__ = qualified, keywords
    made.__dict__.update(attributes)
    return made
