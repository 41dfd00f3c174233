"""Which values are never shown, since they look like secrets by the name that the notebook gives them.

This decides what is displayed, and nothing else: a verdict comes from the values all the same.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence

HIDDEN = "(hidden)"
"""Stands for a value that is not shown."""

_ENVIRONMENT = "env:os.environ["
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""Of an identifier: `apiKey`, `API_KEY` and `api_key` have two."""
_NOUNS = (
    r"(?:pass(?:word|wd|phrase|code)s?|pwd|secrets?|token|credentials?|auth(?:orization)?"
    r"|(?:api|access|private|secret)[ _-]?key)"
)
_SECRET = re.compile(rf"\b{_NOUNS}\b")
_GIVEN = re.compile(rf"({_NOUNS}(?![a-z])['\"\]]*(?:=|: ?)(?:Bearer |Basic )?)[^\s'\",;(){{}}\[\]]+", re.IGNORECASE)
"""What follows `password=` or `token: `."""
_IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
"""The password in `postgres://user:password@host`."""
_LITERAL = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1?""")
_NUMBER = re.compile(r"\b\d[\w.]*")
_MISSED = re.compile(r"name '\w+' is not defined")
"""What Python says of a missing name: no value."""


_SHORTEST = 6
"""Characters of a value of the environment that is looked for in other texts; a shorter one is part of many words."""
_LONGEST = 60
"""Characters that the probe leaves of a value (`probe/describe/node.py`)."""


def is_secret(path: str) -> bool:
    """Whether the value of a name, a key or an attribute is hidden; those of environment variables all are."""
    return path.startswith(_ENVIRONMENT) or _names_secret(path)


def shown(text: str, hidden: Sequence[str] | None = None) -> str:
    """Hide the passwords of addresses, and the values of environment variables that look like secrets.

    Args:
        hidden: these values, as `hidden_values` returns them, for whoever shows many texts.
    """
    for value in hidden_values() if hidden is None else hidden:
        text = text.replace(value, HIDDEN)
        if "…" in text:  # it may be clipped in the middle of the value
            for size in range(min(len(value), _LONGEST), _SHORTEST - 1, -1):
                text = text.replace(f"{value[:size]}…", f"{HIDDEN}…")
    return _IN_URL.sub(r"\1***@", text)


def shown_error(text: str) -> str:
    """Hide what looks like a secret in the text of an exception or in a traceback."""
    return "\n".join(map(_shown_line, text.split("\n")))


def _shown_line(line: str) -> str:
    line = _GIVEN.sub(r"\1***", line)
    if _names_secret(_LITERAL.sub("", line)):
        line = _LITERAL.sub("'***'", line)
    elif _names_secret(line):  # a text in it is the name of a secret: `KeyError: 'password'`
        line = _LITERAL.sub(lambda found: found[0] if _is_name_of_secret(found[0][1:-1]) else "'***'", line)
    return shown(line)


def _is_name_of_secret(text: str) -> bool:
    return text.isidentifier() and _names_secret(text)


def hidden_values() -> tuple[str, ...]:
    """The values of environment variables that are not shown, the longest first."""
    return _values_hidden(tuple(getattr(os, "environb", os.environ).items()))


@functools.lru_cache(1)
def _values_hidden(environment: tuple[tuple[str | bytes, str | bytes], ...]) -> tuple[str, ...]:
    """Each as it is, and as `repr` writes it."""
    decoded = ((os.fsdecode(name), os.fsdecode(value)) for name, value in environment)
    # `PWD` is the current folder (POSIX, "Environment Variables").
    found = {value for name, value in decoded if name != "PWD" and _names_secret(name)}
    found |= {repr(value)[1:-1] for value in found}
    return tuple(sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True))


def shown_code(line: str) -> str:
    """Hide all texts of a line of source that mentions a secret."""
    return _LITERAL.sub("'***'", line) if _names_secret(line) else shown(line)


def code_without_values(line: str) -> str:
    """Hide all texts and numbers of a line of source."""
    return _NUMBER.sub("***", _LITERAL.sub("'***'", line))


def error_without_values(text: str) -> str:
    """Hide what an exception says, except for the name that is missing."""
    missed = _MISSED.match(text)
    return missed[0] if missed else text and HIDDEN


@functools.lru_cache(4096)
def _names_secret(text: str) -> bool:
    return bool(_SECRET.search(" ".join(_WORDS.findall(text)).lower()))
