"""Objects that no adapter knows: their attributes, found without calling anything of theirs."""

from __future__ import annotations

import struct
import sys
import sysconfig
import types
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from ..describe.node import Node, attribute_label, clip, per_class, type_name
from ..protocol.messages import VariableKind

_HEAP_TYPE = 1 << 9
_NOTHING = object()
_POINTER = struct.calcsize("P")
_LIBRARIES = (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix)

_OF_THE_CLASS = frozenset({"__dictoffset__", "__weaklistoffset__", "__vectorcalloffset__"})
"""Members that a class written in C says of itself; read from an instance they are addresses and counts."""

_LEARNS = frozenset({"fit", "partial_fit", "train", "train_step", "update_weights"})
_ASKED = frozenset(
    {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__", "__class__", "__getattr__"}
    | {"__getattribute__"}
)
_ANSWERS = frozenset({"predict", "transform", "forward", "predict_proba", "score", "__call__"})


class _Layout(NamedTuple):
    """Where the instances of a class keep their state."""

    slots: Tuple[Tuple[str, Any], ...]
    namespace: Optional[Any]
    """The descriptor of `__dict__`, whatever a property of that name may say."""
    caches: FrozenSet[str]
    """Attributes of a library's class that are filled when somebody asks, and so are no value."""
    hidden: Optional[type]
    """The nearest base written in C that holds what Python does not see."""
    sealed: bool
    """There is a `__dict__`, and something else answers to its name."""
    kind: VariableKind


def of_class(cls: type, name: str) -> Any:
    """What Python itself knows of a class, whatever its metaclass would say."""
    return vars(type)[name].__get__(cls)


@per_class
def ancestry(cls: type) -> Tuple[type, ...]:
    """A class and its bases, in the order in which they are asked."""
    found: Tuple[type, ...] = of_class(cls, "__mro__")
    return found


def members(cls: type) -> Any:
    """What the body of a class holds."""
    return of_class(cls, "__dict__")


def module_of(cls: type) -> str:
    """Name of the module that a class says it is from, empty where it says something else."""
    try:
        name = of_class(cls, "__module__")
    except AttributeError:  # a class can be made without
        return ""
    return name if type(name) is str else ""


def derives(value: Any, base: Any) -> bool:
    """`isinstance` without asking the object for its `__class__`."""
    return issubclass(type(value), base)


@per_class
def is_persons(cls: type) -> bool:
    """Whether the person wrote a class: in the notebook, or in a file of their own."""
    name = module_of(cls)
    if not of_class(cls, "__flags__") & _HEAP_TYPE:
        return False
    return name == "__main__" or is_local(namespace_of(sys.modules.get(name)))


def namespace_of(module: Any) -> Dict[str, Any]:
    """What a module holds, without loading one that waits to be loaded."""
    if not derives(module, types.ModuleType):
        return {}
    found: Dict[str, Any] = vars(types.ModuleType)["__dict__"].__get__(module)
    return found


def is_local(namespace: Dict[str, Any]) -> bool:
    """Whether a module is of the person's own, made by hand or from a file outside of where libraries are."""
    file = namespace.get("__file__")
    if file is None and namespace.get("__spec__") is None:
        return True
    return type(file) is str and not file.startswith(_LIBRARIES)


@per_class
def layout(cls: type) -> _Layout:
    """Look a class over, once."""
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
    return _Layout(tuple(slots.items()), namespace, _caches(cls), hidden, sealed, _kind_of(cls))


def _caches(cls: type) -> FrozenSet[str]:
    if module_of(cls) == "__main__":
        return frozenset()
    found = {"_cache", "_item_cache"}
    for base in ancestry(cls):
        if module_of(base) != "__main__":
            found |= {name for name, member in members(base).items() if _is_named(member, "cached_property")}
    return frozenset(found)


def _is_named(value: Any, name: str) -> bool:
    return bool(of_class(type(value), "__name__") == name)


def _hides_state(cls: type) -> bool:
    """Whether instances have memory of the class's own that is neither `__dict__` nor a Python slot."""
    base = of_class(cls, "__base__")
    if base is None:
        return False
    pointers = 0
    for offset in ("__dictoffset__", "__weakrefoffset__"):
        pointers += bool(of_class(cls, offset)) - bool(of_class(base, offset))
    if of_class(cls, "__flags__") & _HEAP_TYPE:
        pointers += sum(type(member) is types.MemberDescriptorType for member in members(cls).values())
    more = of_class(cls, "__basicsize__") - of_class(base, "__basicsize__")
    return bool(more > pointers * _POINTER or of_class(cls, "__itemsize__") > of_class(base, "__itemsize__"))


def _kind_of(cls: type) -> VariableKind:
    """A class that can be fitted and asked is a model, whoever wrote it."""
    methods = {name for base in ancestry(cls) for name, member in members(base).items() if callable(member)}
    return "model" if methods & _LEARNS and methods & _ANSWERS else "data"


def attributes(value: Any) -> Dict[str, Any]:
    """The instance's own attributes: its `__dict__` and its slots, never a property."""
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
            _add_attributes(found, dict.items(namespace), plan.caches)
    return found


def _add_attributes(found: Dict[str, Any], items: Any, caches: FrozenSet[str]) -> None:
    """Add a namespace; keys that are no names of attributes can be put there as well."""
    others = []
    for key, item in items:
        if type(key) is not str:
            others.append((key, item))
        elif key not in caches:
            found[key] = item
    if others:
        found["<other keys>"] = others


def attributes_node(value: Any, found: Dict[str, Any], **more: Any) -> Node:
    """An object that is nothing but attributes."""
    names = sorted(found)
    return Node(
        type_name(type(value)),
        ("\0".join(names).encode("utf-8", "surrogatepass"),),
        children=[found[name] for name in names],
        labels=lambda: [attribute_label(name) for name in names],
        **more,
    )


def with_attributes(node: Node, value: Any) -> Node:
    """A subclass of a container that also has attributes of its own."""
    found = attributes(value)
    if not found:
        return node
    return node._replace(
        content=(),
        children=[Described(node), Described(attributes_node(value, found))],
        labels=lambda: ["", ""],
        unordered=0,
    )


def unreadable(cls: type, reason: str) -> Node:
    """What stands for an object that is not read; a model that is not read is a model still."""
    return Node(type_name(cls), opaque=f"{type_name(cls)}: {reason}", kind=_kind_of(cls))


def refusal(value: Any) -> Optional[Node]:
    """What stands for a class with a hash of its own, and for its instances: to look it up is to ask it."""
    kind = type(value)
    meta = kind if issubclass(kind, type) else type(kind)
    if meta is type or not _has_hash(meta):
        return None
    reason = "an object whose class says itself what it is equal to"
    return Node("object", opaque=reason, kind="definition" if issubclass(kind, type) else "data")


def _has_hash(meta: type) -> bool:
    found = next(members(base)["__hash__"] for base in ancestry(meta) if "__hash__" in members(base))
    return found is not members(object)["__hash__"]


class Described:
    """A part of an object that is described already."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node


def read(value: Any) -> Node:
    """Any object at all."""
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
    own = module_of(cls) == "__main__"
    return attributes_node(value, found, kind=plan.kind, holds=own, text=lambda: f"<{type_name(cls)}>")


def _read_c(value: Any, plan: _Layout, found: Dict[str, Any]) -> Node:
    """What a type written in C tells of itself for pickling and copying."""
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
    """`copyreg`'s view of an object, unless it would run code that the person wrote."""
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
    except Exception:  # noqa: BLE001  C types refuse in their own ways: TypeError, NotImplementedError, ValueError ...
        return _NOTHING
    if type(reduced) is str:
        return [reduced]
    parts: List[Any] = list(reduced[1:3])
    parts += [list(items) for items in reduced[3:5] if items is not None]
    return parts


@per_class
def _overrides(cls: type, asked: FrozenSet[str]) -> bool:
    """Whether what pickling asks an object for would run code of the person's."""
    return any(not asked.isdisjoint(members(base)) for base in ancestry(cls) if is_persons(base))
