"""What a notebook declares to need in a comment, as PEP 723 defines it for scripts, and juv writes it into a cell."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""The definition of PEP 723 ("Specification")."""


@dataclass(frozen=True)
class InlineMetadata:
    """The block `script` of a notebook."""

    requires_python: str = ""
    """A version specifier, such as `>=3.11`; empty if nothing is said."""
    dependencies: tuple[str, ...] = ()
    """Requirements (PEP 508)."""
    problem: str = ""
    """Why it cannot be read; empty if it can."""


def read(sources: Iterable[str]) -> InlineMetadata | None:
    """Return what the first cell with such a block declares; None if no cell has one.

    Args:
        sources: those of the code cells, in document order.
    """
    blocks = (block for source in sources for block in _BLOCK.finditer(source) if block["type"] == "script")
    block = next(blocks, None)
    if block is None:
        return None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        said = tomllib.loads("\n".join(line[2:] for line in block["content"].splitlines()))
    except (RecursionError, ValueError) as error:
        return InlineMetadata(problem=f"it is not TOML ({str(error).splitlines()[0]})")
    python, needed = said.get("requires-python", ""), said.get("dependencies", [])
    if not isinstance(python, str):
        return InlineMetadata(problem="`requires-python` is not a string")
    if not isinstance(needed, list) or not all(isinstance(one, str) for one in needed):
        return InlineMetadata(problem="`dependencies` is not a list of strings")
    return InlineMetadata(python, tuple(needed))
