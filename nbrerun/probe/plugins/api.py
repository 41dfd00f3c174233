"""Adapters of other packages: what they are given to work with, and what holds when they fail.

Whatever such an adapter does, a look at the state goes on: what it cannot describe is opaque, with a
reason that names its package.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from ..adapters import generic
from ..describe.node import (
    ADAPTERS,
    GLOBAL_GENERATORS,
    Adapter,
    Node,
    Stand,
    attribute_label,
    clip,
    is_within,
    type_name,
)
from ..describe.quiet import unwarned

_KINDS = frozenset({"model", "generator", "iterator", "definition", "data"})
_Find = Callable[[], Iterable[Tuple[str, Any]]]


class Api:
    """What `register` of another package is called with (docs/adapters.md)."""

    version = 1
    """Grows when something is added; nothing is taken away."""
    Node = Node
    Stand = Stand
    attribute_label = staticmethod(attribute_label)
    attributes = staticmethod(generic.attributes)
    attributes_node = staticmethod(generic.attributes_node)
    clip = staticmethod(clip)
    type_name = staticmethod(type_name)

    def __init__(self, module: str, package: str) -> None:
        self._module = module
        self._package = package
        self._adapters: Dict[str, Adapter] = {}
        self._generators: List[_Find] = []

    def reads(self, *types: str) -> Callable[[Adapter], Adapter]:
        """Register an adapter for types and their subclasses, by qualified name.

        Raises:
            ValueError: a type is of another library than the entry point is for.
        """
        for name in types:
            if not is_within(name, self._module):
                raise ValueError(f"{name} is not of {self._module}")

        def register(adapter: Adapter) -> Adapter:
            self._adapters.update(dict.fromkeys(types, _guarded(adapter, self._package)))
            return adapter

        return register

    def draws_from(self, found: _Find) -> _Find:
        """Register what finds the generators that the library draws from when given none."""
        _checked_names(found())
        self._generators.append(_forgiving(found))
        return found

    def commit(self) -> None:
        """Use what was registered, now that all of it was."""
        ADAPTERS.update(self._adapters)
        GLOBAL_GENERATORS.extend(self._generators)


def _guarded(adapter: Adapter, package: str) -> Adapter:
    def read(value: Any) -> Optional[Node]:
        try:
            with unwarned():
                node = adapter(value)
            return None if node is None else _checked(node, package)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  what is written in Rust may panic outside of Exception
            return generic.unreadable(type(value), f"the adapter of {package} raised {told(error)}")

    return read


def told(error: BaseException) -> str:
    """An exception in a few words."""
    try:
        return clip(f"{type(error).__name__}: {error}", 100)
    except Exception:  # noqa: BLE001  an exception may fail at anything
        return type(error).__name__


_RULES: Tuple[Tuple[str, Callable[[Node], bool]], ...] = (
    ("its `type` is no text", lambda node: type(node.type) is str),
    ("its `content` is not a tuple of bytes", lambda node: all(map(_is_bytes, node.content))),
    ("its `kind` is none that there is", lambda node: node.kind in _KINDS),
    ("its `size` is not a pattern and a text", lambda node: node.size is None or _is_size(*node.size)),
    ("its `opaque` is no reason", lambda node: node.opaque is None or bool(node.opaque and type(node.opaque) is str)),
    ("its children are no groups of `unordered`", lambda node: not len(node.children) % (node.unordered or 1)),
    ("a generator has a `Stand`, and nothing else has", lambda node: _is_generator(node) == (node.kind == "generator")),
    ("a generator has no children", lambda node: not (_is_generator(node) and node.children)),
)
"""What the reader takes for granted of every node."""


def _is_bytes(item: Any) -> bool:
    return isinstance(item, (bytes, bytearray)) or (isinstance(item, memoryview) and item.c_contiguous)


def _is_size(pattern: str, length: str) -> bool:
    return type(pattern.format("x")) is str and type(length) is str


def _is_generator(node: Node) -> bool:
    stand = node.generator
    return isinstance(stand, Stand) and type(stand.state) is bytes and type(stand.algorithm) is str


def _checked(node: Any, package: str) -> Node:
    """A node that keeps every promise, also when it is asked for more later.

    Raises:
        TypeError: it breaks one.
    """
    if type(node) is not Node:
        raise TypeError(f"it gives {type(node).__name__}, and no Node")
    node = node._replace(children=list(node.children))
    for broken, holds in _RULES:
        if not holds(node):
            raise TypeError(broken)
    return node._replace(  # type: ignore[no-any-return]  # `_replace` of a Node gives a Node
        labels=node.labels and _labels(node.labels, len(node.children)),
        text=node.text and _asked(node.text, (str,), f"<{node.type}>"),
        numbers=node.numbers and _asked(node.numbers, (bytes, type(None)), None),
        generator=node.generator and node.generator._replace(put_back=_put_back(node.generator, package)),
    )


def _asked(function: Callable[[], Any], types: Tuple[type, ...], otherwise: Any) -> Callable[[], Any]:
    """What says more of a value that is read already: without it, less is shown, and nothing is wrong."""

    def ask() -> Any:
        try:
            with unwarned():
                found = function()
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  as in `_guarded`
            return otherwise
        return found if type(found) in types else otherwise

    return ask


def _labels(labels: Callable[[], Any], count: int) -> Callable[[], Sequence[Optional[str]]]:
    """One label for each child, whatever the adapter says: a part without one would not be compared."""
    fallback = [f".<part {i}>" for i in range(count)]
    ask = _asked(lambda: list(labels()), (list,), fallback)

    def get() -> Sequence[Optional[str]]:
        found: List[Any] = ask()
        fits = len(found) == count and all(label is None or type(label) is str for label in found)
        return found if fits else fallback

    return get


def _put_back(stand: Stand, package: str) -> Callable[[bytes], object]:
    """Say whose generator it is that does not go back: the cell is undetermined then."""

    def put_back(state: bytes) -> None:
        try:
            stand.put_back(state)
        except Exception as error:  # noqa: BLE001  whatever it was, it is passed on with a name to it
            raise RuntimeError(f"the adapter of {package} could not put a generator back: {told(error)}") from None

    return put_back


def _checked_names(found: Iterable[Tuple[str, Any]]) -> List[Tuple[str, Any]]:
    return [(name, target) for name, target in found if _is_text(name)]


def _is_text(name: Any) -> bool:
    if type(name) is not str:
        raise TypeError("the name of a generator is no text")
    return True


def _forgiving(found: _Find) -> _Find:
    """Asked at every look: generators that cannot be found any more are gone."""

    def find() -> Iterable[Tuple[str, Any]]:
        try:
            return _checked_names(found())
        except Exception:  # noqa: BLE001  as it answered when it was registered, it is the state that has changed
            return []

    return find
