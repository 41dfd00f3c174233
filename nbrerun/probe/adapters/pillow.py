"""Pillow: images, and what draws on them."""

from __future__ import annotations

import io
import sys
from typing import Any, Dict, Optional

from ..describe.node import Node, attribute_label, clip, reads, type_name
from .generic import attributes, attributes_node, is_persons


@reads("PIL.Image.Image")
def image(value: Any) -> Optional[Node]:
    """Pixels, mode, size, palette and notes; whether they have been loaded from their file is no value."""
    name, own = type_name(type(value)), attributes(value)
    if is_persons(type(value)):
        return None
    loaded = value if own.get("_im") is not None and not own.get("tile") else _loaded(value, own)
    if loaded is None:
        return Node(name, opaque=f"{name}: its pixels are not loaded yet, and its file cannot be read again")
    return Node(
        name,
        (loaded.mode.encode(), repr(loaded.size).encode(), loaded.tobytes(), _palette(loaded), b"%d" % value.tell()),
        [loaded.info],
        lambda: [".info"],
        size=("{}.size", str(loaded.size)),
        text=lambda: f"<{type(value).__name__} {loaded.mode} {loaded.size}>",
    )


def _palette(loaded: Any) -> bytes:
    palette = attributes(loaded).get("palette")
    if palette is None:
        return b""
    return str(palette.mode).encode() + bytes(attributes(palette)["_palette"] or b"")


def _loaded(value: Any, own: Any) -> Optional[Any]:
    """The image read once more from where it is: after loading, its own file could not be drafted or closed."""
    source = own.get("filename") or _copied(own.get("fp"))
    try:
        twin = sys.modules["PIL.Image"].open(source)
        if value.tell():
            twin.seek(value.tell())
        twin.load()
    except Exception:  # noqa: BLE001  a file that is gone, or another by now: each format has its own exceptions
        return None
    return twin if (twin.mode, twin.size) == (value.mode, value.size) else None


def _copied(file: Any) -> Any:
    return io.BytesIO(file.getvalue()) if type(file) is io.BytesIO else None


@reads("PIL.ImageDraw.ImageDraw")
def draw(value: Any) -> Node:
    """The image that it draws on, and with what."""
    own = attributes(value)
    kept: Dict[str, Any] = {name: own[name] for name in ("_image", "ink", "fill", "fontmode") if name in own}
    return attributes_node(value, kept)


@reads("PIL.ImageFont.FreeTypeFont", "PIL.ImageFont.ImageFont")
def font(value: Any) -> Node:
    """Where it was loaded from, and its size."""
    kept = {name: item for name, item in attributes(value).items() if name not in ("font", "image")}
    label = clip(str(kept.get("path", "")))
    names = sorted(kept)
    return Node(
        type_name(type(value)),
        ("\0".join(names).encode(),),
        [_read(kept[name]) for name in names],
        lambda: [attribute_label(name) for name in names],
        text=lambda: f"<font {label}>",
    )


def _read(item: Any) -> Any:
    """A font may be given as a file, which has been read to its end."""
    return item.getvalue() if type(item) is io.BytesIO else item
