"""The folder that a server was started for: no notebook outside of it is run."""

from __future__ import annotations

from pathlib import Path

from nbrerun.errors import UsageError


def notebook_in(folder: Path, name: str) -> Path:
    """Return the path of a notebook relative to the folder, with all symbolic links followed.

    A check of the path that is returned runs the very file that was looked at, whatever links and `..` the name had.

    Args:
        folder: resolved.
        name: a path, relative to the folder or absolute.

    Raises:
        UsageError: the path leads out of the folder, or is not that of a file.
    """
    try:
        path = (folder / name).resolve()
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or a name that no file can have
        raise UsageError(f"{name!r} is not the path of a notebook") from error
    if not path.is_relative_to(folder):
        raise UsageError(f"{name!r} leads out of the folder of this server, which runs only notebooks below {folder}")
    if not is_file:
        raise UsageError(f"there is no notebook {name!r} in the folder of this server, {folder}")
    return path.relative_to(folder)
