"""Objects without an adapter, read by their attributes, without calling anything that belongs to the object."""

from __future__ import annotations

import struct
import sys
import types
from typing import Any, Collection, Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

from ..describe import clock
from ..describe.node import Node, attribute_label, clip, per_class, type_name
from ..describe.ownership import is_users_file
from ..protocol.messages import VariableKind
from ..source.vocabulary import ANSWERING_METHODS, ANSWERS, LEARNING_METHODS

_HEAP_TYPE = 1 << 9
"""`Py_TPFLAGS_HEAPTYPE`: the class was made while Python was running, not in static C data (C API)."""
_NOTHING = object()
_POINTER = struct.calcsize("P")

_OF_THE_CLASS = frozenset({"__dictoffset__", "__weaklistoffset__", "__vectorcalloffset__"})
"""Members by which a class written in C declares offsets; read from an instance they are addresses and counts."""

# Methods by which pickling asks an object for its state, and attributes that it looks up meanwhile.
_ASKED = frozenset(
    {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__", "__class__", "__getattr__"}
    | {"__getattribute__"}
)


class _Layout(NamedTuple):
    """Where the instances of a class keep their state."""

    slots: Tuple[Tuple[str, Any], ...]
    namespace: Optional[Any]
    """The descriptor of `__dict__`, even if a property of that name hides it."""
    caches: FrozenSet[str]
    """Attributes of a library's class that are filled when they are asked for, and so are not part of the value."""
    hidden: Optional[type]
    """The nearest base written in C with state that Python cannot see."""
    sealed: bool
    """There is a `__dict__`, and another attribute hides it."""
    kind: VariableKind
    holds: bool
    """An instance is a model if one is in it: the class is the user's, or learns and leaves answers to another one."""


def of_class(cls: type, name: str) -> Any:
    """Return an attribute of a class as `type` itself knows it, without calling its metaclass."""
    return vars(type)[name].__get__(cls)


@per_class
def ancestry(cls: type) -> Tuple[type, ...]:
    """Return a class and its bases, in the order of attribute lookup."""
    found: Tuple[type, ...] = of_class(cls, "__mro__")
    return found


def members(cls: type) -> Any:
    """Return the `__dict__` of a class."""
    return of_class(cls, "__dict__")


def module_of(cls: type) -> str:
    """Return the name of a class's module, or an empty text if `__module__` is missing or another value."""
    try:
        name = of_class(cls, "__module__")
    except AttributeError:  # a class made by `type(...)` in a namespace without `__name__` has none
        return ""
    return name if type(name) is str else ""


def derives(value: Any, base: Any) -> bool:
    """Whether a value's type is a class or a subclass; `isinstance` would also ask the object for its `__class__`."""
    return issubclass(type(value), base)


@per_class
def is_user_class(cls: type) -> bool:
    """Whether the user wrote a class, in the notebook or in a file of their own."""
    name = module_of(cls)
    if not of_class(cls, "__flags__") & _HEAP_TYPE:
        return False
    return name == "__main__" or is_user_module(namespace_of(sys.modules.get(name)))


def namespace_of(module: Any) -> Dict[str, Any]:
    """Return the namespace of a module; a lazy module (`importlib.util.LazyLoader`) is not loaded by this."""
    if not derives(module, types.ModuleType):
        return {}
    found: Dict[str, Any] = vars(types.ModuleType)["__dict__"].__get__(module)
    return found


def is_user_module(namespace: Dict[str, Any]) -> bool:
    """Whether a module is the user's: made by hand, or from a file outside the folders of libraries."""
    file = namespace.get("__file__")
    if file is None and namespace.get("__spec__") is None:
        return True
    return type(file) is str and is_users_file(file)


@per_class
def layout(cls: type) -> _Layout:
    """Find out, once for each class, where its instances keep their state."""
    slots: Dict[str, Any] = {}
    namespace = None
    for base in ancestry(cls):
        own = members(base)
        if of_class(base, "__flags__") & _HEAP_TYPE:
            for name, member in own.items():
                if type(member) is types.MemberDescriptorType and name not in _OF_THE_CLASS:
                    slots.setdefault(name, member)
        descriptor = own.get("__dict__")
        if namespace is None and type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType):
            namespace = descriptor
    hidden = next((base for base in ancestry(cls) if _hides_state(base)), None)
    sealed = namespace is None and bool(of_class(cls, "__dictoffset__"))
    return _Layout(tuple(slots.items()), namespace, _caches(cls), hidden, sealed, _kind_of(cls), _holds(cls))


