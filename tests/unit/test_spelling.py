"""Suggestions for misspelt words."""

from __future__ import annotations

import pytest

from nbrerun.spelling import closest, suggestion

ENGINES = ("auto", "fork", "replay")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("fork", "fork"), ("frok", "fork"), ("repaly", "replay"), ("threads", None), ("", None)],
)
def test_the_most_similar_word_is_suggested(word: str, expected: str | None) -> None:
    """A word that resembles none of the known ones has no suggestion."""
    assert closest(word, ENGINES) == expected


def test_of_equally_similar_words_the_first_is_suggested() -> None:
    """The order of the known words decides, not the alphabet."""
    assert closest("xay", ["xby", "xcy"]) == "xby"
    assert closest("xay", ["xcy", "xby"]) == "xcy"


def test_nothing_is_similar_to_nothing() -> None:
    """Without known words there is no suggestion."""
    assert closest("fork", []) is None


def test_a_suggestion_is_the_closest_word_or_all_words() -> None:
    """Each word is quoted with its prefix."""
    assert suggestion("frok", ENGINES, "--engine=") == "did you mean `--engine=fork`?"
    assert suggestion("threads", ENGINES) == "choose from `auto`, `fork`, `replay`"
