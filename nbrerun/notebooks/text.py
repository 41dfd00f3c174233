"""Text notebooks (`.py`, `.md` ...) in the formats of jupytext; the only module that uses jupytext.

Whether a file is a notebook is decided here, without jupytext, which takes any script for one; splitting it into
cells is left to jupytext. See docs/decisions.md#text-notebooks.
"""

from __future__ import annotations

import importlib.util
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from nbrerun.errors import NotebookError

_CODE_CELL = "```{code-cell}"
_CELLS = {
    ".py": ("`# %%`", r"^# ?%%(?:\s|$)"),
    **dict.fromkeys(
        (".md", ".markdown", ".myst", ".mystnb", ".mnb"), (_CODE_CELL, r"^ {0,3}(?:```+|~~~+)\{code-cell\}")
    ),
    ".Rmd": ("```{python}", r"^```+\{python\b"),
}
"""What begins a cell, by suffix: as error messages show it, and as a pattern."""

SUFFIXES = tuple(_CELLS)
"""Suffixes of files that may be text notebooks; of several files with one stem the first suffix wins."""

_SCRIPT_HEADER = re.compile(
    r"\A(?:#!.*\n)?(?:#.*coding.*\n)?# ?---[ \t]*\n(?P<yaml>(?:(?!# ?---[ \t]*$)#.*\n?)*)(?P<end>#)?", re.M
)
_PAGE_HEADER = re.compile(r"\A(?:<!--\s*)?---[ \t]*\n(?P<yaml>(?:(?!---[ \t]*$).*\n)*)(?P<end>---)?", re.M)
_OF_JUPYTER = re.compile(r"^(?:# ?)?(?:jupyter[ \t]*:[ \t]*$|jupytext[ \t]*:)", re.M)
_OF_JUPYTEXT = re.compile(r"^(?:#[ \t]*|[ \t]+)?jupytext[ \t]*:", re.M)
_PAIRED = re.compile(r"^#?[ \t]*formats[ \t]*:.*ipynb", re.M)
_HEAD = 16_384
"""Characters that are searched for a header; those that jupytext writes have some hundred."""

_WITH_MARKERS = ("percent", "hydrogen", "myst", "rmarkdown")
"""Formats of jupytext that need no header, since their cells have markers."""
_FOREIGN = ("pandoc", "quarto", "marimo")
"""Formats that jupytext needs other programs for."""

_PYTHON = re.compile(r"i?python\d?", re.I)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Cell ids that nbformat accepts (JEP 62)."""

_MARK = "#nbrerun-line-"
_MARKED = re.compile(rf" {_MARK}(\d+)$")


@dataclass(frozen=True)
class Header:
    """The facts that the header of a file states."""

    of_jupytext: bool
    """It names jupytext, so the file is a notebook beyond doubt."""
    paired: bool
    """An `.ipynb` file with the same cells exists, possibly in another folder."""


def is_installed() -> bool:
    """Tell whether jupytext could be imported, without importing it."""
    return importlib.util.find_spec("jupytext") is not None


def header_of(path: Path) -> Header:
    """Read only the first lines of a file; a file that cannot be read has no header."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            head = file.read(_HEAD)
    except (OSError, UnicodeDecodeError):
        return Header(False, False)
    yaml = _header(head, path)[0]
    return Header(_OF_JUPYTEXT.search(yaml) is not None, _PAIRED.search(yaml) is not None)


def read(text: str, path: Path) -> dict[str, Any]:
    """Convert a text notebook to the JSON of an `.ipynb` file of nbformat 4.

    Raises:
        NotebookError: it is not a notebook or not in Python, or jupytext is not installed or cannot read it.
    """
    marker, pattern = _CELLS[path.suffix]
    yaml, ends = _header(text, path)
    has_header = _OF_JUPYTER.search(yaml) is not None
    if has_header and not ends:
        raise NotebookError(f"{path} is a damaged jupytext notebook (its header has no end, a line of `---`)")
    plain = f"{path} is not a notebook: it has no header of Jupyter and no cells that begin with {marker}"
    if not has_header and not re.search(pattern, text, re.M):
        raise NotebookError(plain)
    format_name, raw = _jupytext(text, path)
    # What looks like a marker may be part of a string; jupytext tells the difference.
    if not has_header and format_name not in _WITH_MARKERS:
        raise NotebookError(plain)
    # If the header names a kernel, that kernel is asked for its language later.
    own = raw["metadata"].get("jupytext", {})
    language = own.get("default_lexer") or own.get("main_language") or "python"
    if "kernelspec" not in raw["metadata"] and not _PYTHON.fullmatch(language):
        raise NotebookError(f"{path} is a notebook in {language}, and nbrerun reads Python kernels only")
    for index, cell in enumerate(raw["cells"]):
        _tidy(cell, f"{path}, cell {index}")
    return raw


def _header(text: str, path: Path) -> tuple[str, bool]:
    """Return the YAML at the top (in a script with its comment signs), and whether it has an end."""
    found = (_SCRIPT_HEADER if path.suffix == ".py" else _PAGE_HEADER).match(text)
    return (found["yaml"], found["end"] is not None) if found else ("", False)


