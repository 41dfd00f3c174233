"""Notebooks that are text (`.py`, `.md` ...), as jupytext writes them; the only module that uses jupytext.

What is a notebook is decided here, without jupytext: a program or a page of documentation is never run for want of
a better idea. How its cells are told apart is left to jupytext.
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
"""What a cell begins with, for a person and as a pattern."""

SUFFIXES = tuple(_CELLS)
"""Of files that may be notebooks as text; where several have one name, the first of them counts."""

_SCRIPT_HEADER = re.compile(
    r"\A(?:#!.*\n)?(?:#.*coding.*\n)?# ?---[ \t]*\n(?P<yaml>(?:(?!# ?---[ \t]*$)#.*\n?)*)(?P<end>#)?", re.M
)
_PAGE_HEADER = re.compile(r"\A(?:<!--\s*)?---[ \t]*\n(?P<yaml>(?:(?!---[ \t]*$).*\n)*)(?P<end>---)?", re.M)
_OF_JUPYTER = re.compile(r"^(?:# ?)?(?:jupyter[ \t]*:[ \t]*$|jupytext[ \t]*:)", re.M)
_OF_JUPYTEXT = re.compile(r"^(?:#[ \t]*|[ \t]+)?jupytext[ \t]*:", re.M)
_PAIRED = re.compile(r"^#?[ \t]*formats[ \t]*:.*ipynb", re.M)
_HEAD = 16_384
"""Characters in which a header has its say; jupytext's own are some hundred long."""

_WITH_MARKERS = ("percent", "hydrogen", "myst", "rmarkdown")
"""Formats of jupytext that need no header, since the cells are marked."""
_FOREIGN = ("pandoc", "quarto", "marimo")
"""Those that jupytext has other programs read."""

_PYTHON = re.compile(r"i?python\d?", re.I)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What nbformat takes for a cell id."""

_MARK = "#nbrerun-line-"
_MARKED = re.compile(rf" {_MARK}(\d+)$")


@dataclass(frozen=True)
class Header:
    """What the first lines of a file say."""

    of_jupytext: bool
    """It is a notebook beyond doubt."""
    paired: bool
    """An `.ipynb` file is to have the same cells, be it in another folder."""


def is_installed() -> bool:
    """Whether jupytext can be imported; it is not."""
    return importlib.util.find_spec("jupytext") is not None


def header_of(path: Path) -> Header:
    """Read the first lines of a file, no more; what cannot be read says nothing."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            head = file.read(_HEAD)
    except (OSError, UnicodeDecodeError):
        return Header(False, False)
    yaml = _header(head, path)[0]
    return Header(_OF_JUPYTEXT.search(yaml) is not None, _PAIRED.search(yaml) is not None)


def read(text: str, path: Path) -> dict[str, Any]:
    """Make of a text what a `.ipynb` file of nbformat 4 would hold.

    Raises:
        NotebookError: it is no notebook, jupytext is not installed or cannot read it, or it is not Python.
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
    # The markers may stand in quotes, which jupytext knows better.
    if not has_header and format_name not in _WITH_MARKERS:
        raise NotebookError(plain)
    _check_language(raw["metadata"], path)
    for index, cell in enumerate(raw["cells"]):
        _tidy(cell, f"{path}, cell {index}")
    return raw


def _header(text: str, path: Path) -> tuple[str, bool]:
    """The YAML at the top, in a script with its comment signs, and whether it has an end."""
    found = (_SCRIPT_HEADER if path.suffix == ".py" else _PAGE_HEADER).match(text)
    return (found["yaml"], found["end"] is not None) if found else ("", False)


def _jupytext(text: str, path: Path) -> tuple[str, dict[str, Any]]:
    """Have jupytext read it; its warnings are for those who write such files with it."""
    with warnings.catch_warnings():
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
        except Exception as error:  # of a damaged file, jupytext raises whatever it stumbles over
            raise NotebookError(f"{path} is a damaged jupytext notebook ({_why(error)})") from error
    raise NotebookError(f"{path} is a notebook for {format_name}, which nbrerun does not read")


def _why(error: Exception) -> str:
    # Errors of PyYAML say where on the next lines, as they count: from the beginning of the header.
    problem = getattr(error, "problem", None)
    said = f"its YAML: {problem}" if problem else str(error).strip().partition("\n")[0]
    key = [*getattr(error, "relative_path", ())][-1:]  # of nbformat's schema
    return ": ".join([*map(str, key), said or type(error).__name__])


def _check_language(metadata: Mapping[str, Any], path: Path) -> None:
    """Refuse other languages; where the header names a kernel, that one is asked for its language later on."""
    own = metadata.get("jupytext", {})
    language = own.get("default_lexer") or own.get("main_language") or "python"
    if "kernelspec" not in metadata and not _PYTHON.fullmatch(language):
        raise NotebookError(f"{path} is a notebook in {language}, and nbrerun reads Python kernels only")


def _tidy(cell: dict[str, Any], place: str) -> None:
    """Bring options of a cell to where an `.ipynb` file has them; ids that jupytext draws do not last."""
    cell.pop("id", None)
    metadata = cell["metadata"]
    lost = metadata.get("incorrectly_encoded_metadata", "")
    if "tags" in lost or "nbrerun" in lost:
        raise NotebookError(f'{place}: its options cannot be read: {lost}; tags are written tags=["a", "b"]')
    own = metadata.get("id")
    if isinstance(own, str) and _ID.fullmatch(own):
        cell["id"] = own


def lines(text: str, path: Path) -> list[tuple[int, int]]:
    """Say for each cell on which lines of the text its source stands, from 1; `(1, 1)` where that is not certain.

    Every line that a cell may begin with is marked, and jupytext reads the text once more: a mark that comes out
    at the beginning of a cell says which line this is. Identical cells are no trouble, and neither is what
    jupytext does to a line, since nothing is searched for.

    Raises:
        NotebookError: it is no notebook any more.
    """
    cells = _jupytext(text, path)[1]["cells"]
    written = text.split("\n")
    anchors = {_anchor(cell["source"])[1] for cell in cells if cell["cell_type"] == "code"} - {""}
    marked = _jupytext("\n".join(_marks(written, anchors)), path)[1]["cells"]
    if [cell["cell_type"] for cell in cells] != [cell["cell_type"] for cell in marked]:
        return []
    return [_span(cell, with_marks, written) for cell, with_marks in zip(cells, marked, strict=True)]


def _anchor(source: str) -> tuple[int, str]:
    """Choose the line by which a cell is found: one with a word in it, for a mark behind a fence would break that.

    A cell magic may be no line of the file: jupytext writes `language="bash"` for `%%bash`.
    """
    lines = list(enumerate(line.strip() for line in source.split("\n")))
    worded = [(number, line) for number, line in lines if re.search(r"\w", line)]
    plain = [(number, line) for number, line in worded if not line.startswith("%%")]
    return next(iter(plain or worded), (0, ""))


def _marks(written: Iterable[str], anchors: set[str]) -> Iterable[str]:
    for number, line in enumerate(written, 1):
        yield f"{line.rstrip()} {_MARK}{number}" if anchors & _forms(line) else line


def _forms(line: str) -> set[str]:
    """What a line of the file may be in a cell: jupytext hides magics, and cells for other programs, in comments."""
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
    """Count the lines that are the same, up to the last that is not blank; jupytext parts lines at form feeds, too."""
    same = takewhile(lambda pair: pair[0].strip() in _forms(pair[1]), zip(source, written, strict=False))
    return max((number for number, (line, _) in enumerate(same, 1) if line.strip()), default=0)
