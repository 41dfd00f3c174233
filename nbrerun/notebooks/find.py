"""Find the notebooks to check: files as given, folders recursively."""

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
    """List the notebooks at `paths`: files as given, folders recursively and sorted, each notebook once.

    Below a given folder, hidden files and folders (such as `.ipynb_checkpoints`) are left out. If jupytext is
    installed, a folder also yields text notebooks: files with a header of jupytext and no `.ipynb` file with the
    same cells.

    Args:
        paths: files and folders.
        excludes: whether to leave out a notebook that was found in a folder.

    Raises:
        UsageError: a path does not exist, or a folder contains no notebook.
    """
    # By the file that a symbolic link leads to, so that no notebook is checked twice.
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
        raise UsageError(f"{path} is not a regular file" if path.exists() else f"there is no file {path}")
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be read ({error.strerror})") from error


def _notebooks_in(folder: Path, excludes: Callable[[Path], bool]) -> list[Path]:
    files = sorted(_walk(folder))
    found = [path for path in files if path.suffix == _SUFFIX]
    if text.is_installed():
        found = sorted([*found, *_unpaired(files, found)])
    if not found:
        example = next(_unpaired(files, ()), None)
        hint = f"; install jupytext to check text notebooks such as {example}: pip install jupytext" if example else ""
        raise UsageError(f"there is no notebook (*.ipynb) in the folder {folder}{hint}")
    left = [path for path in found if not excludes(path)]
    if not left:
        raise UsageError(f"every notebook in the folder {folder} is excluded by its configuration")
    return left


def _unpaired(files: Iterable[Path], notebooks: Iterable[Path]) -> Iterator[Path]:
    """Yield the text notebooks, except for those whose cells are also in another file."""
    taken = {path.with_suffix("") for path in notebooks}
    names = {path.stem for path in notebooks}
    texts = [path for path in files if path.suffix in text.SUFFIXES]
    for path in sorted(texts, key=lambda path: text.SUFFIXES.index(path.suffix)):
        header = text.header_of(path)
        elsewhere = header.paired and path.stem in names
        if header.of_jupytext and path.with_suffix("") not in taken and not elsewhere:
            taken.add(path.with_suffix(""))
            yield path


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error  # os.walk skips folders that it cannot read, unless it is told otherwise

    for where, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # Hidden files belong to other programs: macOS stores attributes of `name.ipynb` in `._name.ipynb`.
        names = (name for name in files if name.endswith(_SUFFIXES) and not name.startswith("."))
        yield from (path for path in (Path(where, name) for name in names) if path.is_file())
