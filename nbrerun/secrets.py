"""Which values are never shown, since they look like secrets by the name that the notebook gives them.

This decides what is displayed, and nothing else: a verdict comes from the values all the same.
"""

from __future__ import annotations

import re

HIDDEN = "(hidden)"
"""Stands for a value that is not shown."""

_ENVIRONMENT = "env:os.environ["
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""Of an identifier: `apiKey`, `API_KEY` and `api_key` have two."""
_SECRET = re.compile(
    r"\b(?:pass(?:word|wd|phrase|code)s?|pwd|secrets?|token|credentials?|auth|(?:api|access|private|secret) ?key)\b"
)
_IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
"""The password in `postgres://user:password@host`."""
_LITERAL = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1?""")
_NUMBER = re.compile(r"\b\d[\w.]*")
_MISSED = re.compile(r"name '\w+' is not defined")
"""What Python says of a missing name: no value."""


def is_secret(path: str) -> bool:
    """Whether the value of a name, a key or an attribute is hidden; those of environment variables all are."""
    return path.startswith(_ENVIRONMENT) or _names_secret(path)


def shown(text: str) -> str:
    """Hide the passwords of addresses."""
    return _IN_URL.sub(r"\1***@", text)


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


def _names_secret(text: str) -> bool:
    return bool(_SECRET.search(" ".join(_WORDS.findall(text)).lower()))
