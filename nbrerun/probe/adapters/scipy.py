"""scipy.sparse: matrices and arrays in their formats."""

from __future__ import annotations

from typing import Any

from ..node import Node, attribute_label, reads, type_name

_PARTS = ("data", "indices", "indptr", "row", "col", "coords", "offsets", "rows")


@reads("scipy.sparse._base._spbase", "scipy.sparse._base.spmatrix", "scipy.sparse.base.spmatrix")
def sparse(value: Any) -> Node:
    """The arrays of its format; cached flags are not value."""
    own = vars(value)
    parts = {name: own[name] for name in _PARTS if name in own}
    items = [*parts.values(), dict(value.items())] if value.format == "dok" else list(parts.values())
    return Node(
        type_name(type(value)),
        (repr(value.shape).encode(), str(value.dtype).encode()),
        items,
        lambda: [*map(attribute_label, parts), ""][: len(items)],
        size=("{}.shape", str(value.shape)),
        text=lambda: f"sparse {value.format} of shape {value.shape}",
    )
