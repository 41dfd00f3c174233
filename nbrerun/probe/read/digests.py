"""Digests of described objects."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from ..describe.digest import new_hash
from ..describe.node import Node
from .untouched import LARGE, digest_of_buffer


def digest_of_bytes(data: bytes) -> bytes:
    """Return the digest of a byte string."""
    hasher = new_hash()
    hasher.update(data)
    digest: bytes = hasher.digest()
    return digest


def content_of(content: Any) -> Tuple[Any, Any]:
    """What to hash of a buffer: its length, without which ("ab", "c") and ("a", "bc") would be equal, and its bytes."""
    size = content.nbytes if isinstance(content, memoryview) else len(content)
    return b"%d:" % size, content if size < LARGE else digest_of_buffer(content)


def digest_of(node: Node, parts: Sequence[bytes]) -> bytes:
    """Return the digest of an object from its description and the digests of its children."""
    hasher = new_hash()
    hasher.update(node.type.encode("utf-8", "surrogatepass"))
    for content in node.content:
        for piece in content_of(content):
            hasher.update(piece)
    if node.unordered:
        size = node.unordered
        parts = sorted(b"".join(parts[i : i + size]) for i in range(0, len(parts), size))
    if parts:
        hasher.update(b"".join([b"%d:%b" % (len(part), part) for part in parts]))
    digest: bytes = hasher.digest()
    return digest