def _jupytext(text: str, path: Path) -> tuple[str, dict[str, Any]]:
    """Convert with jupytext, and return its name for the format and the notebook."""
    with warnings.catch_warnings():
        # They concern users who write such files with jupytext.
        warnings.simplefilter("ignore")
        try:
            import jupytext  # type: ignore[import-untyped]  # it has no annotations
        except ImportError as error:
            how = "install jupytext to check it: pip install jupytext"
            raise NotebookError(f"{path} is a jupytext notebook; {how}") from error
        try:
            format_name = str(jupytext.guess_format(text, path.suffix)[0])
            if format_name not in _FOREIGN:
                node = jupytext.reads(text, fmt={"extension": path.suffix})
                # The header may hold what YAML knows and JSON does not, such as a date.
                return format_name, json.loads(json.dumps(node, default=str))
        except Exception as error:  # for a damaged file jupytext raises any of the errors of its parsers
            raise NotebookError(f"{path} is a damaged jupytext notebook ({_why(error)})") from error
    raise NotebookError(f"{path} is a notebook for {format_name}, which nbrerun does not read")


def _why(error: Exception) -> str:
    # Further lines of PyYAML's message give a position within the header, which is not one in the file.
    problem = getattr(error, "problem", None)
    said = f"its YAML: {problem}" if problem else str(error).strip().partition("\n")[0]
    key = [*getattr(error, "relative_path", ())][-1:]  # of a violation of nbformat's schema
    return ": ".join([*map(str, key), said or type(error).__name__])


def _tidy(cell: dict[str, Any], place: str) -> None:
    """Move the options of a cell to where an `.ipynb` file has them."""
    cell.pop("id", None)  # jupytext generates a random id on every reading
    metadata = cell["metadata"]
    lost = metadata.get("incorrectly_encoded_metadata", "")
    if "tags" in lost or "nbrerun" in lost:
        raise NotebookError(f'{place}: its options cannot be read: {lost}; tags are written tags=["a", "b"]')
    own = metadata.get("id")
    if isinstance(own, str) and _ID.fullmatch(own):
        cell["id"] = own


def lines(text: str, path: Path) -> list[tuple[int, int]]:
    """Find the first and last line of each cell's source in the text, from 1; `(1, 1)` if they are uncertain.

    jupytext does not report lines, so every line that may begin a cell gets a mark with its number, and jupytext reads
    the text again: the mark at the beginning of a cell is its line. See docs/decisions.md#text-notebooks.

    Raises:
        NotebookError: it is no longer a notebook.
    """
    cells = _jupytext(text, path)[1]["cells"]
    written = text.split("\n")
    anchors = {_anchor(cell["source"])[1] for cell in cells if cell["cell_type"] == "code"} - {""}
    with_marks = (
        f"{line.rstrip()} {_MARK}{number}" if anchors & _forms(line) else line for number, line in enumerate(written, 1)
    )
    marked = _jupytext("\n".join(with_marks), path)[1]["cells"]
    if [cell["cell_type"] for cell in cells] != [cell["cell_type"] for cell in marked]:
        return []
    return [_span(cell, marked_cell, written) for cell, marked_cell in zip(cells, marked, strict=True)]


def _anchor(source: str) -> tuple[int, str]:
    """Choose the line by which a cell is found, and return its position in the source and its text.

    It has a word in it, since a mark would break a fence. It is not a cell magic if there is another line: jupytext
    writes `language="bash"` instead of `%%bash`.
    """
    lines = list(enumerate(line.strip() for line in source.split("\n")))
    worded = [(number, line) for number, line in lines if re.search(r"\w", line)]
    plain = [(number, line) for number, line in worded if not line.startswith("%%")]
    return next(iter(plain or worded), (0, ""))


def _forms(line: str) -> set[str]:
    """List what a line of the file may be in a cell: jupytext writes magics as comments."""
    bare = line.strip()
    return {bare, bare.removeprefix("#").strip()}


def _span(cell: Mapping[str, Any], marked: Mapping[str, Any], written: Sequence[str]) -> tuple[int, int]:
    source = cell["source"].split("\n")
    at, _ = _anchor(cell["source"])
    found = _MARKED.search("".join(marked["source"].split("\n")[at : at + 1]))
    if cell["cell_type"] != "code" or not found:
        return 1, 1
    line = int(found[1])
    above = written[max(line - 1 - at, 0) : line - 1]
    return line - _reach(source[:at][::-1], above[::-1]), line + _reach(source[at + 1 :], written[line:])


def _reach(source: Iterable[str], written: Iterable[str]) -> int:
    """Count how many leading lines agree, up to the last one that is not blank."""
    # Not strict: jupytext splits lines at form feeds as well, so one side may have more.
    same = takewhile(lambda pair: pair[0].strip() in _forms(pair[1]), zip(source, written, strict=False))
    return max((number for number, (line, _) in enumerate(same, 1) if line.strip()), default=0)
