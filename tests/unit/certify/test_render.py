"""A certificate as text, as JSON and as a badge."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from lxml import etree

from nbrerun.certify import render
from nbrerun.certify.answer import Certificate, Difference, Effect
from nbrerun.certify.factors import factors
from nbrerun.model import Change, Failure

X = Difference("x", 3, (Change("x[0]", "1", "2", 1.0),), 2)
NOTHING = Effect("locale", "LC_ALL=C")
CERTIFICATE = Certificate("nb.ipynb", (NOTHING,))
RAISED = Failure("ValueError", "no <b>", (), 5)


@pytest.mark.parametrize(
    ("certificate", "word"),
    [
        (CERTIFICATE, "yes"),
        (replace(CERTIFICATE, unsettled=(X,)), "except for 1 value"),
        (replace(CERTIFICATE, effects=(NOTHING, Effect("folder", "", (X,)))), "depends on folder"),
        (
            replace(CERTIFICATE, effects=(Effect("threads", "", (X,)), Effect("folder", "", raised=RAISED))),
            "depends on threads and 1 more",
        ),
        (replace(CERTIFICATE, effects=(Effect("folder", "", reason="too large"),)), "in part"),
        (replace(CERTIFICATE, failure=RAISED), "not known"),
    ],
)
def test_the_word_and_its_badge(certificate: Certificate, word: str) -> None:
    """The badge says the same in its picture and to a screen reader, and is as wide as its parts."""
    assert render.word(certificate)[0] == word
    out = io.StringIO()
    render.badge(certificate, out)
    root = etree.fromstring(out.getvalue().encode())
    assert root.get("aria-label") == f"reproducible: {word}"
    texts = root.findall(".//{*}text")
    assert [text.text for text in texts] == ["reproducible", word]
    widths = [int(rect.get("width")) for rect in root.findall(".//{*}g/{*}rect")]
    assert sum(widths) == int(root.get("width"))


def test_the_text_has_both_values() -> None:
    """Below the factor, with the cell."""
    out = io.StringIO()
    certificate = replace(CERTIFICATE, effects=(NOTHING, Effect("folder", "a copy", (X,))), unsettled=(X,))
    render.as_text(certificate, out)
    assert out.getvalue().splitlines() == [
        "nb.ipynb: depends on folder",
        "  locale  does not matter  (LC_ALL=C)",
        "  folder  matters to 1 value  (a copy)",
        "    x, from cell 3 on",
        "      x[0]: 1 -> 2 (by at most 1)",
        "      and 2 more",
        "  differs by itself, so that nothing more can be said of it:",
        "    x, from cell 3 on",
        "      x[0]: 1 -> 2 (by at most 1)",
        "      and 2 more",
    ]


def test_every_factor_changes_the_environment_or_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the environment says already what a factor would set."""
    for name, value in (("PYTHONHASHSEED", "1"), ("OMP_NUM_THREADS", "1")):
        monkeypatch.setenv(name, value)
    before = {"A": "1", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
    for factor in factors():
        after = factor.change(before)
        assert list(after.items()) != list(before.items()) or factor.name == "folder", factor


def test_the_first_line_says_what_the_answer_is_about() -> None:
    """The word alone would leave open to what."""
    for certificate, said in (
        (replace(CERTIFICATE, effects=(NOTHING,), unsettled=()), "reproducible: yes"),
        (replace(CERTIFICATE, effects=(NOTHING,), unsettled=(X,)), "reproducible: except for 1 value"),
    ):
        out = io.StringIO()
        render.as_text(certificate, out)
        assert out.getvalue().splitlines()[0] == f"nb.ipynb: {said}"
