"""scipy.sparse: matrices and arrays in their formats."""

from __future__ import annotations

from typing import Any, Dict

from ..describe.node import Node, attribute_label, reads, type_name
from .generic import attributes

_PARTS = ("data", "indices", "indptr", "row", "col", "coords", "offsets", "rows")
_COMPRESSED = ("csr", "csc", "bsr")


@reads("scipy.sparse._base._spbase", "scipy.sparse._base.spmatrix", "scipy.sparse.base.spmatrix")
def sparse(value: Any) -> Node:
    """A sparse matrix or array, by the arrays of its format, without cached flags.

    The order of indices and duplicates in a compressed matrix are not part of the value, since many functions of
    scipy sort the indices and add up the duplicates of their arguments. Stored zeros are: `nnz` and `data` show them.
    """
    own = _sorted(value) if value.format in _COMPRESSED else attributes(value)
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


def _sorted(value: Any) -> Dict[str, Any]:
    """Return the arrays in canonical form, computed with a copy, so that the matrix itself stays as it is."""
    twin = object.__new__(type(value))
    vars(twin).update(attributes(value))
    if twin.has_canonical_format:
        return attributes(value)
    twin = twin.copy()
    twin.sum_duplicates()
    found: Dict[str, Any] = vars(twin)
    return found
