"""Objects that no adapter knows: their attributes, found without calling anything of theirs."""

from __future__ import annotations

import struct
import types
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from ..node import Node, attribute_label, clip, per_class, type_name

_HEAP_TYPE = 1 << 9
_NOTHING = object()
_POINTER = struct.calcsize("P")

_LEARNS = frozenset({"fit", "partial_fit", "train", "train_step", "update_weights"})
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
    kind: str


@per_class
def layout(cls: type) -> _Layout:
    """Look a class over, once."""
    slots: Dict[str, Any] = {}
    namespace = None
    for base in cls.__mro__:
        own = vars(base)
        if base.__flags__ & _HEAP_TYPE:
            for name, member in own.items():
                if isinstance(member, types.MemberDescriptorType):
                    slots.setdefault(name, member)
        descriptor = own.get("__dict__")
        if namespace is None and isinstance(descriptor, types.GetSetDescriptorType):
            namespace = descriptor
    hidden = next((base for base in cls.__mro__ if _hides_state(base)), None)
    return _Layout(tuple(slots.items()), namespace, _caches(cls), hidden, _kind_of(cls))


def _caches(cls: type) -> FrozenSet[str]:
    found = {"_cache", "_item_cache"}
    for base in cls.__mro__:
        if base.__module__ != "__main__":
            found |= {name for name, member in vars(base).items() if type(member).__name__ == "cached_property"}
    return frozenset(found) if cls.__module__ != "__main__" else frozenset()


def _hides_state(cls: type) -> bool:
    """Whether instances have memory of the class's own that is neither `__dict__` nor a Python slot."""
    base = cls.__base__
    if base is None:
        return False
    pointers = bool(cls.__dictoffset__) - bool(base.__dictoffset__)
    pointers += bool(cls.__weakrefoffset__) - bool(base.__weakrefoffset__)
    if cls.__flags__ & _HEAP_TYPE:
        pointers += sum(isinstance(member, types.MemberDescriptorType) for member in vars(cls).values())
    return cls.__basicsize__ - base.__basicsize__ > pointers * _POINTER or cls.__itemsize__ > base.__itemsize__


def _kind_of(cls: type) -> str:
    """A class that can be fitted and asked is a model, whoever wrote it."""
    methods = {name for base in cls.__mro__ for name, member in vars(base).items() if callable(member)}
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
        if isinstance(namespace, dict):
            found.update({str(key): item for key, item in dict.items(namespace) if key not in plan.caches})
    return found


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
    own = cls.__module__ == "__main__"
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
    method = base.__dict__.get("__reduce__") or base.__dict__.get("__reduce_ex__")
    if "__getstate__" in base.__dict__ and not isinstance(base.__dict__["__getstate__"], types.FunctionType):
        return [base.__dict__["__getstate__"](value)]
    if isinstance(method, types.FunctionType):
        return _NOTHING
    try:
        reduced: Any = object.__reduce_ex__(value, 2) if method is None else method(value)
    except Exception:  # noqa: BLE001  C types refuse in their own ways: TypeError, NotImplementedError, ValueError ...
        return _NOTHING
    if isinstance(reduced, str):
        return [reduced]
    parts: List[Any] = list(reduced[1:3])
    parts += [list(items) for items in reduced[3:5] if items is not None]
    return parts
