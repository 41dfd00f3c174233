"""Objects that no adapter knows: their attributes, found without calling anything of theirs."""

from __future__ import annotations

import struct
import types
from typing import Any, Dict, List

from ..node import Node, attribute_label, clip, type_name

_HEAP_TYPE = 1 << 9
_NOTHING = object()
_POINTER = struct.calcsize("P")


def attributes(value: Any) -> Dict[str, Any]:
    """The instance's own attributes: its `__dict__` and its slots, never a property."""
    found: Dict[str, Any] = {}
    for cls in type(value).__mro__:
        own = vars(cls)
        for name, member in own.items():
            if isinstance(member, types.MemberDescriptorType) and cls.__flags__ & _HEAP_TYPE:
                try:
                    found.setdefault(name, member.__get__(value))
                except AttributeError:  # a slot that was never filled
                    continue
        descriptor = own.get("__dict__")
        if isinstance(descriptor, types.GetSetDescriptorType):
            namespace = descriptor.__get__(value)
            if isinstance(namespace, dict):
                found.update({str(key): item for key, item in namespace.items()})
    return found


def hides_state(cls: type) -> bool:
    """Whether instances have memory of the class's own that is neither `__dict__` nor a Python slot."""
    base = cls.__base__
    if base is None:
        return False
    pointers = bool(cls.__dictoffset__) - bool(base.__dictoffset__)
    pointers += bool(cls.__weakrefoffset__) - bool(base.__weakrefoffset__)
    if cls.__flags__ & _HEAP_TYPE:
        pointers += sum(isinstance(member, types.MemberDescriptorType) for member in vars(cls).values())
    return cls.__basicsize__ - base.__basicsize__ > pointers * _POINTER or cls.__itemsize__ > base.__itemsize__


def attributes_node(value: Any, found: Dict[str, Any], **more: Any) -> Node:
    """An object that is nothing but attributes."""
    names = sorted(found)
    return Node(
        type_name(type(value)),
        tuple(name.encode("utf-8", "surrogatepass") for name in names),
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
    if type(value) is Described:
        return value.node
    cls = type(value)
    found = attributes(value)
    base = _c_base(cls)
    if base is object:
        own = cls.__module__ == "__main__"
        return attributes_node(value, found, kind=kind_of(cls), holds=own, text=lambda: f"<{type_name(cls)}>")
    return _read_c(value, base, found)


def _c_base(cls: type) -> type:
    """The nearest base that is written in C and holds what Python does not see."""
    return next((base for base in cls.__mro__ if hides_state(base)), object)


def kind_of(cls: type) -> str:
    """A class that can be fitted and asked is a model, whoever wrote it."""
    methods = {name for base in cls.__mro__ for name, member in vars(base).items() if callable(member)}
    learns = methods & {"fit", "partial_fit", "train", "train_step", "update_weights"}
    answers = methods & {"predict", "transform", "forward", "predict_proba", "score", "__call__"}
    return "model" if learns and answers else "data"


def _read_c(value: Any, base: type, found: Dict[str, Any]) -> Node:
    """What a type written in C tells of itself for pickling and copying."""
    state = _reduced(value, base)
    if state is _NOTHING:
        reason = f"{type_name(type(value))}: its state cannot be read from Python"
        return attributes_node(value, found, opaque=reason)
    labels = [f".<state {i}>" for i in range(len(state))]
    return Node(
        type_name(type(value)),
        children=[Described(attributes_node(value, found)), *state] if found else state,
        labels=lambda: ["", *labels] if found else labels,
        kind=kind_of(type(value)),
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
