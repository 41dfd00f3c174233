"""Find notebooks: files as given, folders recursively."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nbrerun.errors import UsageError
from nbrerun.notebooks import text

_SUFFIX = ".ipynb"
_SUFFIXES = (_SUFFIX, *text.SUFFIXES)


def find_notebooks(
    paths: Iterable[str | os.PathLike[str]], excludes: Callable[[Path], bool] = lambda path: False
) -> list[Path]:
    """List the notebooks that `paths` mean: files as given, folders recursively and sorted, each once.

    Hidden files and folders (`.ipynb_checkpoints` is one) below a given folder are left out, and so is what
    `excludes` says. Where jupytext is installed, a folder has notebooks that are text as well: those with a header of
    jupytext's, and no `.ipynb` file to go with them.

    Raises:
        UsageError: a path does not exist, or a folder holds no notebook.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        for notebook in _notebooks_of(path, excludes):
            found.setdefault(notebook.resolve(), notebook)
    return list(found.values())


def _notebooks_of(path: Path, excludes: Callable[[Path], bool]) -> list[Path]:
    try:
        if path.is_dir():
            return _notebooks_in(path, excludes)
        if path.is_file():
            return [path]
        raise UsageError(f"{path} is no regular file" if path.exists() else f"there is no file {path}")
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be read ({error.strerror})") from error


def _notebooks_in(folder: Path, excludes: Callable[[Path], bool]) -> list[Path]:
    files = sorted(_walk(folder))
    found = [path for path in files if path.suffix == _SUFFIX]
    if text.is_installed():
        found = sorted([*found, *_unpaired(files, found)])
    if not found:
        raise UsageError(f"there is no notebook (*.ipynb) in the folder {folder}{_hint(files)}")
    left = [path for path in found if not excludes(path)]
    if not left:
        raise UsageError(f"every notebook in the folder {folder} is excluded by its configuration")
    return left


def _unpaired(files: Iterable[Path], notebooks: Iterable[Path]) -> Iterator[Path]:
    """Give the notebooks that are text, but for those whose cells are in another file already."""
    taken = {path.with_suffix("") for path in notebooks}
    names = {path.stem for path in notebooks}
    texts = [path for path in files if path.suffix in text.SUFFIXES]
    for path in sorted(texts, key=lambda path: text.SUFFIXES.index(path.suffix)):
        header = text.header_of(path)
        elsewhere = header.paired and path.stem in names
        if header.of_jupytext and path.with_suffix("") not in taken and not elsewhere:
            taken.add(path.with_suffix(""))
            yield path


def _hint(files: Iterable[Path]) -> str:
    text = next(_unpaired(files, ()), None)
    return f"; install jupytext to check those that are text, such as {text}: pip install jupytext" if text else ""


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # A hidden file is a leftover of some other program: macOS puts `._name.ipynb` beside a file.
        names = (name for name in files if name.endswith(_SUFFIXES) and not name.startswith("."))
        yield from (path for path in (Path(where, name) for name in names) if path.is_file())


def _raise(error: OSError) -> None:
    raise error
