"""Names that Keras makes of a class's own name and a counter, as `dense_3`; the number depends on what came before."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, FrozenSet, List, Optional

from ..describe.node import per_class
from .generic import ancestry, members, of_class


def public_names(value: Any, found: Dict[str, Any], leave: FrozenSet[str]) -> Dict[str, Any]:
    """Return attributes under their public names, without automatic names of the object itself.

    Args:
        found: the attributes of the object.
        leave: names of attributes to leave out.
    """
    kept: Dict[str, Any] = {}
    public = _properties(type(value))
    for name, item in found.items():
        if name in leave or name.startswith("_self_"):
            continue
        if name in ("name", "_name") and _is_automatic(type(value), item):
            continue
        kept[name[1:] if name[:1] == "_" and name[1:] in public else name] = item
    return kept


@per_class
def _properties(cls: type) -> FrozenSet[str]:
    """Return the names of properties: each shows an attribute of the same name with an underscore."""
    return frozenset(
        name for base in ancestry(cls) for name, item in members(base).items() if isinstance(item, property)
    )


def _is_automatic(cls: type, name: Any) -> bool:
    """Whether a name is the one that Keras would make, with any number: `dense_3`, `backward_lstm_3`."""
    own = re.escape(_snake_case(of_class(cls, "__name__")))
    return type(name) is str and re.fullmatch(rf"((for|back)ward_)?{own}(_\d+)?", name) is not None


def _snake_case(name: str) -> str:
    # As `to_snake_case` of keras.src.utils.naming.
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


_NUMBERED = re.compile(r"_\d")
_NUMBER = 2
"""`re.split` gives, again and again: the text between names, a class's name, its number."""


def numbered_as_first(names: List[str]) -> List[str]:
    """Return names of metrics in logs as a new kernel would number them: `val_dense_7_auc_3` as `val_dense_auc`.

    The model cannot tell which names are automatic: compiled again, it no longer has the metrics of its last `fit`.
    """
    saveable = getattr(sys.modules.get("keras.src.saving.keras_saveable"), "KerasSaveable", None)
    if saveable is None or not any(map(_NUMBERED.search, names)):
        return names
    pattern = _numbered_classes(saveable)
    found = [pattern.split(name) for name in names]
    return [_renumbered(parts, [other for other in found if _plain(other) == _plain(parts)]) for parts in found]


def _numbered_classes(saveable: type) -> "re.Pattern[str]":
    """Return a pattern for automatic names of all classes of Keras and of the user that have any."""
    classes: List[type] = [saveable]
    for cls in classes:
        classes += type.__subclasses__(cls)  # a class with two bases is listed twice, which does no harm
    names = {_snake_case(of_class(cls, "__name__")) for cls in set(classes)}
    longest_first = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
    return re.compile(rf"(?<![A-Za-z0-9])({longest_first})(?:_(\d+))?(?![A-Za-z0-9])")


def _plain(parts: List[Optional[str]]) -> List[Optional[str]]:
    return [part for place, part in enumerate(parts) if place % 3 != _NUMBER]


def _renumbered(parts: List[Optional[str]], alike: List[List[Optional[str]]]) -> str:
    """Return a name with new numbers, which only have to tell it from those that are alike without them."""
    renumbered = [part or "" for part in parts]
    for place in range(_NUMBER, len(parts), 3):
        own, *counts = (int(other[place] or 0) for other in (parts, *alike))
        lower = {count for count in counts if count < own}
        renumbered[place] = f"_{len(lower)}" if lower else ""
    return "".join(renumbered)
