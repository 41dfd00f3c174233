"""Pillow: images, and what draws on them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from nbrerun.probe.read.parts import leaves
from tests.unit.probe.looking import changed, digest, moved, paths, read

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"]


def image(mode: str = "RGB") -> Any:
    """A small picture."""
    made = Image.new(mode, (4, 3))
    made.putpixel((1, 1), (1,) * len(made.getbands()) if len(made.getbands()) > 1 else 1)
    return made


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_is_read(mode: str) -> None:
    """Made again or copied it is equal, with another pixel it is not, and there is a change to show."""
    one, other = image(mode), image(mode)
    other.putpixel((2, 2), (1,) * len(other.getbands()) if len(other.getbands()) > 1 else 1)
    assert not read(one).opaque
    assert digest(one) == digest(image(mode)) == digest(one.copy()) != digest(other)
    assert moved(one, one.copy()) == {}
    assert moved(one, other)


def test_a_change_of_pixels_is_a_number() -> None:
    """How far a colour went, and the numbers by rows, columns and colours, of which a report draws a picture."""
    one = image("RGB")
    assert changed(one, lambda im: im.putpixel((2, 2), (200, 0, 0))) == {"x": 200.0}
    leaf = leaves("x", one)["x"]
    assert leaf["length"] == "(3, 4, 3)"
    assert len(leaf["numbers"] or b"") == 8 * 3 * 4 * 3


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a size": lambda im: im.crop((0, 0, 3, 3)),
    "a shape": lambda im: im.reshape if False else im.transpose(Image.Transpose.ROTATE_90),
    "a mode": lambda im: im.convert("RGBA"),
    "a note": lambda im: im.info.update(dpi=(72, 72)) or im,
    "a drawing": lambda im: ImageDraw.Draw(im).line((0, 0, 3, 2), fill="white") or im,
    "a palette": lambda im: im.convert("P"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_kind_of_change_is_seen(case: str) -> None:
    """Pixels, mode, size and notes are value."""
    one, other = image(), CHANGES[case](image())
    assert digest(one) == digest(image()) != digest(other)
    assert moved(one, other)


def test_another_palette_is_another_image() -> None:
    """The same numbers in other colours."""
    one, other = image("P"), image("P")
    one.putpalette([0, 0, 0, 255, 0, 0])
    other.putpalette([0, 0, 0, 0, 255, 0])
    again = image("P")
    again.putpalette([0, 0, 0, 255, 0, 0])
    assert digest(one) == digest(again) != digest(other)


def stored(folder: Path, kind: str = "png") -> Path:
    """A picture in a file."""
    image().save(folder / f"a.{kind}")
    return folder / f"a.{kind}"


@pytest.mark.parametrize("kind", ["png", "bmp", "gif", "jpeg", "tiff"])
def test_loading_is_no_change(tmp_path: Path, kind: str) -> None:
    """A picture that has been opened only is what it will be; and looking at it loads nothing."""
    opened = Image.open(stored(tmp_path, kind))
    before = digest(opened)
    assert not read(opened).opaque
    assert opened.fp is not None
    opened.load()
    assert digest(opened) == before
    other = Image.open(stored(tmp_path, kind))
    other.putpixel((0, 0), other.getpixel((0, 0)) + 100 if kind == "gif" else (200, 200, 200))
    assert digest(other) != before


def test_a_file_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    """A picture that was loaded is what it is; one that was not is opaque, with its type."""
    file = stored(tmp_path)
    loaded, opened = Image.open(file), Image.open(file)
    loaded.load()
    before = digest(loaded)
    file.unlink()
    assert digest(loaded) == before
    (why,) = read(opened).opaque
    assert "PngImageFile" in why
    assert opened.getpixel((1, 1)) == (1, 1, 1)
    assert digest(opened) == before


def test_a_picture_in_memory_is_read_without_moving_its_buffer() -> None:
    """Opened from bytes and not loaded yet."""
    buffer = io.BytesIO()
    image().save(buffer, "png")
    opened = Image.open(buffer)
    position = buffer.tell()
    assert not read(opened).opaque
    assert buffer.tell() == position
    before = digest(opened)
    opened.load()
    assert digest(opened) == before


def test_another_frame_of_a_film_is_another_value(tmp_path: Path) -> None:
    """`seek` moves on."""
    frames = [Image.new("P", (4, 4), color) for color in (0, 1, 2)]
    for number, frame in enumerate(frames):
        frame.putpalette([0, 0, 0, 255, 0, 0, 0, number, 255])
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    one, other = Image.open(tmp_path / "a.gif"), Image.open(tmp_path / "a.gif")
    assert digest(one) == digest(other)
    other.seek(2)
    assert digest(one) != digest(other)
    one.seek(2)
    assert digest(one) == digest(other)


def test_a_drawer_is_the_image_that_it_draws_on() -> None:
    """It moves on with it, and so do fonts of other sizes."""
    one, other = image(), image()
    pens = [ImageDraw.Draw(one), ImageDraw.Draw(other)]
    assert not read(pens[0]).opaque
    assert digest(pens[0]) == digest(pens[1])
    pens[1].point((0, 0), fill="white")
    assert digest(pens[0]) != digest(pens[1])
    fonts = [ImageFont.load_default(size) for size in (10, 10, 12)]
    assert not read(fonts[0]).opaque
    assert digest(fonts[0]) == digest(fonts[1]) != digest(fonts[2])


def test_a_size_is_told() -> None:
    """Notes have paths, too."""
    one, other = image(), Image.new("RGB", (5, 5))
    one.info["dpi"] = [72]
    assert moved(one, other)["numpy.asarray(x).shape"].again == "(5, 5, 3)"
    assert "x.info['dpi']" in paths(one)
