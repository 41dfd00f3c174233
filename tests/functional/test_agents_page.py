"""docs/agents.md shows what the server answers."""

from __future__ import annotations

import pytest

from tests.functional import agents_page
from tests.functional.agents_page import lasting, shown, with_answers

PAGE = agents_page.PAGE.read_text(encoding="utf-8")


def test_the_page_shows_what_the_server_answers() -> None:
    """A session of eleven questions; update it with `python -m tests.functional.agents_page --write`."""
    said, given = shown(PAGE), agents_page.answers(PAGE)
    assert len(said) == PAGE.count("\n> ") == 11
    for question, answer in said.items():
        assert lasting(answer) == lasting(given[question]), question


def test_digits_are_not_compared_but_words_and_counts_are() -> None:
    """How far a weight moved depends on the processor and the library."""
    text = 'by up to {}: "array([{}, …], shape=(1, 30))", cells [{}], "verdict": "{}"'
    one = lasting(text.format("38.9", "-1.5", 4, "reset"))
    assert one == lasting(text.format("3.1e-05", "7", 4, "reset"))
    assert one != lasting(text.format("38.9", "-1.5", 5, "reset"))
    assert one != lasting(text.format("38.9", "-1.5", 4, "in-place"))


def test_writing_puts_answers_under_their_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stood there is replaced, the rest of the page stays, and writing twice changes nothing."""
    monkeypatch.setattr(agents_page, "answers", lambda page: dict.fromkeys(shown(page), "new\n"))
    page = '# A\n\n```text\n> tool {"cell": 1}\nold\n```\n\nB\n\n```text\n> tool {"cell": 2}\n```\n'
    written = with_answers(page)
    assert shown(written) == {'tool {"cell": 1}': "new\n", 'tool {"cell": 2}': "new\n"}
    assert written == page.replace("old\n", "new\n").replace("2}\n", "2}\nnew\n")
    assert with_answers(written) == written
