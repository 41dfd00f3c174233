"""TensorFlow's graphs: their operations, inputs and attributes, independent of names."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Tuple

from ..describe.digest import new_hash

_COUNTED = frozenset({"token", "shared_name", "container", "metadata", "config", "config_proto", "executor_type"})
"""Attributes that contain numbered names, or say how an operation is run and not what it computes."""


def graph_digest(graph: Any) -> bytes:
    """Return a digest that is equal for graphs that compute the same in the same way; names are ignored."""
    return _Functions(graph.library).body(graph.node, ())


class _Functions:
    """The functions that a graph calls, which have their names in this graph only."""

    def __init__(self, library: Any) -> None:
        self._known = {item.signature.name: item for item in library.function}
        self._done: Dict[str, bytes] = {}

    def body(self, nodes: Any, arguments: Iterable[str]) -> bytes:
        """Digest operations in their order, with the positions of their inputs."""
        names = [*arguments, *(node.name for node in nodes)]
        places = {name: place for place, name in enumerate(names)}
        hasher = new_hash()
        for node in nodes:
            inputs = [_wired(name, places) for name in node.input]
            hasher.update(repr((node.op, inputs, self._settings(node))).encode())
        return bytes(hasher.digest())

    def _settings(self, node: Any) -> List[Tuple[str, Any]]:
        found: List[Tuple[str, Any]] = []
        for key in sorted(key for key in node.attr if key not in _COUNTED and not key.startswith("_")):
            value = node.attr[key]
            called = [value.func] if value.HasField("func") else list(value.list.func)
            functions = [self._function(item.name) for item in called]
            found.append((key, functions or value.SerializeToString(deterministic=True)))
        return found

    def _function(self, name: str) -> bytes:
        found = self._known.get(name)
        if found is not None and name not in self._done:
            self._done[name] = b"calls itself"
            self._done[name] = self._whole(found)
        return self._done.get(name, b"unknown")

    def _whole(self, function: Any) -> bytes:
        arguments = [item.name for item in function.signature.input_arg]
        places = {node.name: place for place, node in enumerate(function.node_def)}
        returned = [_wired(function.ret[item.name], places) for item in function.signature.output_arg]
        return self.body(function.node_def, arguments) + repr(returned).encode()


def _wired(name: str, places: Dict[str, int]) -> Tuple[bool, int, str]:
    """Return the place of an input: `^NoOp` is a control input, `split:output:1` one of several outputs."""
    operation, _, output = name.lstrip("^").partition(":")
    return name.startswith("^"), places.get(operation, -1), output