def _caches(cls: type) -> FrozenSet[str]:
    """Return the names of cached attributes, which only libraries' classes are known to use as caches."""
    if module_of(cls) == "__main__":
        return frozenset()
    found = {"_cache", "_item_cache"}
    for base in ancestry(cls):
        if module_of(base) != "__main__":
            # By name: several libraries have a class of this name beside functools.
            own = members(base).items()
            found |= {name for name, member in own if of_class(type(member), "__name__") == "cached_property"}
    return frozenset(found)


def _hides_state(cls: type) -> bool:
    """Whether instances have memory of this class that is neither `__dict__` nor a Python slot."""
    base = of_class(cls, "__base__")
    if base is None:
        return False
    # Each `__dict__`, `__weakref__` and slot takes one pointer; anything beyond that is the class's own C data.
    pointers = 0
    for offset in ("__dictoffset__", "__weakrefoffset__"):
        pointers += bool(of_class(cls, offset)) - bool(of_class(base, offset))
    if of_class(cls, "__flags__") & _HEAP_TYPE:
        pointers += sum(type(member) is types.MemberDescriptorType for member in members(cls).values())
    more = of_class(cls, "__basicsize__") - of_class(base, "__basicsize__")
    return bool(more > pointers * _POINTER or of_class(cls, "__itemsize__") > of_class(base, "__itemsize__"))


def _kind_of(cls: type) -> VariableKind:
    """Return `model` for a class that can be fitted and asked for answers, whoever wrote it."""
    methods = _methods(cls)
    answers = methods & ANSWERING_METHODS or any(name.startswith(ANSWERS) for name in methods)
    return "model" if methods & LEARNING_METHODS and answers else "data"


def _holds(cls: type) -> bool:
    return module_of(cls) == "__main__" or bool(_methods(cls) & LEARNING_METHODS)


def _methods(cls: type) -> Set[str]:
    own = (item for base in ancestry(cls) for item in members(base).items())
    return {name for name, member in own if type(name) is str and callable(member)}


def attributes(value: Any, without: Collection[str] = ()) -> Dict[str, Any]:
    """Return the instance's own attributes, from its `__dict__` and its slots; properties are not called.

    Args:
        without: names that are left out.
    """
    plan = layout(type(value))
    found: Dict[str, Any] = {}
    for name, member in plan.slots:
        try:
            found[name] = member.__get__(value)
        except AttributeError:  # a slot that was never filled
            continue
    if plan.namespace is not None:
        namespace = plan.namespace.__get__(value)
        if derives(namespace, dict):
            others = []
            for key, item in dict.items(namespace):
                if type(key) is not str:  # `vars(x)[1] = 2` is possible
                    others.append((key, item))
                elif key not in plan.caches:
                    found[key] = item
            if others:
                found["<other keys>"] = others
    return {name: item for name, item in found.items() if name not in without} if without else found


def attributes_node(value: Any, found: Dict[str, Any], **more: Any) -> Node:
    """Describe an object that consists of attributes only; `more` are other fields of the node."""
    names = sorted(found)
    return Node(
        type_name(type(value)),
        ("\0".join(names).encode("utf-8", "surrogatepass"),),
        children=[found[name] for name in names],
        labels=lambda: [attribute_label(name) for name in names],
        **more,
    )


