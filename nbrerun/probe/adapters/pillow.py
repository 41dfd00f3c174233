"""Pillow: images, fonts, and objects that draw on images."""

from __future__ import annotations

import io
import math
import sys
from typing import Any, Dict, Optional

from ..describe.node import Node, attribute_label, clip, reads, type_name
from .generic import attributes, attributes_node, is_user_class


@reads("PIL.Image.Image")
def image(value: Any) -> Optional[Node]:
    """An image, by its pixels, mode, size, palette and info, whether or not it has been loaded from its file."""
    name, own = type_name(type(value)), attributes(value)
    if is_user_class(type(value)):
        return None
    core = own.get("_im", own.get("im"))  # The second is where Pillow 10 keeps it.
    loaded = value if core is not None and not own.get("tile") else _loaded(value, own)
    if loaded is None:
        return Node(name, opaque=f"{name}: its pixels are not loaded yet, and its file cannot be read again")
    palette = attributes(loaded).get("palette")
    colours = b""
    if palette is not None:
        colours = str(palette.mode).encode() + bytes(attributes(palette)["_palette"] or b"")
    pixels = _pixels(loaded)
    return Node(
        name,
        (loaded.mode.encode(), repr(loaded.size).encode(), colours, b"%d" % value.tell()),
        [pixels, loaded.info],
        lambda: ["", ".info"],
        size=("numpy.asarray({}).shape", str(pixels.shape)) if pixels.ndim > 1 else ("{}.size", str(loaded.size)),
        text=lambda: f"<{type(value).__name__} {loaded.mode} {loaded.size}>",
    )


def _pixels(loaded: Any) -> memoryview:
    """The pixels by rows, columns and colours, if each colour has a byte; else as they lie in memory."""
    pixels, shape = memoryview(loaded.tobytes()), (loaded.height, loaded.width, len(loaded.getbands()))
    return pixels.cast("B", shape) if pixels.nbytes == math.prod(shape) > 0 else pixels


def _loaded(value: Any, own: Any) -> Optional[Any]:
    """Load the image a second time from its source: loading the notebook's own one would close its file."""
    file = own.get("fp")
    source = own.get("filename") or (io.BytesIO(file.getvalue()) if type(file) is io.BytesIO else None)
    try:
        twin = sys.modules["PIL.Image"].open(source)
        if value.tell():
            twin.seek(value.tell())
        twin.load()
    except Exception:  # noqa: BLE001  the file is gone or has changed, and every format has its own exceptions
        return None
    return twin if (twin.mode, twin.size) == (value.mode, value.size) else None


@reads("PIL.ImageDraw.ImageDraw")
def draw(value: Any) -> Node:
    """An object that draws, by its image, ink and settings."""
    own = attributes(value)
    kept: Dict[str, Any] = {name: own[name] for name in ("_image", "ink", "fill", "fontmode") if name in own}
    return attributes_node(value, kept)


@reads("PIL.ImageFont.FreeTypeFont", "PIL.ImageFont.ImageFont")
def font(value: Any) -> Node:
    """A font, by its source and settings."""
    kept = attributes(value, ("font", "image"))
    for name, item in kept.items():
        if type(item) is io.BytesIO:  # a font given as a file, which is at its end once it has been read
            kept[name] = item.getvalue()
    label = clip(str(kept.get("path", "")))
    names = sorted(kept)
    return Node(
        type_name(type(value)),
        ("\0".join(names).encode(),),
        [kept[name] for name in names],
        lambda: [attribute_label(name) for name in names],
        text=lambda: f"<font {label}>",
    )
