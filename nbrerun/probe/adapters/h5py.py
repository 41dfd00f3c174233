"""h5py: files, groups and datasets, by the place where they are. What is stored there is the value of the file."""

from __future__ import annotations

from typing import Any

from ..describe.node import Node, reads, type_name


@reads("h5py._hl.base.HLObject")
def stored(value: Any) -> Node:
    """A file, a group or a dataset; nothing is left of one in a closed file but its type."""
    if not value:
        return Node(type_name(type(value)), (b"closed",), text=lambda: "closed")
    place = f"{value.file.filename}{value.name}"
    return Node(type_name(type(value)), (place.encode("utf-8", "surrogateescape"),), text=lambda: f"<{place}>")
