"""Write finished reports; the only module of the reporters that opens files."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from nbrerun.errors import UsageError


def check_target(target: str, inputs: Iterable[Path] = ()) -> None:
    """Make sure that a report can be written to `target`, without touching the file.

    Raises:
        UsageError: its folder does not exist or is not writable, or it is a folder or one of the `inputs`.
    """
    path = Path(target)
    try:
        if path.is_dir():
            raise UsageError(f"the output file {path} is a folder")
        if not path.parent.is_dir():
            raise UsageError(f"the folder of the output file {path} does not exist")
        if path.exists() and any(path.samefile(one) for one in inputs):
            raise UsageError(f"the output file {path} is one of the notebooks to check")
        places = [path]
        if path.is_file() or not path.exists():
            # `replace_file` writes a new file into the folder and moves it to its place.
            real = Path(os.path.realpath(path))
            places = [real.parent, real] if real.exists() else [real.parent]
        if not all(os.access(place, os.W_OK) for place in places):
            raise UsageError(f"the output file {path} cannot be written (permission denied)")
    except OSError as error:
        raise UsageError(f"the output file {target} cannot be written ({error.strerror})") from error


def write_file(target: str, render: Callable[[TextIO], None]) -> None:
    """Write a file atomically: it has all that `render` writes, or stays as it was.

    Raises:
        UsageError: the system refuses.
    """
    out = io.StringIO()
    render(out)
    try:
        replace_file(Path(target), out.getvalue())
    except OSError as error:
        raise UsageError(f"the report cannot be written to {target} ({error.strerror})") from error


def replace_file(path: Path, text: str) -> None:
    """Replace a file atomically; line endings are written as they are.

    Raises:
        OSError: the system refuses.
    """
    if path.exists() and not path.is_file():
        # A device or a pipe, such as `/dev/null`, is written to; replacing it would remove it.
        path.write_text(text, encoding="utf-8")
        return
    # The file that a symbolic link points to is replaced, so that the link stays.
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:  # including Ctrl-C: no half-written file may stay
        temporary.unlink(missing_ok=True)
        raise


def size(path: str) -> int:
    """Return the size of a file in bytes, 0 if it does not exist."""
    return os.path.getsize(path) if os.path.exists(path) else 0


def append(path: str, text: str) -> None:
    """Append to a file that other programs write to as well."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def write_stdout(render: Callable[[TextIO], None]) -> None:
    """Let `render` write to stdout; a reader that closes it early (`| head`) is not an error.

    Raises:
        UsageError: the system refuses, for example because the disk is full.
    """
    try:
        render(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout again at exit and would report the error there (docs.python.org, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise UsageError(f"the report cannot be written to stdout ({error.strerror})") from error
