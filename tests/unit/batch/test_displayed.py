"""What is shown of a notebook's own words, in every format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbrerun.batch.displayed import LONGEST_NAME, displayed, sentence
from nbrerun.model import CellReport, Change, Failure, Kind, NotebookReport, Seconds, VariableReport, Verdict
from nbrerun.secrets import shown, shown_error

LONG = "x" * 5000


def _report(text: str) -> NotebookReport:
    variable = VariableReport(
        text, Kind.DATA, text, Verdict.IN_PLACE, follows=(text,), changes=(Change(text, text, text),), reason=text
    )
    cell = CellReport(0, "id", Verdict.IN_PLACE, f"`{text}` keeps changing", text, Seconds(), (variable,))
    return NotebookReport("p" * 300, "", text, text, cells=(cell,), failure=Failure(text, text, (text,), 0))


def test_long_names_keys_and_values_are_clipped_wherever_they_are() -> None:
    """Those in sentences as well; the path of the notebook is as it is, since the file is looked up by it."""
    found = displayed(_report(LONG))
    assert found.path == "p" * 300
    assert "x" * LONGEST_NAME not in repr(found)
    (cell,) = found.cells
    assert (len(cell.variables[0].name), len(cell.first_line)) == (LONGEST_NAME, LONGEST_NAME)
    assert cell.reason.endswith("x` keeps changing")
    assert found == displayed(found)


def test_what_is_short_is_as_it_was() -> None:
    """Words, numbers and dates of ours included."""
    assert displayed(_report("model.coef_")) == _report("model.coef_")
    assert sentence("a sentence " * 100) == "a sentence " * 100
    several = replace(_report("x"), kernel_reason="a word " * 100, declared="package and " * 100)
    assert displayed(several) == several


def test_secrets_of_the_environment_are_hidden_wherever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are, as `repr` writes them, or clipped; the current folder is no secret, and short values are words."""
    monkeypatch.setenv("SERVICE_TOKEN", "hunter2\nhunter3 and more")
    monkeypatch.setenv("PWD", "/home/me/work")
    monkeypatch.setenv("SHORT_TOKEN", "true")
    found = displayed(_report("hunter2\nhunter3 and more"))
    assert "hunter" not in repr(found)
    assert shown(r"'hunter2\nhunter3 and more'") == "'(hidden)'"
    assert shown("'hunter2\nhunt…") == "'(hidden)…"
    assert shown("/home/me/work is true") == "/home/me/work is true"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("invalid token: abc123, try again", "invalid token: ***, try again"),
        ("https://x.org?api_key=abc&n=1", "https://x.org?api_key=***"),
        ("{'password': 'abc', 'n': 1}", "{'password': '***', '***': 1}"),
        ("    login(password='abc')", "    login(password='***')"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("postgres://me:abc@host", "postgres://me:***@host"),
        ("'password'", "'password'"),
        ("name 'token' is not defined", "name 'token' is not defined"),
        ("could not convert string to float: 'abc'", "could not convert string to float: 'abc'"),
        ("tokenizer: abc", "tokenizer: abc"),
        ("one\ntoken=abc", "one\ntoken=***"),
    ],
)
def test_an_exception_tells_no_secret(text: str, expected: str) -> None:
    """Neither after its name nor between quotes; other texts and the names are as they are."""
    assert shown_error(text) == expected
