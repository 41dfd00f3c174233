"""What a cell declares: the tags `nbrerun:...`, and `nbrerun` in its metadata."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from nbrerun.errors import NotebookError
from nbrerun.model import Declared, Verdict
from nbrerun.rules import RULES, matching
from nbrerun.spelling import suggestion

PREFIX = "nbrerun:"

NBCLIENT = {"nbval-skip": "skip-execution", "nbval-raises-exception": "raises-exception"}
"""Tags of nbval, and the tags of nbclient that mean the same."""

_SKIP = "skip"
_CLOSE = re.compile(r"nbrerun[:_ .-]+([a-z-]+)", re.IGNORECASE)
"""Tags that resemble ours, such as `nbrerun-skip`: they must not be ignored silently."""
_VERDICTS = {
    str(verdict): verdict
    for verdict in (Verdict.IN_PLACE, Verdict.RESET, Verdict.PERSISTED, Verdict.ERROR, Verdict.STATELESS)
}
_KEYS = ("expect", "skip", "ignore")


def tags(words: object) -> list[str]:
    """List the tags of a cell; tags of nbval are followed by those of nbclient that mean the same."""
    # What is malformed is ignored here; `declared` reports it if it concerns nbrerun.
    own = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
    return [*own, *(NBCLIENT[word] for word in own if word in NBCLIENT)]


def declared(place: str, metadata: Mapping[str, Any], is_code: bool = True) -> Declared:
    """Read what a cell declares.

    Args:
        place: the notebook and the cell, for error messages.
        metadata: of the cell.
        is_code: whether it is a code cell; only code cells can declare anything.

    Raises:
        NotebookError: the declaration is invalid.
    """
    own = _own_tags(place, metadata.get("tags"))
    said = _metadata(place, metadata.get("nbrerun", {}))
    if (own or said) and not is_code:
        what = f"the tag `{PREFIX}{own[0]}`" if own else "metadata.nbrerun"
        raise NotebookError(f"{place}: {what} applies to code cells only, and this is not a code cell")
    expected = {_VERDICTS[word] for word in own if word != _SKIP} | _expect(place, said)
    if len(expected) > 1:
        words = " and ".join(sorted(map(str, expected)))
        raise NotebookError(f"{place}: it declares more than one verdict: {words}")
    skip = said.get("skip", False)
    if not isinstance(skip, bool):
        raise NotebookError(f"{place}: metadata.nbrerun.skip must be true or false")
    return Declared(next(iter(expected), None), _SKIP in own or skip, _ignore(place, said))


def _own_tags(place: str, words: object) -> list[str]:
    if isinstance(words, str) and words.startswith(PREFIX):
        raise NotebookError(f"{place}: metadata.tags must be a list of tags, not {words!r}")
    own = [tag.removeprefix(PREFIX) for tag in tags(words) if tag.startswith(PREFIX)]
    known = (*_VERDICTS, _SKIP)
    for tag in tags(words):
        close = _CLOSE.fullmatch(tag)
        if close and not tag.startswith(PREFIX) and close[1].lower() in known:
            _unknown(f"{place}: there is no tag `{tag}`", close[1].lower(), known, PREFIX)
    for word in own:
        if word not in known:
            _unknown(f"{place}: there is no tag `{PREFIX}{word}`", word, known, PREFIX)
    return own


def _metadata(place: str, said: object) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise NotebookError(f'{place}: metadata.nbrerun must be an object, such as {{"expect": "in-place"}}')
    for key in said:
        if key not in _KEYS:
            _unknown(f"{place}: metadata.nbrerun of a cell has no key `{key}`", key, _KEYS)
    return said


def _expect(place: str, said: Mapping[str, Any]) -> set[Verdict]:
    if "expect" not in said:
        return set()
    word = said["expect"]
    if not isinstance(word, str) or word not in _VERDICTS:
        _unknown(f"{place}: metadata.nbrerun.expect cannot be {word!r}", str(word), _VERDICTS)
    return {_VERDICTS[word]}


def _ignore(place: str, said: Mapping[str, Any]) -> tuple[str, ...]:
    codes = said.get("ignore", [])
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise NotebookError(f'{place}: metadata.nbrerun.ignore must be a list of rules, such as ["NBR005"]')
    for code in codes:
        if not matching(code):
            _unknown(f"{place}: metadata.nbrerun.ignore: there is no rule {code!r}", code.upper(), RULES)
    return tuple(code.upper() for code in codes)


def _unknown(what: str, word: str, known: Collection[str], prefix: str = "") -> NoReturn:
    raise NotebookError(f"{what}; {suggestion(word, known, prefix)}")
