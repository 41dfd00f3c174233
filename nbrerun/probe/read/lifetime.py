"""Which objects outlive the reading of a state, by their reference counts.

Adapters make objects while they describe others (an array of a column, a dict of settings). Their addresses say
nothing about identity, since the next reading makes new ones.
"""

from __future__ import annotations

import gc
import sys
from typing import Any, Dict, Sequence, Set

from ..adapters.generic import Described


def lasting(kept: Dict[int, Any]) -> Set[int]:
    """Return the addresses of the objects that something other than the reader refers to.

    Args:
        kept: all objects that were read, by address; nothing else of the reader's refers to them.
    """
    # What `sys.getrefcount` returns for an object that only such a dict holds differs between Pythons.
    ours = _references({0: object()})[0]
    counts = _references(kept)
    pending = [identity for identity, count in counts.items() if count <= ours]
    while pending:  # what only such objects refer to was made for the reading as well
        for part in _held_by(kept[pending.pop()]):
            if counts.get(id(part), ours) > ours:
                counts[id(part)] -= 1
                if counts[id(part)] == ours:
                    pending.append(id(part))
    return {identity for identity, count in counts.items() if count > ours}


def _held_by(value: Any) -> Sequence[Any]:
    """Return the objects that an object refers to."""
    if type(value) is Described:
        return value.node.children
    numpy = sys.modules.get("numpy")
    # numpy's arrays take no part in garbage collection, so the collector does not know what a view refers to.
    is_view = numpy is not None and type(value) is getattr(numpy, "ndarray", None)
    return [value.base] if is_view else gc.get_referents(value)


def _references(kept: Dict[int, Any]) -> Dict[int, int]:
    return {identity: sys.getrefcount(value) for identity, value in kept.items()}
