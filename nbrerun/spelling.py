"""Suggestions for misspelt words, for error messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_CUTOFF = 0.6
"""Similarity from which on a word is suggested; the default of `difflib.get_close_matches`."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most similar, the first of several; None if none is similar enough."""
    # get_close_matches breaks ties by the alphabet; the order of `known` is that of the documentation.
    similarity = {one: difflib.SequenceMatcher(None, one, word).ratio() for one in known}
    best = max(similarity, key=similarity.__getitem__, default=None)
    return best if best is not None and similarity[best] >= _CUTOFF else None


def suggestion(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Write `did you mean ...?`, or, if no known word is similar, `choose from ...`; each word gets the prefix."""
    known = list(known)
    close = closest(word, known)
    if close is not None:
        return f"did you mean `{prefix}{close}`?"
    return f"choose from {', '.join(f'`{prefix}{one}`' for one in known)}"