def with_attributes(node: Node, value: Any) -> Node:
    """Add the attributes of an object whose class is a subclass of a container."""
    found = attributes(value)
    if not found:
        return node
    return node._replace(
        content=(),
        children=[Described(node), Described(attributes_node(value, found))],
        labels=lambda: ["", ""],
        unordered=0,
        in_one=None,
    )


def unreadable(cls: type, reason: str) -> Node:
    """Describe an object that is not read; a model stays a model, so that its verdict is undetermined."""
    return Node(type_name(cls), opaque=f"{type_name(cls)}: {reason}", kind=_kind_of(cls))


@per_class
def _is_hashed_by_address(meta: type) -> bool:
    found = next(members(base)["__hash__"] for base in ancestry(meta) if "__hash__" in members(base))
    return found is members(object)["__hash__"]


def refusal(value: Any) -> Optional[Node]:
    """Return what stands for a class whose metaclass defines a hash, or an instance of such a class.

    To look such a class up, as every adapter does, would call the user's code.
    """
    kind = type(value)
    meta = kind if issubclass(kind, type) else type(kind)
    if meta is type:
        return None
    if _is_hashed_by_address(meta):
        return None
    reason = "an object whose class defines its own equality"
    return Node("object", opaque=reason, kind="definition" if issubclass(kind, type) else "data")


class Described:
    """A part of an object that has been described already, to be used as a child."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node


def read(value: Any) -> Node:
    """Describe any object."""
    cls = type(value)
    if cls is Described:
        node: Node = value.node
        return node
    plan = layout(cls)
    found = attributes(value)
    if plan.hidden is not None:
        return _read_c(value, plan, found)
    if plan.sealed:
        return unreadable(cls, "its attributes are out of sight")
    if not is_user_class(cls):
        found = {name: Described(clock.READING) if clock.is_reading(item) else item for name, item in found.items()}
    return attributes_node(value, found, kind=plan.kind, holds=plan.holds, text=lambda: f"<{type_name(cls)}>")


def _read_c(value: Any, plan: _Layout, found: Dict[str, Any]) -> Node:
    """Describe an object written in C, by the state that it returns for pickling and copying."""
    assert plan.hidden is not None
    state = _reduced(value, plan.hidden)
    if state is _NOTHING:
        reason = f"{type_name(type(value))}: its state cannot be read from Python"
        return attributes_node(value, found, opaque=reason)
    labels = [f".<state {i}>" for i in range(len(state))]
    return Node(
        type_name(type(value)),
        children=[Described(attributes_node(value, found)), *state] if found else state,
        labels=lambda: ["", *labels] if found else labels,
        kind=plan.kind,
        text=lambda: clip(f"<{type_name(type(value))}>"),
    )


def _reduced(value: Any, base: type) -> Any:
    """Return the parts of an object's `__reduce_ex__`, or `_NOTHING` if that would run code of the user's."""
    own = members(base)
    method = own.get("__reduce__") or own.get("__reduce_ex__")
    state = own.get("__getstate__")
    asked = _ASKED if method is None else _ASKED - {"__reduce__", "__reduce_ex__"}
    if type(method) is types.FunctionType or _overrides(type(value), asked):
        return _NOTHING
    try:
        if state is not None and type(state) is not types.FunctionType:
            return [state(value)]
        reduced: Any = object.__reduce_ex__(value, 2) if method is None else method(value)
    except Exception:  # noqa: BLE001  C types refuse with TypeError, NotImplementedError, ValueError ...
        return _NOTHING
    if type(reduced) is str:
        return [reduced]
    # (callable, arguments, state, list items, dict items): pickle, `object.__reduce__`.
    parts: List[Any] = list(reduced[1:3])
    parts += [list(items) for items in reduced[3:5] if items is not None]
    return parts


@per_class
def _overrides(cls: type, asked: FrozenSet[str]) -> bool:
    """Whether pickling an object of this class would run code of the user's."""
    return any(not asked.isdisjoint(members(base)) for base in ancestry(cls) if is_user_class(base))
