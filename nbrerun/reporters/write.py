"""Bring a finished report to where it was asked for; the one place that opens files for writing."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from nbrerun.errors import UsageError


def check_target(target: str, inputs: Iterable[Path] = ()) -> None:
    """Make sure that a report can be written to `target`, without touching it.

    Raises:
        UsageError: its folder does not exist or is not writable, or it is a folder or one of the `inputs`.
    """
    try:
        _check(Path(target), inputs)
    except OSError as error:
        raise UsageError(f"the output file {target} cannot be written ({error.strerror})") from error


def _check(target: Path, inputs: Iterable[Path]) -> None:
    if target.is_dir():
        raise UsageError(f"the output file {target} is a folder")
    if not target.parent.is_dir():
        raise UsageError(f"the folder of the output file {target} does not exist")
    if target.exists() and any(target.samefile(one) for one in inputs):
        raise UsageError(f"the output file {target} is one of the notebooks to check")
    places = [target]
    if target.is_file() or not target.exists():
        # A file is written beside its place and then moved there.
        real = Path(os.path.realpath(target))
        places = [real.parent, real] if real.exists() else [real.parent]
    if not all(os.access(place, os.W_OK) for place in places):
        raise UsageError(f"the output file {target} cannot be written (permission denied)")


def write_file(target: str, render: Callable[[TextIO], None]) -> None:
    """Write what `render` writes: all of it, or nothing.

    Raises:
        UsageError: the system refuses.
    """
    out = io.StringIO()
    render(out)
    try:
        _replace(Path(target), out.getvalue())
    except OSError as error:
        raise UsageError(f"the report cannot be written to {target} ({error.strerror})") from error


def _replace(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():
        # A device or a pipe, `/dev/null` say: it is there to be written into, not to be replaced.
        path.write_text(text, encoding="utf-8")
        return
    # Through a link to what it points at, so that the link stays.
    path = Path(os.path.realpath(path))
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _removed_on_error(beside):
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)


def size(path: str) -> int:
    """Bytes in a file, 0 if there is none."""
    return os.path.getsize(path) if os.path.exists(path) else 0


def append(path: str, text: str) -> None:
    """Write at the end of a file that others write to as well."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


@contextlib.contextmanager
def _removed_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:  # Ctrl-C included: no half-written file stays, and the error goes on
        path.unlink(missing_ok=True)
        raise


def write_stdout(render: Callable[[TextIO], None]) -> None:
    """Let `render` write to stdout; that nobody reads to the end (`| head`) is no error.

    Raises:
        UsageError: the system refuses, a full disk for one.
    """
    try:
        render(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at exit, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise UsageError(f"the report cannot be written to stdout ({error.strerror})") from error
