"""Text as markup: sentences, output of terminals, source, Markdown."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from nbrerun.reporters.html import words
from tests import pages


def test_code_in_a_sentence_is_marked_and_all_else_escaped() -> None:
    """Backticks stand around code; an odd one is only a backtick."""
    assert words.prose("`a<b>` is <i>\n&`") == "<code>a&lt;b&gt;</code> is &lt;i&gt; &amp;`"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ("a\x1b[31mred\x1b[0m b", 'a<span class="ansi1">red</span> b'),
        ("\x1b[1;4;3mx", '<span class="bold italic underline">x</span>'),
        ("\x1b[38;5;196mx\x1b[38;2;0;200;0my", '<span class="ansi1">x</span><span class="ansi2">y</span>'),
        (" 10%\r 99%\r100%\nnext\r\n", "100%\nnext"),
        ("a\x07\x1b]8;;http://x\x07b\x1b]8;;\x07\u202ec", "abc"),
        ("one\n\n  two", "one\n\n  two"),
    ],
    ids=["markup", "colour", "style", "many colours", "progress", "controls", "spaces"],
)
def test_a_terminal_is_imitated(written: str, shown: str) -> None:
    """Colours and styles stay, a line written over is what was last, and nothing else gets through."""
    assert words.terminal(written) == shown


def test_source_is_highlighted_and_escaped() -> None:
    """Its lines stay as they are."""
    shown = words.source("\nif x <  1:\n    y = 'a'  # <b>\n", values=True)
    assert shown.striptags() == "if x < 1: y = 'a' # <b>"
    assert '<span class="k">if</span>' in shown
    assert "<b>" not in shown
    assert shown.startswith("\n")


@pytest.mark.parametrize("values", [True, False], ids=["values", "no values"])
def test_a_secret_in_the_source_is_hidden(values: bool) -> None:
    """A line that names one shows no text."""
    assert "hunter2" not in words.source("password = 'hunter2'\nx = 1", values=values)


def test_without_values_texts_and_numbers_of_the_source_are_hidden() -> None:
    """In comments, in long texts and in texts with names in them as well; the names stay."""
    source = 'x = 41 + 0.5\ny = f"a {x} secret2"  # was 42\n"""long\nsecret3"""\nz = b"secret4" + ""\n'
    shown = words.source(source, values=False).striptags()
    assert not any(value in shown for value in ("41", "0.5", "secret2", "42", "long", "secret3", "secret4"))
    assert "{x}" in shown.replace(" ", "")
    assert '""' in shown


def test_markdown_is_rendered_below_the_headings_of_the_page() -> None:
    """The page has two levels of its own; tables and code are known."""
    shown = words.markdown("# Title\n###### Six\n\n| a |\n| - |\n| 1 |\n\n`code` ~~no~~", {})
    assert "<h3>Title</h3>" in shown
    assert "<h6>Six</h6>" in shown
    assert "<td>1</td>" in shown
    assert "<code>code</code> <s>no</s>" in shown


def test_a_picture_in_markdown_is_shown_if_it_is_attached() -> None:
    """One that would have to be loaded is not."""
    attached = {"a.png": {"image/png": pages.PIXEL}}
    shown = words.markdown(
        "![here](attachment:a.png) ![gone](attachment:b.png) ![far](https://example.org/c.png)", attached
    )
    assert f'<img src="data:image/png;base64,{pages.PIXEL}" alt="here">' in shown
    assert '<img alt="gone">' in shown
    assert '<img alt="far">' in shown


def test_markdown_that_is_nested_too_deeply_is_shown_as_it_is() -> None:
    """To read a hundred thousand elements in each other would take hours."""
    text = "<div>" * 100_000
    assert words.markdown(text, {}) == Markup("<pre>{}</pre>").format(text)
