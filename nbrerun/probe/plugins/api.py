"""The interface for adapters of other packages, and checks on what these return.

Whatever such an adapter does, reading the state continues: what it cannot describe is opaque, with a reason that
names its package.
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
from ..describe.quiet import warnings_hidden

_KINDS = frozenset({"model", "generator", "iterator", "definition", "data"})
_Find = Callable[[], Iterable[Tuple[str, Any]]]


class Api:
    """The object that `register` of another package is called with (docs/adapters.md)."""

    version = 1
    """Increased when something is added; nothing is removed."""
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
            ValueError: a type is not in the module that the entry point is for.
        """
        for name in types:
            if not is_within(name, self._module):
                raise ValueError(f"{name} is not in {self._module}")

        def register(adapter: Adapter) -> Adapter:
            self._adapters.update(dict.fromkeys(types, _guarded(adapter, self._package)))
            return adapter

        return register

    def draws_from(self, found: _Find) -> _Find:
        """Register what finds the generators that the library draws from by default.

        Raises:
            TypeError: a name is not a text.
        """
        _checked_names(found())
        self._generators.append(_forgiving(found))
        return found

    def commit(self) -> None:
        """Use what was registered, after `register` has returned without an error."""
        ADAPTERS.update(self._adapters)
        GLOBAL_GENERATORS.extend(self._generators)


def _guarded(adapter: Adapter, package: str) -> Adapter:
    """Wrap an adapter so that an object is opaque where the adapter fails."""

    def read(value: Any) -> Optional[Node]:
        try:
            with warnings_hidden():
                node = adapter(value)
            return None if node is None else _checked(node, package)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  a panic in Rust code (pyo3) is no Exception
            return generic.unreadable(type(value), f"the adapter of {package} raised {describe_error(error)}")

    return read


def describe_error(error: BaseException) -> str:
    """Return the type of an exception and the beginning of its message."""
    try:
        return clip(f"{type(error).__name__}: {error}", 100)
    except Exception:  # noqa: BLE001  `str` of an exception may raise as well
        return type(error).__name__


_RULES: Tuple[Tuple[str, Callable[[Node], bool]], ...] = (
    ("its `type` is not a text", lambda node: type(node.type) is str),
    ("its `content` is not a tuple of bytes", lambda node: all(map(_is_bytes, node.content))),
    ("its `kind` is unknown", lambda node: node.kind in _KINDS),
    ("its `size` is not a pattern and a text", lambda node: node.size is None or _is_size(*node.size)),
    ("its `opaque` is not a text", lambda node: node.opaque is None or bool(node.opaque and type(node.opaque) is str)),
    ("its children are not groups of `unordered`", lambda node: not len(node.children) % (node.unordered or 1)),
    (
        "exactly generators have a `Stand`",
        lambda node: _is_generator(node) == (node.kind == "generator"),
    ),
    ("a generator has no children", lambda node: not (_is_generator(node) and node.children)),
)
"""What the reader relies on in every node."""


def _is_bytes(item: Any) -> bool:
    # A hash takes contiguous buffers only.
    return isinstance(item, (bytes, bytearray)) or (isinstance(item, memoryview) and item.c_contiguous)


def _is_size(pattern: str, length: str) -> bool:
    return type(pattern.format("x")) is str and type(length) is str


def _is_generator(node: Node) -> bool:
    stand = node.generator
    return isinstance(stand, Stand) and type(stand.state) is bytes and type(stand.algorithm) is str


def _checked(node: Any, package: str) -> Node:
    """Return a node that the reader can rely on, also when it asks for labels or text later.

    Raises:
        TypeError: the node breaks a rule.
    """
    if type(node) is not Node:
        raise TypeError(f"it returned {type(node).__name__}, not a Node")
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
    """Wrap a function that only the report needs: where it fails, the report shows less, and no verdict changes."""

    def ask() -> Any:
        try:
            with warnings_hidden():
                found = function()
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  as in `_guarded`
            return otherwise
        return found if type(found) in types else otherwise

    return ask


def _labels(labels: Callable[[], Any], count: int) -> Callable[[], Sequence[Optional[str]]]:
    """Wrap `labels` so that each child has a label: the parts of a value without one would not be shown."""
    fallback = [f".<part {i}>" for i in range(count)]
    ask = _asked(lambda: list(labels()), (list,), fallback)

    def get() -> Sequence[Optional[str]]:
        found: List[Any] = ask()
        fits = len(found) == count and all(label is None or type(label) is str for label in found)
        return found if fits else fallback

    return get


def _put_back(stand: Stand, package: str) -> Callable[[bytes], object]:
    """Wrap `put_back` so that its error names the package; the cell is undetermined then."""

    def put_back(state: bytes) -> None:
        try:
            stand.put_back(state)
        except Exception as error:  # noqa: BLE001  any error is passed on, with the package's name
            what = f"the adapter of {package} could not put a generator back: {describe_error(error)}"
            raise RuntimeError(what) from None

    return put_back


def _checked_names(found: Iterable[Tuple[str, Any]]) -> List[Tuple[str, Any]]:
    pairs = [(name, target) for name, target in found]
    if any(type(name) is not str for name, _ in pairs):
        raise TypeError("the name of a generator is not a text")
    return pairs


def _forgiving(found: _Find) -> _Find:
    """Wrap a function that finds generators: where it fails, there are none."""

    def find() -> Iterable[Tuple[str, Any]]:
        try:
            return _checked_names(found())
        except Exception:  # noqa: BLE001  it worked when it was registered, so the library's state has changed
            return []

    return find
