"""Digests of the environment variables that a verdict depends on, and whether these have changed since.

Compared are the variables of nbrerun's own process, which every kernel inherits. Values may be secrets, so only one
digest of all of them is stored, with a salt of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PREFIXES = ("PYTHON", "LC_")
_NAMES = frozenset({"LANG", "LANGUAGE", "TZ", "IPYTHONDIR"})
_TIME_ZONE = "/etc/localtime"
"""Link to the time zone that holds where TZ is not set (localtime(5))."""


@dataclass(frozen=True)
class Environment:
    """Variables that cells looked up, as they were during the check."""

    names: tuple[str, ...]
    every: bool
    """Cells went through all variables."""
    salt: str
    digest: str

    @classmethod
    def now(cls, names: Iterable[str], every: bool) -> Environment:
        """Take a digest of the variables as they are."""
        names, salt = tuple(sorted(names)), secrets.token_hex(16)
        return cls(names, every, salt, _digest(names, every, salt))

    def is_still(self) -> bool:
        """Tell whether all of them have the values that they had, and those that were not set are not set."""
        return _digest(self.names, self.every, self.salt) == self.digest


def _digest(names: tuple[str, ...], every: bool, salt: str) -> str:
    values = sorted(os.environ.items()) if every else [(name, os.environ.get(name)) for name in names]
    return hashlib.blake2b(json.dumps([salt, values]).encode(), digest_size=32).hexdigest()


def always(kernel: Mapping[str, str]) -> list[object]:
    """List what every kernel depends on: the interpreter's variables, the locale, the time zone.

    Args:
        kernel: the variables that the kernelspec sets; they may refer to others, as in `${HOME}/lib`.
    """
    names = (name for name in os.environ if name.startswith(_PREFIXES) or name in _NAMES)
    filled = {name: string.Template(text).safe_substitute(os.environ) for name, text in kernel.items()}
    return [sorted((name, os.environ[name]) for name in names), sorted(filled.items()), os.path.realpath(_TIME_ZONE)]
