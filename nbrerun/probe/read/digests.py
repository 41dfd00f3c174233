"""Digests of described objects."""

from __future__ import annotations

from typing import Sequence

from ..describe.digest import new_hash
from ..describe.node import Node
from .untouched import LARGE, digest_of_buffer


def digest_of_bytes(data: bytes) -> bytes:
    """Return the digest of a byte string."""
    hasher = new_hash()
    hasher.update(data)
    digest: bytes = hasher.digest()
    return digest


def digest_of(node: Node, parts: Sequence[bytes]) -> bytes:
    """Return the digest of an object from its description and the digests of its children."""
    hasher = new_hash()
    hasher.update(node.type.encode("utf-8", "surrogatepass"))
    # Every piece is preceded by its length: without that, ("ab", "c") and ("a", "bc") would have equal digests.
    for content in node.content:
        size = content.nbytes if isinstance(content, memoryview) else len(content)
        hasher.update(b"%d:" % size)
        hasher.update(content if size < LARGE else digest_of_buffer(content))
    if node.unordered:
        size = node.unordered
        parts = sorted(b"".join(parts[i : i + size]) for i in range(0, len(parts), size))
    if parts:
        hasher.update(b"".join([b"%d:%b" % (len(part), part) for part in parts]))
    digest: bytes = hasher.digest()
    return digest
