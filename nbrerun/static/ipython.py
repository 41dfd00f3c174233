"""Tell the lines of a cell that are for IPython from those that are Python."""

from __future__ import annotations

import re
from collections.abc import Callable

from nbrerun.probe.source.ipython_names import (
    BINDING_BARE,
    CELL_MAGICS_AROUND,
    CELL_MAGICS_ELSEWHERE,
    EXTENSIONS,
    LINE_MAGICS,
    NEVER_BINDING,
)

# No automagic where an operator or a dot follows: `cd = 1` is Python, and `ls -l` is not.
_AUTOMAGIC = re.compile(r"\s*([a-zA-Z]\w*)\b[ \t]*(?:[^\s\w=!()<>,+*/%^&|.].*|(?<=[ \t])\w.*)?\s*")
_ASSIGNMENT = re.compile(r"^(\s*[\w\s,]+=\s*)([%!].*)$")
_MAGIC = re.compile(r"^(\s*)(%|!|\?).*$|^(\s*)[\w.*%]+\?{1,2}\s*$")


def with_percent(text: str) -> str:
    """Add the percent sign if the whole cell is one line magic without it (IPython calls this automagic)."""
    word = _AUTOMAGIC.fullmatch(text)
    return f"%{text.strip()}" if word and word[1] in LINE_MAGICS else text


def cell_magic(text: str) -> tuple[str, str] | None:
    """Split a cell into the name of its cell magic and the text below it; None if it has no cell magic."""
    if not text.lstrip().startswith("%%"):
        return None
    head, _, rest = text.lstrip().partition("\n")
    return (head[2:].split() or [""])[0], rest


def is_run_here(magic: str) -> bool:
    """Whether a cell magic may run its text in the notebook's namespace."""
    return magic not in CELL_MAGICS_ELSEWHERE


def is_python(magic: str) -> bool:
    """Whether a cell magic runs its cell as Python and binds no other names."""
    return magic in CELL_MAGICS_AROUND


def without_magics(text: str, is_plain: Callable[[str], bool]) -> tuple[str, list[str]]:
    """Split a cell into Python and the lines that are not Python.

    Args:
        is_plain: whether a text is Python as it stands.

    Returns:
        The cell with other lines replaced, so that line numbers stay the same; and those lines, stripped.
    """
    if is_plain(text):
        return text, []
    kept, magics = [], []
    goes_on = False
    for line in text.splitlines():
        python = "" if goes_on else _python_of(line)
        if goes_on or python != line:
            magics.append(line.strip())
            goes_on = line.endswith("\\")
        kept.append(python)
    return "\n".join(kept), magics


def _python_of(line: str) -> str:
    """A line as Python: `x = !ls` becomes `x = None`, a magic or a question becomes `pass`."""
    if assigned := _ASSIGNMENT.match(line):
        return f"{assigned[1]}None"
    if magic := _MAGIC.match(line):
        return f"{magic[1] or magic[3] or ''}pass"
    return line


def is_harmless(line: str) -> bool:
    """Whether a line that is not Python binds no name, except for those that its result is assigned to."""
    if assigned := _ASSIGNMENT.match(line):
        line = assigned[2]
    if not line.startswith("%") or line.endswith("?"):
        return True
    word, *rest = line.lstrip("%").split() or [""]
    if word == "load_ext":
        return set(rest) <= EXTENSIONS
    return word in NEVER_BINDING or (not rest and word in LINE_MAGICS - BINDING_BARE)
